//! Ack timers and keep-alive: which answers are due, and when.

use std::time::{Duration, Instant};

use super::AckKind;
use crate::firmware::Traits;

/// PINGREQ in a row without an answer after which the link counts as lost (manual 2.4).
pub(super) const LOST_PINGS: u32 = 3;

/// The answers that are outstanding on the current connection.
///
/// An answer that is late is reported once and stays expected: it still counts when it comes.
#[derive(Debug, Default)]
pub(super) struct AckTimers {
    pending: Vec<Pending>,
}

#[derive(Debug)]
struct Pending {
    kind: AckKind,
    packet_id: u16,
    /// `None` once reported late.
    deadline: Option<Instant>,
}

impl AckTimers {
    /// Expects an answer; replaces an older expectation of the same kind and id.
    pub(super) fn expect(&mut self, kind: AckKind, packet_id: u16, deadline: Instant) {
        self.settle(kind, packet_id);
        self.pending.push(Pending {
            kind,
            packet_id,
            deadline: Some(deadline),
        });
    }

    /// The answer came; whether it was expected.
    pub(super) fn settle(&mut self, kind: AckKind, packet_id: u16) -> bool {
        let before = self.pending.len();
        self.pending
            .retain(|pending| pending.kind != kind || pending.packet_id != packet_id);
        self.pending.len() < before
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
    }

    /// The answer that has been late the longest, if one is.
    pub(super) fn take_late(&mut self, now: Instant) -> Option<(AckKind, u16)> {
        let late = self
            .pending
            .iter_mut()
            .filter(|pending| pending.deadline.is_some_and(|deadline| deadline <= now))
            .min_by_key(|pending| pending.deadline)?;
        late.deadline = None;
        Some((late.kind, late.packet_id))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pending
            .iter()
            .filter_map(|pending| pending.deadline)
            .min()
    }
}

/// When to send PINGREQ, and how many went unanswered.
///
/// A ping is due one keep-alive after the last byte from the broker (manual 2.4) or after the last
/// byte sent (MQTT 3.1.1, 3.1.2.10), whichever is earlier, and never sooner than one keep-alive after
/// the last ping. Its answer is due within the ack timeout. A lazy client counts from the later of the
/// two, and misses the answer when the next ping is due.
#[derive(Debug)]
pub(super) struct KeepAlive {
    interval: Duration,
    lazy: bool,
    last_received: Instant,
    last_sent: Instant,
    last_ping: Option<Instant>,
    answer_due: Option<Instant>,
    lost: u32,
}

/// What [`KeepAlive::handle_timeout`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeepAliveAction {
    SendPing,
    PingLost { in_a_row: u32 },
}

impl KeepAlive {
    /// `None` when `seconds` is 0 and that means no keep-alive.
    pub(super) fn new(now: Instant, seconds: u16, traits: &Traits) -> Option<Self> {
        let interval = match seconds {
            0 if !traits.pings_at_zero => return None,
            0 => traits.tick,
            seconds => Duration::from_secs(u64::from(seconds)),
        };
        (!interval.is_zero()).then_some(Self {
            interval,
            lazy: traits.lazy_pings && seconds > 0,
            last_received: now,
            last_sent: now,
            last_ping: None,
            answer_due: None,
            lost: 0,
        })
    }

    pub(super) fn received(&mut self, now: Instant) {
        self.last_received = now;
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.last_sent = now;
    }

    /// A PINGREQ goes out.
    pub(super) fn ping_sent(&mut self, now: Instant, ack_timeout: Duration) {
        let patience = if self.lazy {
            self.interval
        } else {
            ack_timeout
        };
        self.last_sent = now;
        self.last_ping = Some(now);
        self.answer_due = Some(now + patience);
    }

    pub(super) fn ping_answered(&mut self) {
        self.answer_due = None;
        self.lost = 0;
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<KeepAliveAction> {
        if let Some(due) = self.answer_due {
            if due > now {
                return None;
            }
            self.answer_due = None;
            self.lost += 1;
            return Some(KeepAliveAction::PingLost {
                in_a_row: self.lost,
            });
        }
        (self.ping_due() <= now).then_some(KeepAliveAction::SendPing)
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        self.answer_due.unwrap_or_else(|| self.ping_due())
    }

    fn ping_due(&self) -> Instant {
        let idle_since = if self.lazy {
            self.last_received.max(self.last_sent)
        } else {
            self.last_received.min(self.last_sent)
        };
        self.last_ping
            .map_or(idle_since, |ping| idle_since.max(ping))
            + self.interval
    }
}
