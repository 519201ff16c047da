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
mod resolving;
mod row;
mod sending;
mod unreleased;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::profile::AckOrder;

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
    /// An operation that has already failed or is no longer awaited, or one of several that are.
    Expired,
    Unknown,
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
mod counting_tests;
#[cfg(test)]
mod tests;
