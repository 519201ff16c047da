//! What the outbox's thread needs of the engine.

use crate::session::{OperationId, Outcome, Request};
use crate::{Error, EventKind};

/// Publishes stored messages, and reports how they end.
pub(in crate::driver) trait Publisher: Send + Sync {
    /// Makes the place where the end of a stored message is waited for.
    fn begin_stored(&self, message: u64);

    /// Gives the end of a stored message to the caller that waits for it.
    fn end_stored(&self, message: u64, outcome: Result<Outcome, Error>);

    /// Begins to publish a stored message.
    fn send_stored(&self, request: Request) -> Result<OperationId, Error>;

    /// Whether the broker keeps the session of the connection over its end, as far as is known.
    fn keeps_session(&self) -> bool;

    /// Whether the broker may hold a publish of QoS 2 that this modem has sent.
    fn has_unreleased(&self) -> bool;

    /// Puts an event of the driver's own into the mailbox.
    fn report(&self, kind: EventKind, value: i64, text: String);
}
