//! An operation under way that no thread waits for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use m531x_core::{Error, ErrorCode, Pending, spawn_thread};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::errors::{OrRaise, raised};
use crate::fork::OfThisProcess;
use crate::ready::Signal;

type Fetch = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// An operation that notifies `Ready` when it has ended.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Operation {
    /// By which `Ready.take` reports that it has ended.
    #[pyo3(get)]
    token: u64,
    /// Gone once the result was fetched or the operation given up.
    fetch: OfThisProcess<Mutex<Option<Fetch>>>,
}

#[pymethods]
impl Operation {
    /// The result, or the exception, of an operation that has ended; to be called once.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.take(py)? {
            Some(fetch) => fetch(py),
            None => Err(raised(py, &not_there())),
        }
    }

    /// Gives it up: no unsent command is sent any more, and no result is kept.
    fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        let fetch = self.take(py)?;
        py.detach(|| drop(fetch));
        Ok(())
    }
}

impl Operation {
    pub(crate) fn of_pending<T: Send + 'static, R>(
        pending: Pending<T>,
        signal: &Arc<Signal>,
        convert: fn(T) -> R,
    ) -> Self
    where
        R: for<'py> IntoPyObject<'py> + 'static,
    {
        let token = next_token();
        let signal = Arc::clone(signal);
        pending.on_ready(move || signal.end(token));
        let mut pending = pending;
        Self::new(token, move |py| {
            let result = py.detach(|| pending.wait_for(Duration::ZERO));
            let value = result.unwrap_or_else(|| Err(not_there())).or_raise(py)?;
            convert(value).into_py_any(py)
        })
    }

    /// Something that can only be done as a whole, on a thread of its own; given up, `guard` is
    /// dropped, it goes on to its end, and what it gives is dropped as well.
    pub(crate) fn aside<T: Send + 'static, R>(
        name: &str,
        signal: &Arc<Signal>,
        guard: impl Send + 'static,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
        convert: fn(T) -> R,
    ) -> PyResult<Self>
    where
        R: for<'py> IntoPyObject<'py> + 'static,
    {
        let token = next_token();
        let signal = Arc::clone(signal);
        let (sender, receiver) = sync_channel(1);
        spawn_thread(name, move || {
            let _ = sender.send(work());
            signal.end(token);
        })?;
        Ok(Self::new(token, move |py| {
            let _guard = guard;
            let result = receiver.try_recv().unwrap_or_else(|_| Err(not_there()));
            convert(result.or_raise(py)?).into_py_any(py)
        }))
    }

    fn new(
        token: u64,
        fetch: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        Self {
            token,
            fetch: OfThisProcess::new(Mutex::new(Some(Box::new(fetch)))),
        }
    }

    fn take(&self, py: Python<'_>) -> PyResult<Option<Fetch>> {
        let fetch = self.fetch.get(py)?.lock();
        Ok(fetch.unwrap_or_else(PoisonError::into_inner).take())
    }
}

fn next_token() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn not_there() -> Error {
    Error::new(
        ErrorCode::Internal,
        "the result of the operation is not there, which is a defect",
    )
}
