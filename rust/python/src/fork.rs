//! What belongs to the process that made it: in a forked child its threads are missing, and its
//! locks may be held forever.

use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};

use m531x_core::{Error, ErrorCode};
use pyo3::prelude::*;

use crate::errors::raised;

/// What is said to a child that uses what was made before the fork.
pub(crate) const FORKED: &str = "the modem was opened before a fork and belongs to the parent \
                                 process: open it in the process that uses it";

/// How often this process and its parents were forked.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// To be called in every forked child, ahead of all else.
#[pyfunction]
pub(crate) fn note_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// A value that a forked child neither uses nor drops.
pub(crate) struct OfThisProcess<T> {
    /// There until the drop.
    value: Option<T>,
    forks: u32,
}

impl<T> OfThisProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Some(value),
            forks: FORKS.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<&T> {
        match &self.value {
            Some(value) if self.is_here() => Ok(value),
            _ => Err(raised(py, &Error::new(ErrorCode::Closed, FORKED))),
        }
    }

    fn is_here(&self) -> bool {
        self.forks == FORKS.load(Ordering::Relaxed)
    }
}

impl<T> Drop for OfThisProcess<T> {
    fn drop(&mut self) {
        if !self.is_here() {
            mem::forget(self.value.take());
        }
    }
}
