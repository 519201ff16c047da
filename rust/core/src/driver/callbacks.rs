//! What a program may have called, and the dispatcher's jobs, which are made of it.

use crate::{Error, Incoming, Receipt};

/// What to call with the end of a delivery.
pub(super) type DoneCallback = Box<dyn FnOnce(Result<Receipt, Error>) + Send>;

/// What to call when an operation has ended, for a caller that does not wait on a thread.
pub(super) type ReadySignal = Box<dyn FnOnce() + Send>;

/// What to call for every message and event; what it gives back waits for those who receive.
pub(super) type Handler = Box<dyn FnMut(Incoming) -> Option<Incoming> + Send>;

/// What a handler is called for.
#[derive(Clone, Copy)]
pub(super) enum HandlerKind {
    /// Everything, also what waited before.
    All,
    Messages,
    Events,
}

/// What the dispatcher is given.
pub(super) enum Job {
    SetHandler(HandlerKind, Option<Handler>),
    Done(DoneCallback, Result<Receipt, Error>),
}
