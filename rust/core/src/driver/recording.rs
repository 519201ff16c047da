//! What a program holds of a recording.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::recorder::{RecordingStats, Status};
use crate::Error;

/// How long the end of a recording waits for a slow disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// A recording under way, or one that has ended.
///
/// It goes on when this is dropped, until [`finish`](Self::finish) or the end of the modem.
pub struct Recording {
    engine: Arc<Engine>,
    status: Arc<Status>,
}

impl Recording {
    pub(super) fn new(engine: Arc<Engine>, status: Arc<Status>) -> Self {
        Self { engine, status }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.status.path()
    }

    /// How much was recorded so far.
    pub fn stats(&self) -> RecordingStats {
        self.status.stats()
    }

    /// Whether it has ended: finished, failed, or the modem was closed.
    pub fn is_finished(&self) -> bool {
        self.status.is_done()
    }

    /// Ends the recording; everything that passed is in the file then. Harmless when repeated.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Recording`](crate::ErrorCode::Recording) if the file could not be written, a full disk for one.
    pub fn finish(&self) -> Result<RecordingStats, Error> {
        self.engine.stop_recording(&self.status);
        self.status.wait(PATIENCE)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("path", &self.path())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
