//! How an event loop of Python is woken, without a thread of Rust calling into it.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::descriptor::Descriptor;

/// A signal for an event loop that there is something to fetch, and the tokens of the operations
/// that have ended. A loop watches the descriptor; where it cannot, a thread waits.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Ready {
    pub(crate) signal: Arc<Signal>,
}

#[pymethods]
impl Ready {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self {
            signal: Arc::new(Signal::new()?),
        })
    }

    /// The descriptor that is readable while the signal is up; None where none is available.
    fn fileno(&self) -> Option<i32> {
        self.signal.descriptor.number()
    }

    /// Lowers the signal and gives the operations that have ended since the last time.
    fn take(&self) -> Vec<u64> {
        self.signal.take()
    }

    /// Waits until the signal is up, indefinitely if need be; false once it was closed.
    fn wait(&self, py: Python<'_>) -> bool {
        py.detach(|| self.signal.wait())
    }

    /// Ends `wait`, now and later.
    fn close(&self) {
        self.signal.close();
    }
}

/// A descriptor that is readable as long as something waits.
pub(crate) struct Readable {
    descriptor: Descriptor,
    raised: AtomicBool,
}

impl Readable {
    pub(crate) fn new() -> PyResult<Self> {
        Ok(Self {
            descriptor: Descriptor::new()?,
            raised: AtomicBool::new(false),
        })
    }

    pub(crate) fn number(&self) -> Option<i32> {
        self.descriptor.number()
    }

    /// To be called by one thread at a time.
    pub(crate) fn set(&self, waits: bool) {
        if self.raised.swap(waits, Ordering::SeqCst) != waits {
            if waits {
                self.descriptor.raise();
            } else {
                self.descriptor.lower();
            }
        }
    }
}

/// The side of it that the threads of Rust use.
///
/// However much comes, the signal goes up once: a stream costs one wake-up for each time that the
/// loop fetches, not one for each message.
pub(crate) struct Signal {
    descriptor: Descriptor,
    raised: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ended: Vec<u64>,
    closed: bool,
}

impl Signal {
    fn new() -> PyResult<Self> {
        Ok(Self {
            descriptor: Descriptor::new()?,
            raised: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::SeqCst) {
            self.descriptor.raise();
            // A waiting thread has either not looked yet, or waits: it is not between the two.
            drop(self.lock());
            self.changed.notify_all();
        }
    }

    pub(crate) fn end(&self, token: u64) {
        self.lock().ended.push(token);
        self.raise();
    }

    /// The flag goes down ahead of the look, so that what comes in between raises it again.
    fn take(&self) -> Vec<u64> {
        self.descriptor.lower();
        self.raised.store(false, Ordering::SeqCst);
        mem::take(&mut self.lock().ended)
    }

    fn wait(&self) -> bool {
        let mut state = self.lock();
        while !state.closed && !self.raised.load(Ordering::SeqCst) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.closed
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
