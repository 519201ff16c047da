//! How an outbox is kept, and what it has counted.

use std::path::PathBuf;

use crate::driver::overflow::OutboxOverflow;

/// Where and how publishes of QoS 1 and 2 are kept until the broker has acknowledged them.
///
/// ```
/// use m531x_core::{ModemOptions, OutboxOptions};
///
/// let options = ModemOptions {
///     outbox: Some(OutboxOptions {
///         max_messages: 1_000,
///         ..OutboxOptions::new("/var/lib/meter/outbox.db")
///     }),
///     ..ModemOptions::default()
/// };
/// assert_eq!(options.outbox.unwrap().max_bytes, 64 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxOptions {
    /// The file, which is made if there is none; its folder has to exist. One modem at a time uses it.
    pub path: PathBuf,
    /// How many messages may be kept. Default 100 000.
    pub max_messages: u64,
    /// How many bytes their topics and payloads may have together. Default 64 MiB.
    pub max_bytes: u64,
    /// What becomes of a publish for which there is no room. Default: it is refused.
    pub overflow: OutboxOverflow,
    /// How many messages may be on their way at the same time, 1 to 32. Default 1, which keeps their
    /// order: each is sent once the one before was acknowledged. More are faster on a link with long
    /// round trips, and one that has to be sent again may then arrive after its successors.
    pub in_flight: usize,
}

impl OutboxOptions {
    /// The most messages that may be on their way at the same time.
    pub const MOST_IN_FLIGHT: usize = 32;

    /// An outbox in this file, with the defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_messages: 100_000,
            max_bytes: 64 << 20,
            overflow: OutboxOverflow::Refuse,
            in_flight: 1,
        }
    }
}

/// What an outbox holds, and what it has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxStats {
    /// Messages that wait to be acknowledged now.
    pub messages: u64,
    /// Bytes of their topics and payloads, those set aside included.
    pub bytes: u64,
    /// Messages set aside now: refused for good while others went through.
    pub set_aside: u64,
    /// Messages accepted.
    pub stored: u64,
    /// Messages acknowledged by the broker.
    pub sent: u64,
    /// Messages dropped to make room.
    pub dropped: u64,
}
