//! Which stored message is sent next, and what becomes of one that does not go through.
//!
//! One after the other, oldest first, while there is a connection. A message that fails is tried
//! again after a pause, ahead of its successors. One that has failed often is suspected, and its
//! successor is tried: if that goes through, the failures is the message's own, and it is set aside;
//! if not, the failures is everybody's, and the order stays as it is.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::{Error, ErrorCode};

/// So many failures in a row make a message suspect.
const SUSPICIOUS_FAILURES: u32 = 3;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The order of sending; without time and store of its own.
#[derive(Debug)]
pub(super) struct SendOrder {
    window: usize,
    connected: bool,
    in_flight: BTreeSet<u64>,
    failures_of: HashMap<u64, Failures>,
    /// The suspect whose successor is being tried.
    suspect: Option<u64>,
    /// Everything up to here is on its way or was sent.
    cursor: u64,
    pause_until: Option<Instant>,
    pause: Duration,
}

#[derive(Debug, Default)]
struct Failures {
    failures: u32,
    why: String,
}

/// What is to be done about a message whose sending has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendResult {
    /// It was acknowledged; the other one, if named, is to be set aside for this reason.
    Sent(Option<(u64, String)>),
    /// It will be tried again.
    Again,
}

impl SendOrder {
    pub(super) fn new(window: usize) -> Self {
        Self {
            window,
            connected: false,
            in_flight: BTreeSet::new(),
            failures_of: HashMap::new(),
            suspect: None,
            cursor: 0,
            pause_until: None,
            pause: FIRST_PAUSE,
        }
    }

    /// The number after which to look for the next message to send, if one may be sent now. One
    /// that [`skips`](Self::skips) is passed over.
    pub(super) fn wants(&self, now: Instant) -> Option<u64> {
        let window = if self.suspect.is_some() {
            1
        } else {
            self.window
        };
        let free = self.connected && self.in_flight.len() < window;
        (free && self.pause_until.is_none_or(|until| until <= now)).then_some(self.cursor)
    }

    /// When to ask again.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pause_until.filter(|_| self.connected)
    }

    pub(super) fn skips(&self, id: u64) -> bool {
        self.suspect == Some(id) || self.in_flight.contains(&id)
    }

    pub(super) fn is_on_its_way(&self, id: u64) -> bool {
        self.in_flight.contains(&id)
    }

    pub(super) fn sent(&mut self, id: u64) {
        self.in_flight.insert(id);
        self.cursor = self.cursor.max(id);
        self.pause_until = None;
    }

    /// There is nothing behind the suspect: it is tried again itself. True if there was one.
    pub(super) fn found_nothing(&mut self, now: Instant) -> bool {
        if !self.in_flight.is_empty() {
            return false;
        }
        let Some(suspect) = self.suspect.take() else {
            return false;
        };
        self.back_to(suspect);
        self.rest(now);
        true
    }

    /// Whether a connection is there.
    pub(super) fn connection(&mut self, connected: bool) {
        if connected && !self.connected {
            self.pause_until = None;
            self.pause = FIRST_PAUSE;
        }
        self.connected = connected;
    }

    /// The message is gone from the store: dropped to make room, or unusable.
    pub(super) fn gone(&mut self, id: u64) {
        self.in_flight.remove(&id);
        self.failures_of.remove(&id);
        if self.suspect == Some(id) {
            self.suspect = None;
        }
    }

    /// A message's sending has ended.
    pub(super) fn ended(&mut self, now: Instant, id: u64, failure: Option<&Error>) -> SendResult {
        self.in_flight.remove(&id);
        let Some(error) = failure else {
            self.failures_of.remove(&id);
            self.pause_until = None;
            self.pause = FIRST_PAUSE;
            let passed = self.suspect.filter(|suspect| *suspect < id);
            return SendResult::Sent(passed.map(|suspect| {
                self.suspect = None;
                let failures = self.failures_of.remove(&suspect).unwrap_or_default();
                (suspect, failures.why)
            }));
        };
        if is_its_own(error) {
            let failures = self.failures_of.entry(id).or_default();
            failures.failures += 1;
            if error.code() == ErrorCode::RepeatedLoss {
                // The session has sent it alone, and the connection was lost all the same.
                failures.failures = failures.failures.max(SUSPICIOUS_FAILURES);
            }
            failures.why = error.to_string();
        }
        self.suspect_or_retry(id);
        if self.suspect.is_none() {
            self.rest(now);
        }
        SendResult::Again
    }

    fn suspect_or_retry(&mut self, id: u64) {
        self.cursor = self.cursor.min(id.saturating_sub(1));
        match self.suspect.take() {
            // The successor has failed as well: nothing speaks against the suspect alone.
            Some(suspect) if suspect != id => self.back_to(suspect),
            _ => {
                let failures = self.failures_of.get(&id);
                let suspicious = failures.is_some_and(|t| t.failures >= SUSPICIOUS_FAILURES);
                self.suspect = suspicious.then_some(id);
            }
        }
    }

    /// One more failure makes it suspect again.
    fn back_to(&mut self, id: u64) {
        self.cursor = self.cursor.min(id.saturating_sub(1));
        if let Some(failures) = self.failures_of.get_mut(&id) {
            failures.failures = failures.failures.min(SUSPICIOUS_FAILURES - 1);
        }
    }

    fn rest(&mut self, now: Instant) {
        self.pause_until = now.checked_add(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether the failure may be the message's own; otherwise the connection or the port was to blame.
fn is_its_own(error: &Error) -> bool {
    !matches!(
        error.code(),
        ErrorCode::NotConnected
            | ErrorCode::Port
            | ErrorCode::Closed
            | ErrorCode::ModemRebooted
            | ErrorCode::Cancelled
    )
}

#[cfg(test)]
mod tests;
