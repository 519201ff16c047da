//! How an event loop of Python is woken, without a thread of Rust calling into it.

use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

/// A descriptor that becomes readable when there is something to fetch, and the tokens of the
/// operations that have ended.
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

    fn fileno(&self) -> i32 {
        self.signal.receiving.as_raw_fd()
    }

    /// Lowers the signal and gives the operations that have ended since the last time.
    fn take(&self) -> Vec<u64> {
        self.signal.take()
    }
}

/// The side of it that the threads of Rust use.
///
/// However much comes, one byte waits in the descriptor: a stream costs one wake-up for each time
/// that the loop fetches, not one for each message.
pub(crate) struct Signal {
    receiving: UnixStream,
    sending: UnixStream,
    raised: AtomicBool,
    ended: Mutex<Vec<u64>>,
}

impl Signal {
    fn new() -> io::Result<Self> {
        let (receiving, sending) = UnixStream::pair()?;
        receiving.set_nonblocking(true)?;
        sending.set_nonblocking(true)?;
        Ok(Self {
            receiving,
            sending,
            raised: AtomicBool::new(false),
            ended: Mutex::default(),
        })
    }

    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::SeqCst) {
            // It was empty, so it takes a byte.
            let _ = (&self.sending).write(&[1]);
        }
    }

    pub(crate) fn end(&self, token: u64) {
        self.lock().push(token);
        self.raise();
    }

    /// The flag goes down ahead of the look, so that what comes in between raises it again.
    fn take(&self) -> Vec<u64> {
        let _ = (&self.receiving).read(&mut [0; 16]);
        self.raised.store(false, Ordering::SeqCst);
        mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
