//! What Python hands over, checked.

use std::time::Duration;

use m531x_at::topic;
use m531x_core::QoS;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::errors::invalid;

/// Longer waits are as good as for ever, and an `Instant` can still hold them.
const FOREVER_S: f64 = 1e9;

/// A timeout in seconds, as a duration.
pub(crate) fn timeout(py: Python<'_>, seconds: Option<f64>) -> PyResult<Option<Duration>> {
    match seconds {
        None => Ok(None),
        Some(seconds) if seconds >= 0.0 => {
            Ok(Some(Duration::from_secs_f64(seconds.min(FOREVER_S))))
        }
        Some(seconds) => Err(invalid(
            py,
            format!("timeout is {seconds}: give seconds from 0 up, or None"),
        )),
    }
}

/// A number within the range of its type, or an error that tells the range.
pub(crate) fn number<T: TryFrom<i64>>(
    py: Python<'_>,
    name: &str,
    value: i64,
    range: &str,
) -> PyResult<T> {
    T::try_from(value).map_err(|_| invalid(py, format!("{name} is {value}: give {range}")))
}

pub(crate) fn qos(py: Python<'_>, value: i64) -> PyResult<QoS> {
    u8::try_from(value)
        .ok()
        .and_then(|value| QoS::try_from(value).ok())
        .ok_or_else(|| invalid(py, format!("QoS {value} does not exist: give 0, 1 or 2")))
}

/// Refuses a timeout that is negative or not a number.
#[pyfunction]
#[pyo3(signature = (seconds))]
pub(crate) fn check_timeout(py: Python<'_>, seconds: Option<f64>) -> PyResult<()> {
    timeout(py, seconds).map(|_| ())
}

/// The bytes of a payload; text becomes UTF-8.
#[pyfunction]
pub(crate) fn payload_bytes<'py>(payload: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = payload.py();
    if let Ok(bytes) = payload.cast::<PyBytes>() {
        Ok(bytes.clone())
    } else if let Ok(text) = payload.cast::<PyString>() {
        match text.to_str() {
            Ok(text) => Ok(PyBytes::new(py, text.as_bytes())),
            Err(error) => Err(invalid(
                py,
                format!("the payload's text cannot be written as UTF-8 ({error}): give bytes"),
            )),
        }
    } else if let Ok(bytes) = payload.cast::<PyByteArray>() {
        Ok(PyBytes::new(py, &bytes.to_vec()))
    } else if payload.is_instance_of::<PyMemoryView>() {
        Ok(payload.call_method0("tobytes")?.cast_into()?)
    } else {
        Err(invalid(
            py,
            format!(
                "the payload is {}: give str, bytes, bytearray or memoryview, such as str(value)",
                payload.get_type().name()?
            ),
        ))
    }
}

/// Whether a topic matches a filter (MQTT 3.1.1, chapter 4.7).
#[pyfunction]
pub(crate) fn topic_matches(topic_filter: &str, topic: &str) -> bool {
    topic::matches(topic_filter.as_bytes(), topic.as_bytes())
}

/// Keeps an object alive for as long as the process: a forked child must not free what has threads.
#[pyfunction]
pub(crate) fn leak(thing: Py<PyAny>) {
    std::mem::forget(thing);
}
