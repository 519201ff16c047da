//! Which acknowledgement belongs to which operation.
//!
//! The module chooses the packet ids and tells them only in its acknowledgements. Ids are predicted
//! with the module's own rule, one counter for SUB, UNSUB and PUB from 1 after each `AT+MQTTCFG`, and
//! the prediction is corrected by every acknowledgement.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::profile::AckOrder;
use m531x_at::urc::AckNumbers;

use super::number_order::NumberOrder;
use super::request::OperationId;

/// How long the id of an operation that has failed is remembered.
const MEMORY: Duration = Duration::from_secs(300);
const MOST_EXPIRED: usize = 256;

/// What an acknowledgement is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckKind {
    Subscribe,
    Unsubscribe,
    /// QoS 1: PUBACK.
    Publish1,
    /// QoS 2: PUBREC, PUBREL and PUBCOMP.
    Publish2,
}

/// Whose an acknowledgement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Operation {
        operation: OperationId,
        packet_id: u16,
    },
    /// An operation that has already failed or is not awaited any more.
    Expired,
    Nobody,
}

#[derive(Debug)]
struct Outstanding {
    operation: OperationId,
    /// In which order it was sent.
    place: u64,
    kind: AckKind,
    filter: Option<String>,
    /// Predicted when the command is sent.
    packet_id: u16,
    /// `None` once the module has said that it has read the command.
    doubtful_from: Option<Instant>,
    /// Whether an acknowledgement has confirmed the predicted id.
    confirmed: bool,
}

#[derive(Debug)]
struct Expired {
    operation: OperationId,
    place: u64,
    kind: AckKind,
    filter: Option<String>,
    packet_id: u16,
    /// Without a word of it by then, the module has probably never read the command, and then its
    /// id is the next one's.
    doubtful_from: Option<Instant>,
    until: Instant,
    /// The module itself has reported that the acknowledgement is late.
    reported: bool,
}

impl Expired {
    fn is_doubtful(&self, now: Instant) -> bool {
        !self.reported && self.doubtful_from.is_some_and(|from| from <= now)
    }
}

/// The operations that wait for an acknowledgement of the broker.
#[derive(Debug)]
pub(super) struct Acks {
    /// What the next command of an operation will be acknowledged as, and for which filter.
    unsent: Vec<(OperationId, AckKind, Option<String>)>,
    outstanding: VecDeque<Outstanding>,
    expired: VecDeque<Expired>,
    next_id: u16,
    next_place: u64,
    /// Whether an acknowledgement has confirmed the counter since the last `AT+MQTTCFG`.
    in_step: bool,
    /// Of the commands that are acknowledged, the place and the id of the one sent last.
    newest: Option<(u64, u16)>,
    order: NumberOrder,
}

impl Acks {
    pub(super) fn new(profile_order: AckOrder) -> Self {
        Self {
            unsent: Vec::new(),
            outstanding: VecDeque::new(),
            expired: VecDeque::new(),
            next_id: 1,
            next_place: 0,
            in_step: false,
            newest: None,
            order: NumberOrder::new(profile_order),
        }
    }

    pub(super) fn set_profile_order(&mut self, order: AckOrder) {
        self.order.set_profile(order);
    }

    /// The module starts to count anew: after `AT+MQTTCFG` and after a reboot.
    pub(super) fn restart(&mut self) {
        self.unsent.clear();
        self.outstanding.clear();
        self.expired.clear();
        self.next_id = 1;
        self.in_step = false;
        self.newest = None;
    }

    /// The packet id that the next command is expected to get.
    pub(super) fn next_id(&self) -> u16 {
        self.next_id
    }

    /// The module counts on from this id.
    pub(super) fn restart_at(&mut self, next_id: u16) {
        self.restart();
        self.next_id = next_id;
    }

    /// The next command of this operation will be acknowledged.
    pub(super) fn register(&mut self, operation: OperationId, kind: AckKind, filter: Option<&str>) {
        let filter = filter.map(str::to_owned);
        self.unsent.push((operation, kind, filter));
    }

    /// A command of this operation is being sent; within `wait` the module acknowledges it, or says
    /// that it cannot.
    pub(super) fn sent(&mut self, now: Instant, operation: OperationId, wait: Duration) {
        let Some(index) = self.unsent.iter().position(|(of, ..)| *of == operation) else {
            return;
        };
        let (_, kind, filter) = self.unsent.swap_remove(index);
        let packet_id = self.next_id;
        self.next_id = shifted(packet_id, 1);
        self.next_place += 1;
        self.outstanding.push_back(Outstanding {
            operation,
            place: self.next_place,
            kind,
            filter,
            packet_id,
            doubtful_from: Some(now + wait),
            confirmed: false,
        });
    }

