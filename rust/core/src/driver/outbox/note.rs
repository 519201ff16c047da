//! What the outbox's thread is given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::{Link, StoredMessage};
use crate::Error;
use crate::session::{OperationId, Outcome};

/// A note to the thread.
pub(super) enum Note {
    Keep(Keep),
    Ended(OperationId, Result<Outcome, Error>),
    Link(Link),
    Stop,
}

/// A publish to be accepted.
pub(super) struct Keep {
    /// Its number is not given yet.
    pub message: StoredMessage,
    /// How long its end is waited for.
    pub timeout: Option<Duration>,
    /// Its end is not waited for while no connection is there or being made.
    pub needs_connection: bool,
    /// Its number, once it is on the disk.
    pub accepted: Sender<Result<u64, Error>>,
}

/// The last change of the connection, if there was no room for it among the notes.
pub(super) type Skipped = Arc<Mutex<Option<Link>>>;
