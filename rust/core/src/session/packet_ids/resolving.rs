//! Whose an acknowledgement is, and what follows from it.

use std::time::Instant;

use m531x_at::urc::AckNumbers;

use super::sending::{Sending, Wait};
use super::{Ack, AckKind, MEMORY, Owner, PacketIds};

/// So many acknowledgements in a row that nothing explains show that the count is wrong.
const MOST_STRANGERS: u32 = 2;

impl PacketIds {
    /// Whose these two numbers are; `completes` ends the wait.
    pub(in crate::session) fn on_numbers(
        &mut self,
        now: Instant,
        kind: AckKind,
        numbers: AckNumbers,
        completes: bool,
    ) -> Owner {
        let ack = |id| Ack {
            kind,
            id,
            filter: None,
            completes,
        };
        let awaited = |id| !self.explained_by(now, ack(id)).is_empty();
        let id = self.order.packet_id(numbers, awaited);
        self.order.learn(numbers, id);
        let owner = self.resolve(now, ack(id));
        if completes && kind == AckKind::Publish2 {
            self.unreleased.release(id);
        }
        owner
    }

    /// Whose an acknowledgement with a definite id, and perhaps the filter, is.
    pub(in crate::session) fn on_packet_id(
        &mut self,
        now: Instant,
        kind: AckKind,
        id: u16,
        filter: Option<&str>,
    ) -> Owner {
        self.resolve(
            now,
            Ack {
                kind,
                id,
                filter,
                completes: true,
            },
        )
    }

    /// The module reports that an acknowledgement of one of these kinds is late: the oldest one's.
    pub(in crate::session) fn on_timeout(&mut self, now: Instant, kinds: &[AckKind]) -> Owner {
        // An operation whose own time ran out first is older than all that still wait.
        for sending in self.row.iter_mut().filter(|s| kinds.contains(&s.kind)) {
            let doubtful = sending.is_doubtful(now);
            if let Wait::GivenUp { until, reported } = &mut sending.wait {
                if *until > now && !*reported && !doubtful {
                    *reported = true;
                    return Owner::Expired;
                }
            }
        }
        let waits = |s: &&Sending| s.is_waiting() && kinds.contains(&s.kind);
        let Some(oldest) = self.row.iter().find(waits) else {
            return Owner::Unknown;
        };
        let (operation, packet_id) = (oldest.operation, oldest.packet_id.unwrap_or_default());
        self.expire(now, operation, true);
        Owner::Operation {
            operation,
            packet_id,
        }
    }

    fn resolve(&mut self, now: Instant, mut ack: Ack<'_>) -> Owner {
        self.weigh(now, ack);
        let mut candidates = self.explained_by(now, ack);
        while candidates.is_empty() {
            let Some(other) = self.trade(now, ack) else {
                break;
            };
            // The sending whose this is had got another's.
            ack.id = other;
            candidates = self.explained_by(now, ack);
        }
        if candidates.is_empty() && (ack.filter.is_some() || self.is_out_of_step(now, ack)) {
            candidates.extend(self.first_in_turn(now, ack));
        }
        let Some(&first) = candidates.first() else {
            self.resume_behind(ack.id);
            return Owner::Unknown;
        };
        self.strangers = 0;
        if ack.kind == AckKind::Publish2 {
            for &candidate in &candidates {
                let sending = &mut self.row[candidate];
                sending.maybe_hidden |= self.unreleased.may_hide(ack.id);
            }
        }
        let operation = self.row[first].operation;
        if let [only] = candidates[..] {
            let certain = !self.is_contested(now, ack, only);
            self.confirmed |= certain;
            return self.give(now, only, ack, certain);
        }
        if candidates
            .iter()
            .all(|c| self.row[*c].operation == operation)
        {
            // Whichever of its sendings it was, what the broker has is this operation's. The last
            // one of them waits.
            let last = candidates.last().copied().unwrap_or(first);
            return self.give(now, last, ack, false);
        }
        let sending = &self.row[first];
        let reached = sending.accepted && sending.connection == self.connection;
        if sending.is_waiting() && !reached {
            // It may be the younger one's, and then the older one may be nowhere.
            return Owner::Expired;
        }
        self.give(now, first, ack, false)
    }

    /// The acknowledgement is this sending's.
    fn give(&mut self, now: Instant, index: usize, ack: Ack<'_>, certain: bool) -> Owner {
        let operation = self.row[index].operation;
        let newest = self.waiting(operation);
        let sending = &mut self.row[index];
        let repeated = matches!(sending.wait, Wait::Acknowledged { .. });
        sending.packet_id = Some(ack.id);
        sending.certain |= certain;
        let typed = sending.typed;
        let maybe_hidden = sending.maybe_hidden;
        if repeated {
            return Owner::Expired;
        }
        let until = now + MEMORY;
        if ack.completes {
            sending.wait = Wait::Acknowledged { until };
        }
        match newest {
            Some(newest) if maybe_hidden && ack.completes && newest == index && !typed => {
                return Owner::MaybeHidden { operation };
            }
            _ if maybe_hidden && ack.completes && !typed => return Owner::Expired,
            Some(newest) if newest == index => {}
            // It was sent again meanwhile: what acknowledges the one acknowledges the other. Of
            // filters this is not so, for something may have stood between the two.
            Some(newest) if ack.completes && ack.kind.is_publish() => {
                let reported = false;
                self.row[newest].wait = Wait::GivenUp { until, reported };
            }
            _ if typed => return Owner::Unknown,
            _ => return Owner::Expired,
        }
        if typed {
            return Owner::Unknown;
        }
        Owner::Operation {
            operation,
            packet_id: ack.id,
        }
    }

    /// Whether the count cannot be right: it has never been confirmed, or several acknowledgements in
    /// a row belong to no sending.
    fn is_out_of_step(&mut self, now: Instant, ack: Ack<'_>) -> bool {
        if !self.confirmed {
            return true;
        }
        self.strangers += u32::from(self.first_in_turn(now, ack).is_some());
        self.strangers >= MOST_STRANGERS
    }

    /// A command the user typed, perhaps: the counter has gone on without us.
    fn resume_behind(&mut self, id: u16) {
        if id == 0 || self.row.iter().any(Sending::is_waiting) {
            return;
        }
        self.forget_all();
        self.base = id;
        self.confirmed = true;
    }
}
