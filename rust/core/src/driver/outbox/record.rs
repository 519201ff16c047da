//! One message of an outbox, and the checksum that shows whether it is still what was stored.

use std::time::{Duration, SystemTime};

use crate::QoS;

/// A message as an outbox keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place: a later message has a higher number.
    pub id: u64,
    /// Where to.
    pub topic: String,
    /// Any bytes.
    pub payload: Vec<u8>,
    /// The quality of service, 1 or 2.
    pub qos: QoS,
    /// Whether the broker should keep it for later subscribers.
    pub retain: bool,
    /// When it was accepted, by the host's clock, to the millisecond.
    pub stored_at: SystemTime,
    /// Why it is set aside; `None` while it waits to be sent.
    pub set_aside: Option<String>,
}

impl StoredMessage {
    /// What it counts towards the limit.
    pub(super) fn bytes(&self) -> u64 {
        self.topic.len() as u64 + self.payload.len() as u64
    }

    /// Milliseconds since 1970.
    pub(super) fn stored_at_ms(&self) -> i64 {
        let since = self.stored_at.duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// SQLite checks the shape of its pages but not what is in them. One changed byte always
    /// changes this sum (FNV-1a: each step is a bijection of the sum so far).
    pub(super) fn checksum(&self) -> i64 {
        let mut sum = Fnv(0xcbf2_9ce4_8422_2325);
        sum.add(&self.id.to_le_bytes());
        sum.add(&[u8::from(self.qos), u8::from(self.retain)]);
        sum.add(&self.stored_at_ms().to_le_bytes());
        sum.add(&(self.topic.len() as u64).to_le_bytes());
        sum.add(self.topic.as_bytes());
        sum.add(&(self.payload.len() as u64).to_le_bytes());
        sum.add(&self.payload);
        if let Some(why) = &self.set_aside {
            sum.add(why.as_bytes());
            sum.add(&[1]);
        }
        // An integer of SQLite is signed.
        i64::from_le_bytes(sum.0.to_le_bytes())
    }
}

/// The moment that is so many milliseconds after 1970 began, if the clock can hold it.
pub(super) fn moment(milliseconds: i64) -> Option<SystemTime> {
    let since = Duration::from_millis(u64::try_from(milliseconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
