//! Waiting without the interpreter, and where Ctrl-C is heard, in slices.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use m531x_core::session::Outcome;
use m531x_core::{Error, ErrorCode, Pending, spawn_thread};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors::OrRaise;

/// How long Ctrl-C may go unheard.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// Waits for an operation that has had a slice already; Ctrl-C gives it up.
pub(crate) fn wait<T>(py: Python<'_>, mut pending: Pending<T>) -> PyResult<T>
where
    T: TryFrom<Outcome, Error = Error> + Send,
{
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

/// Has a thread do this and waits for it; Ctrl-C is heard, and leaves the thread to end by itself.
pub(crate) fn aside<T: Send + 'static>(
    py: Python<'_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let receiver = on_thread(name, work, || ())?;
    received(py, &receiver)?.or_raise(py)
}

/// Has a thread do this and hand over what it gives, and then `ended`.
pub(crate) fn on_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
    ended: impl FnOnce() + Send + 'static,
) -> PyResult<Receiver<T>> {
    let (sender, receiver) = bounded(1);
    spawn_thread(name, move || {
        // No one receives after Ctrl-C; the value, perhaps an open port, is closed by its drop.
        let _ = sender.send(work());
        ended();
    })?;
    Ok(receiver)
}

/// Waits for what a thread hands over.
pub(crate) fn received<T: Send>(
    py: Python<'_>,
    receiver: &Receiver<T>,
) -> PyResult<Result<T, Error>> {
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
    })
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    static CURRENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let current = CURRENT.import(py, "threading", "current_thread")?.call0()?;
    let main = MAIN.import(py, "threading", "main_thread")?.call0()?;
    Ok(current.is(&main))
}
