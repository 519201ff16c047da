//! How far a recording is, as its writer's thread reports.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::{Error, ErrorCode};

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

/// What the writer's thread reports.
#[derive(Debug)]
pub(in crate::driver) struct Status {
    path: PathBuf,
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

    pub(in crate::driver) fn path(&self) -> &Path {
        &self.path
    }

    pub(in crate::driver) fn stats(&self) -> RecordingStats {
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
