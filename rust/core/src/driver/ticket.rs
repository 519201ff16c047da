//! What a caller waits for.

use crate::session::OperationId;

/// Names what was begun, until its result was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ticket {
    /// An operation of the session.
    Session(OperationId),
    /// A message of the outbox, which is no operation: sending it is, perhaps many times.
    Stored(u64),
}

impl Ticket {
    pub(super) fn is_stored(self) -> bool {
        matches!(self, Self::Stored(_))
    }
}
