//! What a user holds of a recording.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::driver::engine::Engine;
use crate::{Error, ErrorCode};

/// How long the end of a recording waits for a slow disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// A recording under way, or one that has ended.
///
/// It goes on when this is dropped, until [`finish`](Self::finish) or the end of the modem.
pub struct Recording {
    pub(in crate::driver) engine: Arc<Engine>,
    pub(in crate::driver) status: Arc<Status>,
}

/// How much was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingStats {
    /// Lines that were written, those of files put aside included.
    pub entries: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// What could not be kept because the disk was too slow; each place is marked in the file.
    pub dropped: u64,
}

impl Recording {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.status.path
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
    /// [`ErrorCode::Recording`] if the file could not be written, a full disk for one.
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

/// What the writer's thread reports.
#[derive(Debug)]
pub(in crate::driver) struct Status {
    pub(super) path: PathBuf,
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) dropped: AtomicU64,
    /// Bytes of the present file.
    pub(super) size: AtomicU64,
    /// A new file was asked for and is not there yet.
    pub(super) rotating: AtomicBool,
    end: Mutex<Option<Result<(), Error>>>,
    ended: Condvar,
}

impl Status {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            entries: AtomicU64::default(),
            bytes: AtomicU64::default(),
            dropped: AtomicU64::default(),
            size: AtomicU64::default(),
            rotating: AtomicBool::default(),
            end: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub(super) fn stats(&self) -> RecordingStats {
        RecordingStats {
            entries: self.entries.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }

    pub(in crate::driver) fn is_done(&self) -> bool {
        self.lock().is_some()
    }

    /// Why it ended before its time.
    pub(super) fn failure(&self) -> Option<Error> {
        self.lock().as_ref()?.as_ref().err().cloned()
    }

    pub(super) fn end(&self, result: Result<(), Error>) {
        *self.lock() = Some(result);
        self.ended.notify_all();
    }

    pub(in crate::driver) fn wait(&self, patience: Duration) -> Result<RecordingStats, Error> {
        let (end, _) = self
            .ended
            .wait_timeout_while(self.lock(), patience, |end| end.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match &*end {
            Some(Ok(())) => Ok(self.stats()),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::new(
                ErrorCode::Recording,
                format!(
                    "recording {}: the disk has not taken everything within {} s",
                    self.path.display(),
                    patience.as_secs_f64()
                ),
            )),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Result<(), Error>>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
