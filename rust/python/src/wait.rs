//! Waiting without the interpreter, and where Ctrl-C is heard, in slices.

use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use m531x_core::{Error, ErrorCode, Pending, spawn_thread};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors::OrRaise;
use crate::opening::cancellable;
use crate::options::ModemOptions;

/// How long Ctrl-C may go unheard.
pub(crate) const SLICE: Duration = Duration::from_millis(50);
/// How long Ctrl-C waits for an opening to end.
const PATIENCE: Duration = Duration::from_millis(500);

/// Waits for an operation; Ctrl-C gives it up.
pub(crate) fn wait<T: Send>(py: Python<'_>, mut pending: Pending<T>) -> PyResult<T> {
    if let Some(result) = pending.wait_for(Duration::ZERO) {
        return result.or_raise(py);
    }
    in_slices(py, |slice| match slice {
        Some(slice) => pending.wait_for(slice),
        None => loop {
            if let Some(result) = pending.wait_for(Duration::MAX) {
                return Some(result);
            }
        },
    })?
    .or_raise(py)
}

/// Calls `wait` until it has something.
///
/// The first call is always for one slice: most answers come within it. After that the main thread,
/// where Python runs its signal handlers, goes on in slices. Every other thread waits as a whole
/// (`None`), so that nothing wakes without need.
pub(crate) fn in_slices<T: Send>(
    py: Python<'_>,
    mut wait: impl FnMut(Option<Duration>) -> Option<T> + Send,
) -> PyResult<T> {
    if let Some(result) = py.detach(|| wait(Some(SLICE))) {
        return Ok(result);
    }
    let slice = is_main_thread(py)?.then_some(SLICE);
    loop {
        py.check_signals()?;
        if let Some(result) = py.detach(|| wait(slice)) {
            return Ok(result);
        }
    }
}

/// Opens a modem on a thread that is not this one.
///
/// Ctrl-C ends the opening, and is raised when the port is free again.
pub(crate) fn open<T: Send + 'static>(
    py: Python<'_>,
    options: &ModemOptions,
    open: impl FnOnce(m531x_core::ModemOptions) -> Result<T, Error> + Send + 'static,
) -> PyResult<T> {
    let (options, ends_opening) = cancellable(options);
    let (sender, receiver) = bounded(1);
    spawn_thread("m531x-open", move || {
        // No one receives after Ctrl-C; the value, an open port, is closed by its drop.
        let _ = sender.send(open(options));
    })?;
    let opened = in_slices(py, |slice| {
        let received = match slice {
            Some(slice) => receiver.recv_timeout(slice),
            None => receiver.recv().map_err(RecvTimeoutError::from),
        };
        match received {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(Error::new(
                ErrorCode::Internal,
                "the thread that opens the port ended without a result, which is a defect",
            ))),
        }
    });
    if opened.is_err() {
        drop(ends_opening);
        // A TCP connection that is being made does not end sooner than by itself.
        py.detach(|| drop(receiver.recv_timeout(PATIENCE)));
    }
    opened?.or_raise(py)
}

/// Has a thread do this and waits for it; Ctrl-C is heard, and leaves the thread to end by itself.
pub(crate) fn aside<T: Send + 'static>(
    py: Python<'_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = bounded(1);
    spawn_thread(name, move || {
        // No one receives after Ctrl-C.
        let _ = sender.send(work());
    })?;
    in_slices(py, |slice| {
        let received = match slice {
            Some(slice) => receiver.recv_timeout(slice),
            None => receiver.recv().map_err(RecvTimeoutError::from),
        };
        match received {
            Ok(result) => Some(Ok(result)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(Error::new(
                ErrorCode::Internal,
                "a thread ended without a result, which is a defect",
            ))),
        }
    })?
    .or_raise(py)
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    static CURRENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let current = CURRENT.import(py, "threading", "current_thread")?.call0()?;
    let main = MAIN.import(py, "threading", "main_thread")?.call0()?;
    Ok(current.is(&main))
}
