//! Recording what passes, on a thread of its own, so that neither the port nor a caller ever waits for
//! the disk.
//!
//! [`RecordedSession`] stands between the engine and the session: every input of the session goes
//! onto the [`Recorder`] as well, from which the writer's thread makes the file.

mod enqueue;
mod file;
mod job;
mod recorded_session;
mod status;
mod writer;

use std::path::{Path, PathBuf};

pub(super) use enqueue::{Line, Recorder};
pub(super) use recorded_session::RecordedSession;
pub use status::RecordingStats;
pub(super) use status::Status;

/// How a session is recorded.
///
/// ```
/// use m531x_core::{ModemOptions, RecordingOptions};
///
/// let options = ModemOptions {
///     recording: Some(RecordingOptions::new("field.rec")),
///     ..ModemOptions::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingOptions {
    /// The file. A recording that is there is kept under the same name with `.1` added, in place of an
    /// older one; any other file is left alone, and refused.
    pub path: PathBuf,
    /// About how many bytes the file may grow to (half as many again while operations are under way):
    /// then it is put aside as `.1`, in place of an older one, and a new one begun. Default 64 MiB, at least 64 KiB.
    pub limit: u64,
}

impl RecordingOptions {
    /// A recording into this file, with the default limit.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            limit: 64 << 20,
        }
    }
}

impl<P: AsRef<Path>> From<P> for RecordingOptions {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}