    /// The module has answered the command with OK, so it has counted it.
    pub(super) fn was_read(&mut self, operation: OperationId) {
        let mut outstanding = self.outstanding.iter_mut();
        if let Some(sent) = outstanding.find(|o| o.operation == operation) {
            sent.doubtful_from = None;
        }
    }

    /// The module refused the command: nothing will be acknowledged.
    pub(super) fn withdraw(&mut self, operation: OperationId) {
        let last = self
            .outstanding
            .back()
            .is_some_and(|o| o.operation == operation);
        let before = self.outstanding.len();
        self.outstanding.retain(|o| o.operation != operation);
        if last && before > self.outstanding.len() {
            self.next_id = shifted(self.next_id, -1);
        }
    }

    /// The operation has ended without its acknowledgement, which may still come.
    pub(super) fn expire(&mut self, now: Instant, operation: OperationId, reported: bool) {
        self.unsent.retain(|(of, ..)| *of != operation);
        let Some(index) = self
            .outstanding
            .iter()
            .position(|o| o.operation == operation)
        else {
            return;
        };
        let Some(gone) = self.outstanding.remove(index) else {
            return;
        };
        self.expired.retain(|e| e.until > now);
        if self.expired.len() == MOST_EXPIRED {
            self.expired.pop_front();
        }
        self.expired.push_back(Expired {
            operation,
            place: gone.place,
            kind: gone.kind,
            filter: gone.filter,
            packet_id: gone.packet_id,
            doubtful_from: gone.doubtful_from.filter(|_| !gone.confirmed),
            until: now + MEMORY,
            reported,
        });
    }

    /// Whose these two numbers are; `complete` ends the wait.
    pub(super) fn on_numbers(
        &mut self,
        now: Instant,
        kind: AckKind,
        numbers: AckNumbers,
        complete: bool,
    ) -> Owner {
        let id = self
            .order
            .packet_id(numbers, |id| self.knows(now, kind, id));
        self.order.learn(numbers, id);
        self.resolve(now, kind, id, None, complete)
    }

    /// Whose an acknowledgement with a definite id, and perhaps the filter, is.
    pub(super) fn on_packet_id(
        &mut self,
        now: Instant,
        kind: AckKind,
        packet_id: u16,
        filter: Option<&str>,
    ) -> Owner {
        self.resolve(now, kind, packet_id, filter, true)
    }

    /// The module reports that an acknowledgement of one of these kinds is late: the oldest one's.
    pub(super) fn on_timeout(&mut self, now: Instant, kinds: &[AckKind]) -> Owner {
        // An operation whose own time ran out first is older than whatever still waits.
        let forgotten = self.expired.iter_mut().find(|e| {
            e.until > now && !e.reported && !e.is_doubtful(now) && kinds.contains(&e.kind)
        });
        if let Some(expired) = forgotten {
            expired.reported = true;
            return Owner::Expired;
        }
        let oldest = self.outstanding.iter().find(|o| kinds.contains(&o.kind));
        let Some((operation, packet_id)) = oldest.map(|o| (o.operation, o.packet_id)) else {
            return Owner::Nobody;
        };
        self.expire(now, operation, true);
        Owner::Operation {
            operation,
            packet_id,
        }
    }

    /// Whether an acknowledgement with this id is awaited, or may still come.
    fn knows(&self, now: Instant, kind: AckKind, id: u16) -> bool {
        let mut outstanding = self.outstanding.iter();
        let mut expired = self.expired.iter();
        outstanding.any(|o| o.kind == kind && o.packet_id == id)
            || expired.any(|e| e.kind == kind && e.packet_id == id && e.until > now)
    }

