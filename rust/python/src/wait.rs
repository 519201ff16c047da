//! Waiting without the interpreter, and where Ctrl-C is heard, in slices.

use std::time::Duration;

use m531x_core::{Error, Pending};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors::OrRaise;

/// How long Ctrl-C may go unheard.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

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

/// The result of something that can only be done as a whole, on a thread that is not this one.
///
/// Ctrl-C leaves it behind: it ends by itself, and what it gives is dropped.
pub(crate) fn aside<T: Send + 'static>(
    py: Python<'_>,
    name: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Nobody receives after Ctrl-C; the value, an open port, is closed by its drop.
            let _ = sender.send(work());
        })?;
    in_slices(py, move |slice| {
        let received = match slice {
            Some(slice) => receiver
                .recv_timeout(slice)
                .map_err(|error| error == std::sync::mpsc::RecvTimeoutError::Disconnected),
            None => receiver.recv().map_err(|_| true),
        };
        match received {
            Ok(result) => Some(result),
            Err(true) => Some(Err(Error::new(
                m531x_core::ErrorCode::Internal,
                "the thread that opens the port ended without a result, which is a defect",
            ))),
            Err(false) => None,
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
