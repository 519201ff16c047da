//! The publishes that have ended, for the next batch.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The deliveries that have ended and that `recv_batch` has not reported to Python yet.
#[derive(Default)]
pub(crate) struct Ended(Mutex<Vec<u64>>);

impl Ended {
    pub(crate) fn push(&self, token: u64) {
        self.lock().push(token);
    }

    pub(crate) fn take(&self) -> Vec<u64> {
        mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
