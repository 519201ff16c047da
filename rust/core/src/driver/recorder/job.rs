//! What the writer's thread is given.

use std::time::Duration;

use m531x_at::recording::{EntryKind, Header};

/// One piece of a recording.
pub(super) enum Job {
    Bytes {
        at: Duration,
        to_module: bool,
        bytes: Vec<u8>,
    },
    Line {
        at: Duration,
        what: EntryKind,
    },
    /// Goes on in a new file that begins with this.
    Rotate {
        header: Header,
        lines: Vec<String>,
    },
}

impl Job {
    pub(super) fn at(&self) -> Option<Duration> {
        match self {
            Self::Bytes { at, .. } | Self::Line { at, .. } => Some(*at),
            Self::Rotate { .. } => None,
        }
    }
}
