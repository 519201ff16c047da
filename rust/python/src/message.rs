//! The message, and what `recv_batch` makes of what arrived.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use m531x_core::{Event, Incoming, QoS};
use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::arguments::{PyArg, number, payload_bytes, qos};

/// A publish that arrived from the broker.
///
/// Messages cannot be changed; they can be compared, hashed and pickled.
///
/// Attributes:
///     topic: The topic; bytes that are not UTF-8 are replaced.
///     payload: The bytes, exactly as they arrived.
///     qos: The quality of service of this delivery.
///     retain: Whether the broker sent it because it was retained.
///     dup: Whether the broker sent it again.
///     packet_id: The packet id; 0 for QoS 0.
///     timestamp: When it arrived, in seconds since 1970 (as `time.time`).
///     truncated: Whether fewer bytes arrived than the module declared.
///     ambiguous: Whether the boundary between topic and payload is uncertain.
///
/// Example:
///     >>> message = Message("room/1", b"\xe6\xb8\xa9\xe5\xba\xa6 21", qos=1)
///     >>> message.text
///     '温度 21'
#[pyclass(frozen, module = "m531x", freelist = 512)]
#[expect(
    clippy::doc_markdown,
    reason = "the text is Python's, in Google's style"
)]
pub(crate) struct Message {
    #[pyo3(get)]
    topic: Py<PyString>,
    #[pyo3(get)]
    payload: Py<PyBytes>,
    #[pyo3(get)]
    qos: u8,
    #[pyo3(get)]
    retain: bool,
    #[pyo3(get)]
    dup: bool,
    #[pyo3(get)]
    packet_id: u16,
    #[pyo3(get)]
    timestamp: f64,
    #[pyo3(get)]
    truncated: bool,
    #[pyo3(get)]
    ambiguous: bool,
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(
        signature = (
            topic, payload, qos=None, retain=false, dup=false, packet_id=None, timestamp=0.0,
            truncated=false, ambiguous=false
        ),
        text_signature = "(topic, payload, qos=0, retain=False, dup=False, packet_id=0, \
                          timestamp=0.0, truncated=False, ambiguous=False)"
    )]
    #[expect(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "its fields"
    )]
    fn new(
        topic: Py<PyString>,
        payload: PyArg<'_, '_>,
        qos: Option<PyArg<'_, '_>>,
        retain: bool,
        dup: bool,
        packet_id: Option<PyArg<'_, '_>>,
        timestamp: f64,
        truncated: bool,
        ambiguous: bool,
    ) -> PyResult<Self> {
        Ok(Self {
            topic,
            payload: payload_bytes(payload)?.unbind(),
            qos: qos.map_or(Ok(0), |given| self::qos(given).map(u8::from))?,
            retain,
            dup,
            packet_id: packet_id.map_or(Ok(0), |given| number("packet_id", given, "0 to 65535"))?,
            timestamp,
            truncated,
            ambiguous,
        })
    }

    /// The payload as text; bytes that are not UTF-8 become U+FFFD (`payload.decode()` refuses them).
    #[getter]
    fn text(&self, py: Python<'_>) -> String {
        String::from_utf8_lossy(self.payload.as_bytes(py)).into_owned()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = format!(
            "Message(topic={}, payload={}, qos={}",
            self.topic.bind(py).repr()?,
            self.payload.bind(py).repr()?,
            self.qos
        );
        for (name, set) in [
            ("retain", self.retain),
            ("dup", self.dup),
            ("truncated", self.truncated),
            ("ambiguous", self.ambiguous),
        ] {
            if set {
                text.push_str(", ");
                text.push_str(name);
                text.push_str("=True");
            }
        }
        text.push(')');
        Ok(text)
    }

    /// A table for notebooks, made in Python.
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let message = slf.get();
        let rows = (
            ("topic", &message.topic),
            ("payload", &message.payload),
            ("text", message.text(py)),
            ("qos", message.qos),
            ("retain", message.retain),
            ("packet_id", message.packet_id),
            ("truncated", message.truncated),
            ("ambiguous", message.ambiguous),
        );
        let table = py.import("m531x._html")?.getattr("table")?;
        Ok(table.call1(("Message", rows))?.unbind())
    }

    fn __richcmp__(
        &self,
        other: &Bound<'_, PyAny>,
        op: CompareOp,
        py: Python<'_>,
    ) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Self>() else {
            return Ok(py.NotImplemented());
        };
        let same = self.fields(py)?.eq(other.get().fields(py)?)?;
        match op {
            CompareOp::Eq => Ok(same.into_pyobject(py)?.to_owned().into_any().unbind()),
            CompareOp::Ne => Ok((!same).into_pyobject(py)?.to_owned().into_any().unbind()),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.fields(py)?.hash()
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((py.get_type::<Self>().into_any(), self.fields(py)?))
    }
}

