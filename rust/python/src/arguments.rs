//! What Python hands over, checked by name, so that an error can say which argument it is about.

use std::time::Duration;

use m531x_at::topic;
use m531x_core::QoS;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple,
};

use crate::errors::{invalid, wrong_type};

/// Longer waits are as good as indefinite, and an `Instant` can still hold them.
const FOREVER_S: f64 = 1e9;

/// An argument as Python gave it, not checked yet.
pub(crate) type PyArg<'a, 'py> = &'a Bound<'py, PyAny>;

/// A text. The value itself is not shown: it may be a password.
pub(crate) fn text<'a>(name: &str, value: PyArg<'a, '_>) -> PyResult<&'a str> {
    let Ok(text) = value.cast::<PyString>() else {
        return Err(not_a(name, value, "str"));
    };
    text.to_str().map_err(|error| {
        let py = value.py();
        if error.is_instance_of::<PyUnicodeError>(py) {
            let place = error.value(py).getattr("start");
            let place = place.and_then(|place| place.extract::<usize>());
            let place = place.map_or(String::new(), |place| format!(" at index {place}"));
            invalid(
                py,
                format!(
                    "{name} has a lone surrogate{place}, which UTF-8 cannot carry: give text that \
                     can be encoded"
                ),
            )
        } else {
            error
        }
    })
}

/// A text, or None.
pub(crate) fn optional_text<'a>(name: &str, value: PyArg<'a, '_>) -> PyResult<Option<&'a str>> {
    if value.is_none() {
        return Ok(None);
    }
    text(name, value).map(Some)
}

/// The one of `all` that the text names.
pub(crate) fn one_of<T: Copy>(
    name: &str,
    value: PyArg<'_, '_>,
    all: &[T],
    name_of: fn(T) -> &'static str,
) -> PyResult<T> {
    let given = text(name, value)?;
    let chosen = all.iter().copied().find(|one| name_of(*one) == given);
    chosen.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|one| name_of(*one)).collect();
        let names = match names.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} or {last}", others.join(", "))
            }
            _ => names.concat(),
        };
        invalid(value.py(), format!("{name} is {given:?}: give {names}"))
    })
}

/// True or False, and nothing that is only like it.
pub(crate) fn flag(name: &str, value: PyArg<'_, '_>) -> PyResult<bool> {
    value
        .extract()
        .map_err(|_| not_a(name, value, "True or False"))
}

/// True, False or None.
pub(crate) fn optional_flag(name: &str, value: PyArg<'_, '_>) -> PyResult<Option<bool>> {
    value
        .extract()
        .map_err(|_| not_a(name, value, "True, False or None"))
}

/// A duration in seconds.
pub(crate) fn seconds(name: &str, value: PyArg<'_, '_>) -> PyResult<Duration> {
    let py = value.py();
    let wanted = "seconds from 0 up";
    if value.is_instance_of::<PyBool>() {
        return Err(not_a(name, value, wanted));
    }
    match value.extract::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Ok(Duration::from_secs_f64(seconds.min(FOREVER_S))),
        Ok(seconds) => Err(invalid(py, format!("{name} is {seconds}: give {wanted}"))),
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => Err(invalid(
            py,
            format!("{name} is far too large: give {wanted}"),
        )),
        Err(_) => Err(not_a(name, value, wanted)),
    }
}

/// A duration in seconds, or None, which is forever or what the method says.
pub(crate) fn timeout(value: PyArg<'_, '_>) -> PyResult<Option<Duration>> {
    optional_seconds("timeout", value)
}

/// A duration in seconds, or None.
pub(crate) fn optional_seconds(name: &str, value: PyArg<'_, '_>) -> PyResult<Option<Duration>> {
    if value.is_none() {
        return Ok(None);
    }
    seconds(name, value).map(Some)
}

/// A number within the range of its type, or an error that names the range.
pub(crate) fn number<T: TryFrom<i64>>(
    name: &str,
    value: PyArg<'_, '_>,
    range: &str,
) -> PyResult<T> {
    let whole = whole(name, value, range)?;
    T::try_from(whole).map_err(|_| invalid(value.py(), format!("{name} is {whole}: give {range}")))
}

/// The same, or None.
pub(crate) fn optional_number<T: TryFrom<i64>>(
    name: &str,
    value: PyArg<'_, '_>,
    range: &str,
) -> PyResult<Option<T>> {
    if value.is_none() {
        return Ok(None);
    }
    number(name, value, range).map(Some)
}

/// A part of a whole.
pub(crate) fn fraction(name: &str, value: PyArg<'_, '_>) -> PyResult<f64> {
    match value.extract() {
        Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
        Ok(part) => Err(invalid(
            value.py(),
            format!("{name} is {part}: give 0 to 1"),
        )),
        Err(_) => Err(not_a(name, value, "a number from 0 to 1")),
    }
}

pub(crate) fn qos(value: PyArg<'_, '_>) -> PyResult<QoS> {
    let number = whole("qos", value, "0, 1 or 2")?;
    u8::try_from(number)
        .ok()
        .and_then(|number| QoS::try_from(number).ok())
        .ok_or_else(|| {
            invalid(
                value.py(),
                format!("QoS {number} does not exist: give 0, 1 or 2"),
            )
        })
}

