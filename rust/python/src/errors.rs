//! Errors of Rust as exceptions of Python.

use m531x_core::{Error, ErrorCode};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The exception for an error: a class of `m531x._errors`, with its numbers as attributes.
///
/// The classes are Python's own, because the stable ABI below 3.12 cannot make subclasses of
/// exceptions in Rust.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    static MAKE_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = MAKE_ERROR
        .import(py, "m531x._errors", "make_error")
        .and_then(|make_error| {
            make_error.call1((
                error.code().number(),
                error.to_string(),
                error.modem_code(),
                error.return_code(),
            ))
        });
    match made {
        Ok(exception) => PyErr::from_value(exception),
        // Only while the interpreter goes down.
        Err(_) => PyRuntimeError::new_err(error.to_string()),
    }
}

/// An argument that is refused here, ahead of the core.
pub(crate) fn invalid(py: Python<'_>, text: impl Into<String>) -> PyErr {
    raised(py, &Error::new(ErrorCode::InvalidArgument, text))
}

/// An argument of a wrong type.
pub(crate) fn wrong_type(py: Python<'_>, text: impl Into<String>) -> PyErr {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let text = text.into();
    let made = CLASS
        .import(py, "m531x._errors", "ArgumentTypeError")
        .and_then(|class| class.call1((&text,)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(_) => invalid(py, text),
    }
}

/// Shortens `.map_err(|error| raised(py, &error))`.
pub(crate) trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Error> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raised(py, &error))
    }
}
