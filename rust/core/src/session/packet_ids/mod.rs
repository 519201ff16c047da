//! Which acknowledgement belongs to which operation.
//!
//! The module chooses the packet ids and reports them only in its acknowledgements. It counts SUB,
//! UNSUB and PUB in one row, from 1 after each `AT+MQTTCFG`; the vendor's own client counts QoS 0
//! publishes too, others may not. So until it is acknowledged, a command has a range of ids: from
//! the last acknowledgement whose owner was certain, everything sent since either took an id, or
//! may have. Whether QoS 0 publishes count is [learned](habit) from what the acknowledgements say.
//!
//! Where two publishes could own an acknowledgement it is the older one's, for a module and a broker
//! keep their order on a connection. It completes that publish only if it was accepted on this very
//! connection: better sent twice than reported and lost.

mod ack_order;
mod gap;
mod habit;
mod matching;
mod row;
mod sending;
mod unreleased;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::profile::AckOrder;
use m531x_at::urc::AckNumbers;

use self::ack_order::AckNumberOrder;
use self::gap::Gap;
use self::habit::Habit;
use self::sending::{Sending, Wait};
use self::unreleased::Unreleased;
use super::request::OperationId;

/// How long the id of an operation that has ended is remembered.
const MEMORY: Duration = Duration::from_secs(300);
/// So many sendings are remembered, and those that still wait.
const MOST_REMEMBERED: usize = 256;
/// So many acknowledgements in a row that nothing explains show that the count is wrong.
const MOST_STRANGERS: u32 = 2;

/// What an acknowledgement is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckKind {
    Subscribe,
    Unsubscribe,
    /// QoS 0: none, but it may take a packet id.
    Publish0,
    /// QoS 1: PUBACK.
    Publish1,
    /// QoS 2: PUBREC, PUBREL and PUBCOMP.
    Publish2,
}

impl AckKind {
    fn is_publish(self) -> bool {
        matches!(self, Self::Publish1 | Self::Publish2)
    }
}

/// Whose an acknowledgement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Operation {
        operation: OperationId,
        packet_id: u16,
    },
    /// This one, but the broker may have taken its publish for a copy of another one.
    MaybeHidden {
        operation: OperationId,
    },
    /// An operation that has already failed or is not awaited any more, or one of several that are.
    Expired,
    Nobody,
}

/// An acknowledgement, as far as it can be read.
#[derive(Clone, Copy)]
struct Ack<'a> {
    kind: AckKind,
    id: u16,
    filter: Option<&'a str>,
    /// PUBREC and PUBREL are half of the way.
    completes: bool,
}

impl Ack<'_> {
    /// Whether this sending is acknowledged like that at all.
    fn suits(&self, sending: &Sending) -> bool {
        sending.kind == self.kind && sending.is_for(self.filter)
    }
}

/// A command that is about to be sent.
#[derive(Debug)]
struct Unsent {
    operation: OperationId,
    kind: AckKind,
    filter: Option<String>,
    typed: bool,
}

/// The commands that wait for an acknowledgement of the broker.
#[derive(Debug)]
pub(super) struct PacketIds {
    /// What the next command of an operation will be acknowledged as.
    unsent: Vec<Unsent>,
    /// In the order of sending.
    row: VecDeque<Sending>,
    /// What was sent behind the last of the row.
    trailing: Gap,
    /// The QoS 0 publish that was sent last, as long as nothing is known of it.
    zero: Option<OperationId>,
    /// The id before that of the first sending of the row.
    base: u16,
    /// Whether an acknowledgement has confirmed the count since it began.
    confirmed: bool,
    /// How many acknowledgements in a row nothing explains.
    strangers: u32,
    /// Counts the connections.
    connection: u64,
    habit: Habit,
    order: AckNumberOrder,
    unreleased: Unreleased,
}

impl PacketIds {
    pub(super) fn new(profile_order: AckOrder) -> Self {
        Self {
            unsent: Vec::new(),
            row: VecDeque::new(),
            trailing: Gap::default(),
            zero: None,
            base: 0,
            confirmed: false,
            strangers: 0,
            connection: 0,
            habit: Habit::default(),
            order: AckNumberOrder::new(profile_order),
            unreleased: Unreleased::default(),
        }
    }

    pub(super) fn set_profile_order(&mut self, order: AckOrder) {
        self.order.set_profile(order);
    }

    /// The module starts to count anew: after `AT+MQTTCFG` and after a reboot.
    pub(super) fn restart(&mut self) {
        self.unsent.clear();
        self.forget_all();
        self.base = 0;
        self.confirmed = false;
        self.strangers = 0;
    }

    /// The broker has begun a new session.
    pub(super) fn new_session(&mut self) {
        self.unreleased.clear();
    }

    /// The connection has changed: what was sent before may have gone with the last one.
    pub(super) fn connection_changed(&mut self) {
        self.connection += 1;
    }

    /// How many publishes of QoS 2 the broker may hold until PUBREL, and how many of them still wait
    /// for their acknowledgements.
    pub(super) fn unreleased(&self) -> (usize, usize) {
        let row = self.row.iter().filter(|s| s.is_unreleased());
        let (all, waiting) = row.fold((0, 0), |(all, waiting), sending| {
            (all + 1, waiting + usize::from(sending.is_waiting()))
        });
        (self.unreleased.publishes() + all, waiting)
    }

    /// The packet id that the next command is expected to get.
    pub(super) fn next_id(&self) -> u16 {
        row::next_id(self.base, self.row.iter(), &self.trailing, self.zeros()[0])
    }