/// A whole number; a bool, which Python takes for one, is rather an argument in the wrong place.
fn whole(name: &str, value: PyArg<'_, '_>, range: &str) -> PyResult<i64> {
    let py = value.py();
    if value.is_instance_of::<PyBool>() {
        return Err(not_a(name, value, range));
    }
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(py) {
            invalid(py, format!("{name} is far out of range: give {range}"))
        } else {
            not_a(name, value, range)
        }
    })
}

fn not_a(name: &str, value: PyArg<'_, '_>, wanted: &str) -> PyErr {
    let py = value.py();
    wrong_type(py, format!("{name} is {}: give {wanted}", type_name(value)))
}

fn type_name(value: PyArg<'_, '_>) -> String {
    let name = value.get_type().name();
    name.map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

/// A timeout as a number that can be waited for, or None.
#[pyfunction]
#[pyo3(signature = (seconds))]
pub(crate) fn checked_timeout(seconds: PyArg<'_, '_>) -> PyResult<Option<f64>> {
    Ok(timeout(seconds)?.map(|limit| limit.as_secs_f64()))
}

/// Refuses what is no text, or none that can be sent.
#[pyfunction]
pub(crate) fn check_text(name: &str, value: PyArg<'_, '_>) -> PyResult<()> {
    text(name, value).map(|_| ())
}

/// Refuses what is no topic filter.
#[pyfunction]
pub(crate) fn check_filter(name: &str, value: PyArg<'_, '_>) -> PyResult<()> {
    topic::validate_filter(text(name, value)?.as_bytes(), usize::MAX)
        .map_err(|error| invalid(value.py(), format!("{name} {error}")))
}

/// The bytes of a payload: text as UTF-8, and what any object with a buffer holds.
#[pyfunction]
pub(crate) fn payload_bytes<'py>(payload: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = payload.py();
    if let Ok(bytes) = payload.cast::<PyBytes>() {
        Ok(bytes.clone())
    } else if payload.is_instance_of::<PyString>() {
        Ok(PyBytes::new(py, text("payload", payload)?.as_bytes()))
    } else if let Ok(bytes) = payload.cast::<PyByteArray>() {
        Ok(PyBytes::new(py, &bytes.to_vec()))
    } else {
        match PyMemoryView::from(payload) {
            Ok(view) => buffer_bytes(payload, &view),
            Err(error) if error.is_instance_of::<PyTypeError>(py) => Err(no_payload(payload)),
            Err(error) => Err(unreadable(py, &error)),
        }
    }
}

/// What a buffer holds, in the order of its indices.
fn buffer_bytes<'py>(
    payload: PyArg<'_, 'py>,
    view: &Bound<'py, PyMemoryView>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = view.py();
    let refused = |error: PyErr| unreadable(py, &error);
    let name = type_name(payload);
    let format: String = view
        .getattr("format")
        .and_then(|format| format.extract())
        .map_err(refused)?;
    if format.contains('O') {
        return Err(wrong_type(
            py,
            format!(
                "the payload is {name}, which holds Python objects: give text, such as json.dumps(x.tolist())"
            ),
        ));
    }
    let dimensions: usize = view
        .getattr("ndim")
        .and_then(|dimensions| dimensions.extract())
        .map_err(refused)?;
    if dimensions == 0 {
        return Err(wrong_type(
            py,
            format!("the payload is {name}: give str(x), or bytes(x) for its bytes in memory"),
        ));
    }
    let bytes = view.call_method0("tobytes").map_err(refused)?;
    Ok(bytes.cast_into()?)
}

fn unreadable(py: Python<'_>, error: &PyErr) -> PyErr {
    invalid(py, format!("the payload cannot be read: {error}"))
}

/// The refusal of what is no payload, with what to write instead.
fn no_payload(payload: PyArg<'_, '_>) -> PyErr {
    let name = type_name(payload);
    let instead = if payload.is_none() {
        "b\"\" for an empty one"
    } else if payload.is_instance_of::<PyDict>()
        || payload.is_instance_of::<PyList>()
        || payload.is_instance_of::<PyTuple>()
    {
        "json.dumps(x)"
    } else if payload.is_instance_of::<PyInt>() || payload.is_instance_of::<PyFloat>() {
        "str(x)"
    } else if name == "Message" {
        "message.payload"
    } else {
        "text, bytes or another buffer, such as str(x)"
    };
    wrong_type(
        payload.py(),
        format!("the payload is {name}: give {instead}"),
    )
}

/// Whether a topic matches a filter (MQTT 3.1.1, chapter 4.7).
#[pyfunction]
pub(crate) fn topic_matches(topic_filter: PyArg<'_, '_>, topic: PyArg<'_, '_>) -> PyResult<bool> {
    let topic_filter = text("topic_filter", topic_filter)?;
    Ok(topic::matches(
        topic_filter.as_bytes(),
        text("topic", topic)?.as_bytes(),
    ))
}

/// Keeps an object alive for as long as the process: a forked child must not free what has threads.
#[pyfunction]
pub(crate) fn leak(thing: Py<PyAny>) {
    std::mem::forget(thing);
}
