//! The last error, by handle and thread.
//!
//! Each call of a handle settles what its thread finds: its own error if it failed, and otherwise that of the last call
//! that failed on any thread. So no other thread overwrites what a failed call has left, and a tool that changes threads
//! between two calls finds the error all the same.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use m531x_core::{Error, OfThisProcess};

/// So many handles' errors a thread keeps; a program that fails on more at once asks in time.
const MOST_OWN: usize = 64;

thread_local! {
    /// Of the handles whose last call on this thread failed.
    static OWN: RefCell<Vec<(u32, Kept)>> = const { RefCell::new(Vec::new()) };
}

/// What is kept of an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) text: String,
    pub(crate) modem_code: Option<u16>,
}

/// The last error of one handle on any thread.
#[derive(Default)]
pub(crate) struct LastError(Mutex<Kept>);

impl LastError {
    /// Keeps how a call of this handle ended.
    pub(crate) fn keep(&self, handle: u32, result: &Result<(), Error>) {
        let kept = result.as_ref().err().map(|error| Kept {
            text: error.to_string(),
            modem_code: error.modem_code(),
        });
        // While a thread ends there is no more of it.
        let _ = OWN.try_with(|own| {
            let mut own = own.borrow_mut();
            own.retain(|(other, _)| *other != handle);
            if let Some(kept) = &kept {
                if own.len() >= MOST_OWN {
                    own.remove(0);
                }
                own.push((handle, kept.clone()));
            }
        });
        if let Some(kept) = kept {
            *self.lock() = kept;
        }
    }

    /// What the calling thread finds for this handle.
    pub(crate) fn get(&self, handle: u32) -> Kept {
        let own = OWN.try_with(|own| {
            let own = own.borrow();
            let found = own.iter().find(|(other, _)| *other == handle);
            found.map(|(_, kept)| kept.clone())
        });
        own.ok().flatten().unwrap_or_else(|| self.lock().clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last error where there is no handle to keep it with: of m531x_open and m531x_virtual_modem_start.
pub(crate) fn of_openings() -> &'static LastError {
    static OPENINGS: OfThisProcess<LastError> = OfThisProcess::new(|_| LastError::default());
    OPENINGS.get()
}
