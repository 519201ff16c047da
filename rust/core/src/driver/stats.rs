//! Counters of a modem.

use super::outbox::OutboxStats;
use crate::session::SessionStats;

/// What a [`Modem`](super::Modem) has counted since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// What went over the line and what became of it.
    pub session: SessionStats,
    /// Messages that wait to be received now.
    pub queued: usize,
    /// Events that wait to be received now.
    pub queued_events: usize,
    /// Messages that were dropped because too many were waiting.
    pub dropped: u64,
    /// Events that were dropped because too many were waiting; never one of the connection.
    pub dropped_events: u64,
    /// Callbacks that panicked.
    pub callback_panics: u64,
    /// How often the reader thread woke; it stands still while nothing happens.
    pub reader_wakeups: u64,
    /// The outbox, if there is one.
    pub outbox: Option<OutboxStats>,
}