    /// Whether QoS 0 publishes take packet ids, once that is known.
    pub(super) fn qos0_takes_id(&self) -> Option<bool> {
        self.habit.takes_ids()
    }

    /// The module counts on from this id, and is known to count QoS 0 publishes or not.
    pub(super) fn restart_at(&mut self, next_id: u16, qos0_takes_id: Option<bool>) {
        self.restart();
        self.base = next_id.wrapping_sub(1);
        self.habit = Habit::of(qos0_takes_id);
    }

    /// The next command of this operation takes a packet id, or may.
    pub(super) fn register(&mut self, operation: OperationId, kind: AckKind, filter: Option<&str>) {
        self.unsent.push(Unsent {
            operation,
            kind,
            filter: filter.map(str::to_owned),
            typed: false,
        });
    }

    /// The next command of this operation is one that the user has typed.
    pub(super) fn register_typed(&mut self, operation: OperationId, kind: AckKind) {
        self.unsent.push(Unsent {
            operation,
            kind,
            filter: None,
            typed: true,
        });
    }

    /// A command of this operation is being sent; within `wait` the module acknowledges it, or says
    /// that it cannot.
    pub(super) fn sent(&mut self, now: Instant, operation: OperationId, wait: Duration) {
        let Some(index) = self.unsent.iter().position(|u| u.operation == operation) else {
            return;
        };
        let Unsent {
            kind,
            filter,
            typed,
            ..
        } = self.unsent.swap_remove(index);
        if kind == AckKind::Publish0 {
            self.trailing.unsure_zeros += 1;
            self.zero = Some(operation);
            return;
        }
        self.zero = None;
        self.forget(now);
        self.row.push_back(Sending {
            operation,
            kind,
            filter,
            typed,
            connection: self.connection,
            before: std::mem::take(&mut self.trailing),
            wait: Wait::Waiting,
            accepted: false,
            doubtful_from: now + wait,
            packet_id: None,
            certain: false,
            maybe_hidden: false,
        });
    }

    /// The module has answered the command with OK, so it has counted it.
    pub(super) fn was_read(&mut self, operation: OperationId) {
        if self.zero == Some(operation) {
            self.zero = None;
            self.trailing.unsure_zeros -= 1;
            self.trailing.zeros += 1;
        } else if let Some(sending) = self.last(operation).map(|index| &mut self.row[index]) {
            sending.accepted = true;
        }
    }

    /// The module refused the command: it has taken no id, and nothing will be acknowledged.
    pub(super) fn withdraw(&mut self, operation: OperationId) {
        if self.zero == Some(operation) {
            self.zero = None;
            self.trailing.unsure_zeros -= 1;
        } else if let Some(gone) = self
            .last(operation)
            .filter(|index| !self.row[*index].is_counted())
            .and_then(|index| Some((index, self.row.remove(index)?)))
        {
            self.gap_before(gone.0).add(&gone.1.before);
        }
    }

    /// The operation has ended without its acknowledgement, which may still come.
    pub(super) fn expire(&mut self, now: Instant, operation: OperationId, reported: bool) {
        self.unsent.retain(|u| u.operation != operation);
        if let Some(index) = self.waiting(operation) {
            let until = now + MEMORY;
            self.row[index].wait = Wait::GivenUp { until, reported };
        }
    }

    /// Whose these two numbers are; `completes` ends the wait.
    pub(super) fn on_numbers(
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
    pub(super) fn on_packet_id(
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
    pub(super) fn on_timeout(&mut self, now: Instant, kinds: &[AckKind]) -> Owner {
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
            return Owner::Nobody;
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
            return Owner::Nobody;
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
            _ if typed => return Owner::Nobody,
            _ => return Owner::Expired,
        }
        if typed {
            return Owner::Nobody;
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

    /// Forgets all that was sent, but for what the broker may still hold of it.
    fn forget_all(&mut self) {
        for (sending, ids) in row::possible(self.base, self.row.iter()) {
            if sending.is_unreleased() {
                self.unreleased.insert(&ids);
            }
        }
        self.row.clear();
        self.trailing = Gap::default();
        self.zero = None;
    }

    /// The last sending of this operation, whether it waits or not.
    fn last(&self, operation: OperationId) -> Option<usize> {
        self.row.iter().rposition(|s| s.operation == operation)
    }

    /// The sending of this operation that waits, which is always its last.
    fn waiting(&self, operation: OperationId) -> Option<usize> {
        self.row
            .iter()
            .rposition(|s| s.is_waiting() && s.operation == operation)
    }

    /// What stands before the sending at this place, or behind all of them.
    fn gap_before(&mut self, index: usize) -> &mut Gap {
        match self.row.get_mut(index) {
            Some(sending) => &mut sending.before,
            None => &mut self.trailing,
        }
    }

    /// Forgets what is over, oldest first.
    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.row.front() {
            let many = self.row.len() >= MOST_REMEMBERED;
            if oldest.is_waiting() || (oldest.is_remembered(now) && !many) {
                break;
            }
            let held = row::possible(self.base, self.row.iter().take(1))
                .next()
                .filter(|(sending, _)| sending.is_unreleased());
            if let Some((_, ids)) = held {
                self.unreleased.insert(&ids);
            }
            let Some(oldest) = self.row.pop_front() else {
                break;
            };
            if let Some(id) = oldest.certain_id() {
                self.base = id;
            } else {
                self.gap_before(0).add(&oldest.as_gap());
            }
        }
    }
}

#[cfg(test)]
mod tests;
