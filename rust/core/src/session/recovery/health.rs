//! How the health check of a connection is going.

use std::time::{Duration, Instant};

use m531x_at::hex;

use super::HealthCheck;
use crate::session::request::OperationId;

/// How every payload of a check begins.
const MARK: &str = "m531x health check";

/// What is checked, when next, and what is expected back.
#[derive(Debug)]
pub(in crate::session) struct Health {
    check: Option<HealthCheck>,
    topic: String,
    /// Another one for every modem, so that none takes another's message for its own.
    seed: u64,
    count: u64,
    expected: String,
    /// A check has come back, so the broker allows it.
    proven: bool,
    /// The broker does not allow it.
    off: bool,
    misses: u32,
    due: Option<Instant>,
    /// The check under way.
    pub operation: Option<OperationId>,
}

/// What a message is to the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Returned {
    Expected,
    /// Of an earlier check, or its second copy.
    Late,
    /// Not of this modem.
    Foreign,
}

impl Health {
    pub(super) fn new(check: Option<HealthCheck>, seed: u64) -> Self {
        Self {
            check,
            topic: String::new(),
            seed,
            count: 0,
            expected: String::new(),
            proven: false,
            off: false,
            misses: 0,
            due: None,
            operation: None,
        }
    }

    pub(super) fn set_check(&mut self, check: Option<HealthCheck>, client_id: Option<&str>) {
        self.check = check;
        self.due = None;
        if let Some(client_id) = client_id {
            self.set_client(client_id);
        }
    }

    /// A connection of this client was made by the application.
    pub(super) fn set_client(&mut self, client_id: &str) {
        let own = self.check.as_ref().and_then(|check| check.topic.clone());
        let topic = own.unwrap_or_else(|| default_topic(client_id));
        if topic != self.topic {
            self.proven = false;
            self.topic = topic;
        }
        self.off = false;
    }

    /// Keeps the time of the next check; there is none while there is no connection to keep.
    pub(in crate::session) fn watch(&mut self, now: Instant, connected: bool) {
        match &self.check {
            Some(check) if connected && !self.off => {
                if self.due.is_none() && self.operation.is_none() {
                    self.due = now.checked_add(check.period);
                }
            }
            _ => {
                self.due = None;
                self.misses = 0;
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a check is to begin now, and whether it sends a message around.
    pub(in crate::session) fn take_due(&mut self, now: Instant) -> Option<bool> {
        self.due.filter(|due| *due <= now)?;
        self.due = None;
        self.check.as_ref().map(|check| check.loop_back)
    }

    pub(in crate::session) fn topic(&self) -> &str {
        &self.topic
    }

    pub(in crate::session) fn timeout(&self) -> Duration {
        self.check
            .as_ref()
            .map_or(Duration::ZERO, |check| check.timeout)
    }

    /// What the next check sends.
    pub(in crate::session) fn next_payload(&mut self) -> &str {
        self.count += 1;
        self.expected = format!("{MARK} {:016x} {}", self.seed, self.count);
        &self.expected
    }

    /// Whether a message is one of a check.
    pub(in crate::session) fn returned(&self, topic: &[u8], payload: &[u8]) -> Returned {
        if self.topic.is_empty() || topic != self.topic.as_bytes() {
            return Returned::Foreign;
        }
        // Where a subscription of the user with hex delivery matches as well, it comes as hex.
        let decoded = hex::decode(payload).unwrap_or_default();
        let own = format!("{MARK} {:016x} ", self.seed);
        let is = |text: &str| payload == text.as_bytes() || decoded == text.as_bytes();
        if !self.expected.is_empty() && is(&self.expected) {
            Returned::Expected
        } else if payload.starts_with(own.as_bytes()) || decoded.starts_with(own.as_bytes()) {
            Returned::Late
        } else {
            Returned::Foreign
        }
    }

    pub(in crate::session) fn succeed(&mut self) {
        self.proven = true;
        self.misses = 0;
    }

    /// The check that began then has missed: the number of misses, and whether the connection is of
    /// no use.
    pub(in crate::session) fn miss(&mut self, now: Instant, began: Instant) -> (u32, bool) {
        self.misses += 1;
        let Some(check) = &self.check else {
            return (self.misses, false);
        };
        if self.proven {
            // The next one follows at once, but not faster than a link could answer.
            self.due = Some(now.max(began + check.timeout));
        }
        (self.misses, self.proven && self.misses >= check.misses)
    }

    pub(in crate::session) fn is_proven(&self) -> bool {
        self.proven
    }

    /// The module did not answer when it was asked: that is done again at once.
    pub(in crate::session) fn again(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// Ends the checks on this connection.
    pub(in crate::session) fn turn_off(&mut self) {
        self.off = true;
    }
}

fn default_topic(client_id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let id: String = client_id
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    format!("m531x/health/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_any_client_can_be_published_to() {
        for (client, topic) in [
            ("meter-17", "m531x/health/meter-17"),
            ("a+b/#,1,", "m531x/health/a_b___1_"),
        ] {
            assert_eq!(default_topic(client), topic);
        }
    }

    #[test]
    fn only_the_last_message_is_the_one_expected() {
        let mut health = Health::new(None, 7);
        health.set_client("me");
        let topic = b"m531x/health/me".as_slice();
        assert_eq!(health.returned(topic, b""), Returned::Foreign);
        let first = health.next_payload().to_owned();
        let second = health.next_payload().to_owned();
        assert_eq!(health.returned(topic, first.as_bytes()), Returned::Late);
        assert_eq!(
            health.returned(topic, second.as_bytes()),
            Returned::Expected
        );
        let as_hex = hex::encode(second.as_bytes());
        assert_eq!(
            health.returned(topic, as_hex.as_bytes()),
            Returned::Expected
        );
        assert_eq!(
            health.returned(b"other", second.as_bytes()),
            Returned::Foreign
        );
        let mut other = Health::new(None, 8);
        other.set_client("me");
        assert_eq!(other.returned(topic, second.as_bytes()), Returned::Foreign);
    }
}
