//! One operation: a thread waits for it, or an event loop begins it and hears of its end.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use m531x_core::{Error, ErrorCode};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::errors::{OrRaise, raised};
use crate::fork::OfThisProcess;
use crate::ready::{Ready, Signal};
use crate::wait::{SLICE, on_thread, received, wait};

/// How long Ctrl-C waits for what a thread does to end.
const PATIENCE: Duration = Duration::from_millis(500);

type Fetch = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// An operation with its checked arguments, which has not begun before `wait` or `begin`.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Operation {
    state: OfThisProcess<Mutex<State>>,
}

enum State {
    New(Box<dyn Lazy>),
    Begun(Fetch),
    /// It was waited for, its result was fetched, or it was given up.
    Over,
}

/// What can be done once, in one of two ways.
trait Lazy: Send {
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>>;

    /// `token` goes to the signal at the end; what this returns then fetches the result, or gives the
    /// operation up when it is dropped.
    fn begin(self: Box<Self>, py: Python<'_>, signal: &Arc<Signal>, token: u64) -> PyResult<Fetch>;
}

#[pymethods]
impl Operation {
    /// Does it and waits for its end; Ctrl-C gives it up.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.take(py)? {
            State::New(lazy) => lazy.wait(py),
            _ => Err(raised(py, &not_there())),
        }
    }

    /// Begins it, and gives the token by which `Ready.take` reports that it has ended.
    fn begin(&self, py: Python<'_>, ready: &Ready) -> PyResult<u64> {
        let State::New(lazy) = self.take(py)? else {
            return Err(raised(py, &not_there()));
        };
        let token = next_token();
        let fetch = lazy.begin(py, &ready.signal, token)?;
        self.replace(py, State::Begun(fetch))?;
        Ok(token)
    }

    /// The result, or the exception, of an operation that was begun and has ended; to be called once.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.take(py)? {
            State::Begun(fetch) => fetch(py),
            _ => Err(raised(py, &not_there())),
        }
    }

    /// Gives it up: an unsent command stays unsent, and no result is kept.
    fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.take(py)?;
        py.detach(|| drop(state));
        Ok(())
    }
}

impl Operation {
    /// What a modem is asked for.
    pub(crate) fn of_modem<O, R>(
        modem: &m531x_core::Modem,
        operation: O,
        convert: fn(O::Output) -> R,
    ) -> Self
    where
        O: m531x_core::operation::Operation<Output: Send> + Send + 'static,
        R: for<'py> IntoPyObject<'py> + 'static,
    {
        Self::new(OfModem {
            modem: modem.clone(),
            operation,
            convert,
        })
    }

    /// Something that can only be done as a whole, on a thread of its own; given up, `guard` is
    /// dropped, it goes on to its end, and what it gives is dropped as well.
    pub(crate) fn aside<T, R>(
        name: &'static str,
        guard: impl Send + 'static,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
        convert: fn(T) -> R,
    ) -> Self
    where
        T: Send + 'static,
        R: for<'py> IntoPyObject<'py> + 'static,
    {
        Self::new(Aside {
            name,
            guard,
            work,
            convert,
        })
    }

    fn new(lazy: impl Lazy + 'static) -> Self {
        Self {
            state: OfThisProcess::new(Mutex::new(State::New(Box::new(lazy)))),
        }
    }

    fn take(&self, py: Python<'_>) -> PyResult<State> {
        self.replace(py, State::Over)
    }

    fn replace(&self, py: Python<'_>, state: State) -> PyResult<State> {
        let mut place = self
            .state
            .get(py)?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(mem::replace(&mut *place, state))
    }
}

struct OfModem<O: m531x_core::operation::Operation, R> {
    modem: m531x_core::Modem,
    operation: O,
    convert: fn(O::Output) -> R,
}

impl<O, R> Lazy for OfModem<O, R>
where
    O: m531x_core::operation::Operation<Output: Send> + Send + 'static,
    R: for<'py> IntoPyObject<'py> + 'static,
{
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let (modem, operation) = (self.modem, self.operation);
        let pending = py
            .detach(|| modem.start_and_wait(operation, SLICE))
            .or_raise(py)?;
        (self.convert)(wait(py, pending)?).into_py_any(py)
    }

    fn begin(self: Box<Self>, py: Python<'_>, signal: &Arc<Signal>, token: u64) -> PyResult<Fetch> {
        let (modem, operation, convert) = (self.modem, self.operation, self.convert);
        let signal = Arc::clone(signal);
        let begin = || {
            let pending = modem.start(operation)?;
            pending.on_ready(move || signal.end(token));
            Ok(pending)
        };
        let mut pending = py.detach(begin).or_raise(py)?;
        Ok(Box::new(move |py| {
            let result = py.detach(|| pending.wait_for(Duration::ZERO));
            let value = result.unwrap_or_else(|| Err(not_there())).or_raise(py)?;
            convert(value).into_py_any(py)
        }))
    }
}

struct Aside<T, R, G, W> {
    name: &'static str,
    guard: G,
    work: W,
    convert: fn(T) -> R,
}

impl<T, R, G, W> Lazy for Aside<T, R, G, W>
where
    T: Send + 'static,
    R: for<'py> IntoPyObject<'py> + 'static,
    G: Send + 'static,
    W: FnOnce() -> Result<T, Error> + Send + 'static,
{
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let receiver = on_thread(self.name, self.work, || ())?;
        let result = received(py, &receiver);
        drop(self.guard);
        if result.is_err() {
            // A TCP connection that is being made does not end sooner than by itself.
            py.detach(|| drop(receiver.recv_timeout(PATIENCE)));
        }
        let value = result?.and_then(|result| result).or_raise(py)?;
        (self.convert)(value).into_py_any(py)
    }

    fn begin(self: Box<Self>, _: Python<'_>, signal: &Arc<Signal>, token: u64) -> PyResult<Fetch> {
        let (guard, convert, signal) = (self.guard, self.convert, Arc::clone(signal));
        let receiver = on_thread(self.name, self.work, move || signal.end(token))?;
        Ok(Box::new(move |py| {
            let _guard = guard;
            let result = receiver.try_recv().unwrap_or_else(|_| Err(not_there()));
            convert(result.or_raise(py)?).into_py_any(py)
        }))
    }
}

/// A number that no other operation or delivery has.
pub(crate) fn next_token() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn not_there() -> Error {
    Error::new(
        ErrorCode::Internal,
        "the result of the operation is not there, which is a defect",
    )
}