impl Message {
    fn of(py: Python<'_>, topic: Py<PyString>, message: &m531x_core::Message) -> Self {
        Self {
            topic,
            payload: PyBytes::new(py, &message.payload).unbind(),
            qos: message.qos.into(),
            retain: message.retain,
            dup: message.dup,
            packet_id: message.packet_id,
            timestamp: unix_seconds(message.timestamp),
            truncated: message.truncated,
            ambiguous: message.ambiguous,
        }
    }

    pub(crate) fn to_core(&self, py: Python<'_>) -> m531x_core::Message {
        let since = Duration::try_from_secs_f64(self.timestamp).unwrap_or_default();
        m531x_core::Message {
            topic: self.topic.bind(py).to_string_lossy().into_owned(),
            payload: self.payload.as_bytes(py).to_vec(),
            qos: QoS::try_from(self.qos).unwrap_or_default(),
            retain: self.retain,
            dup: self.dup,
            packet_id: self.packet_id,
            timestamp: UNIX_EPOCH + since,
            truncated: self.truncated,
            ambiguous: self.ambiguous,
        }
    }

    /// The arguments that make the same message again.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (
            &self.topic,
            &self.payload,
            self.qos,
            self.retain,
            self.dup,
            self.packet_id,
            self.timestamp,
            self.truncated,
            self.ambiguous,
        )
            .into_pyobject(py)
    }
}

/// The Python object of a message.
pub(crate) fn message_object(
    py: Python<'_>,
    message: m531x_core::Message,
) -> PyResult<Bound<'_, Message>> {
    let topic = PyString::new(py, &message.topic).unbind();
    Bound::new(py, Message::of(py, topic, &message))
}

/// Makes a list of messages, events (tuples) and ended deliveries (numbers).
pub(crate) fn arrivals<'py>(
    py: Python<'py>,
    incoming: &mut Vec<Incoming>,
    ended: &[u64],
) -> PyResult<Bound<'py, PyList>> {
    let mut items: Vec<Bound<'py, PyAny>> = Vec::with_capacity(ended.len() + incoming.len());
    for token in ended {
        items.push(token.into_pyobject(py)?.into_any());
    }
    // Messages of one topic share its text, and with it the hash by which they are routed.
    let mut last: Option<(String, Py<PyString>)> = None;
    for entry in incoming.drain(..) {
        match entry {
            Incoming::Event(event) => items.push(event_tuple(event).into_pyobject(py)?.into_any()),
            Incoming::Message(message) => {
                let topic = match &last {
                    Some((text, topic)) if *text == message.topic => topic.clone_ref(py),
                    _ => {
                        let topic = PyString::new(py, &message.topic).unbind();
                        last = Some((message.topic.clone(), topic.clone_ref(py)));
                        topic
                    }
                };
                let message = Bound::new(py, Message::of(py, topic, &message))?;
                items.push(message.into_any());
            }
        }
    }
    PyList::new(py, items)
}

fn event_tuple(event: Event) -> (i32, i64, String, f64) {
    (
        event.kind as i32,
        event.value,
        event.text,
        unix_seconds(event.timestamp),
    )
}

fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