    fn resolve(
        &mut self,
        now: Instant,
        kind: AckKind,
        packet_id: u16,
        filter: Option<&str>,
        complete: bool,
    ) -> Owner {
        let same_filter = |of: &Option<String>| match (filter, of) {
            (Some(told), Some(of)) => told == of,
            _ => true,
        };
        let by_id = self
            .outstanding
            .iter()
            .position(|o| o.kind == kind && o.packet_id == packet_id && same_filter(&o.filter));
        let waits = |o: &&Outstanding| o.kind == kind && same_filter(&o.filter);
        let someone_waits = self.outstanding.iter().any(|o| waits(&o));
        let late = || {
            self.expired.iter().position(|e| {
                e.kind == kind
                    && e.packet_id == packet_id
                    && e.until > now
                    && same_filter(&e.filter)
                    && !(e.is_doubtful(now) && someone_waits)
            })
        };
        let index = if let Some(index) = by_id {
            self.settle_before(self.outstanding[index].place);
            index
        } else if let Some(index) = late() {
            let of = self.expired[index].operation;
            self.correct(self.expired[index].packet_id, packet_id);
            let is_publish = matches!(kind, AckKind::Publish1 | AckKind::Publish2);
            let mut waiting = self.outstanding.iter().filter(waits);
            if complete && is_publish && waiting.any(|o| o.operation == of) {
                // It was sent again meanwhile: what acknowledges the one acknowledges the other. Of
                // filters this is not so, for something may have stood between the two.
                self.expired.remove(index);
                self.expire(now, of, false);
                return Owner::Operation {
                    operation: of,
                    packet_id,
                };
            }
            return Owner::Expired;
        } else if let Some(index) = self.oldest_expired_guess(now, kind, &same_filter) {
            self.correct(self.expired[index].packet_id, packet_id);
            return Owner::Expired;
        } else if let Some(index) = self.outstanding.iter().position(|o| {
            o.kind == kind
                && !o.confirmed
                && same_filter(&o.filter)
                // A filter says more than a number.
                && (filter.is_some() || self.fits(o.place, packet_id))
        }) {
            index
        } else {
            // A command the user typed, perhaps: the counter has gone on without us.
            if self.outstanding.is_empty() && packet_id != 0 {
                self.next_id = shifted(packet_id, 1);
                self.in_step = true;
            }
            return Owner::Nobody;
        };
        let predicted = self.outstanding[index].packet_id;
        self.correct(predicted, packet_id);
        let entry = &mut self.outstanding[index];
        entry.confirmed = true;
        entry.packet_id = packet_id;
        let (operation, place) = (entry.operation, entry.place);
        if self.newest.is_none_or(|(newest, _)| newest < place) {
            self.newest = Some((place, packet_id));
        }
        if complete {
            // Remembered, so that a second copy of the acknowledgement is nobody else's.
            self.expire(now, operation, true);
        }
        Owner::Operation {
            operation,
            packet_id,
        }
    }

    /// While no acknowledgement has confirmed the counter, an unknown id is rather that of the
    /// oldest operation, even if it has failed, than that of one sent later: a publish must not be
    /// called complete because of another's late acknowledgement.
    fn oldest_expired_guess(
        &self,
        now: Instant,
        kind: AckKind,
        same_filter: &dyn Fn(&Option<String>) -> bool,
    ) -> Option<usize> {
        if self.in_step {
            return None;
        }
        self.expired.iter().position(|e| {
            e.kind == kind && e.until > now && !e.is_doubtful(now) && same_filter(&e.filter)
        })
    }

    /// The module has counted on just as predicted: it has read everything that was sent before.
    fn settle_before(&mut self, place: u64) {
        for expired in self.expired.iter_mut().filter(|e| e.place < place) {
            expired.doubtful_from = None;
        }
    }

    /// Whether a command sent at this place can have got this id: the module only counts up.
    fn fits(&self, place: u64, packet_id: u16) -> bool {
        self.newest.is_none_or(|(newest, id)| {
            let ahead = (i32::from(packet_id) - i32::from(id)).rem_euclid(65_535);
            (place > newest) == (1..32_768).contains(&ahead)
        })
    }

    /// Moves the counter and every unconfirmed prediction by the error just seen.
    fn correct(&mut self, predicted: u16, actual: u16) {
        self.in_step = true;
        let error = i32::from(actual) - i32::from(predicted);
        if error == 0 {
            return;
        }
        self.next_id = shifted(self.next_id, error);
        for entry in self.outstanding.iter_mut().filter(|o| !o.confirmed) {
            entry.packet_id = shifted(entry.packet_id, error);
        }
        for entry in &mut self.expired {
            entry.packet_id = shifted(entry.packet_id, error);
        }
    }
}

/// Packet ids go from 1 to 65535 and start again.
fn shifted(id: u16, by: i32) -> u16 {
    let wrapped = (i32::from(id) - 1 + by).rem_euclid(65_535) + 1;
    u16::try_from(wrapped).unwrap_or(1)
}
