//! The modem for an event loop: every operation is begun, none is waited for.

use std::sync::Arc;
use std::time::Duration;

use m531x_core::Pending;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{PyArg, flag, number, payload_bytes, text, timeout};
use crate::delivery::parts;
use crate::errors::OrRaise;
use crate::message::arrivals;
use crate::modem::Modem;
use crate::opening::cancellable;
use crate::operation::Operation;
use crate::options::ModemOptions;
use crate::readouts::{config_parts, info_parts};
use crate::ready::{Ready, Signal};
use crate::requests::{ConnectOptions, publish_options, subscribe_options};
use crate::virtual_modem::VirtualModem;

/// Begins operations of a modem, and fetches what it received.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Starter {
    core: m531x_core::Modem,
    signal: Arc<Signal>,
}

#[pymethods]
impl Starter {
    #[new]
    fn new(py: Python<'_>, modem: &Modem, ready: &Ready) -> Self {
        let signal = Arc::clone(&ready.signal);
        py.detach(|| modem.core.on_receivable(move || signal.raise()));
        Self {
            core: modem.core.clone(),
            signal: Arc::clone(&ready.signal),
        }
    }

    /// Opens a port; the result is a `Modem`.
    #[staticmethod]
    fn open(ready: &Ready, port: PyArg<'_, '_>, options: &ModemOptions) -> PyResult<Operation> {
        let port = text("port", port)?.to_owned();
        let (options, guard) = cancellable(options);
        let open = move || m531x_core::Modem::open(&port, options);
        Operation::aside("m531x-open", &ready.signal, guard, open, Modem::from)
    }

    /// Opens the line to a virtual modem in memory; the result is a `Modem`.
    #[staticmethod]
    fn open_virtual(
        py: Python<'_>,
        ready: &Ready,
        module: &VirtualModem,
        options: &ModemOptions,
    ) -> PyResult<Operation> {
        let stream = module.connect(py)?;
        let (options, guard) = cancellable(options);
        let open = move || m531x_core::Modem::open_stream(stream, options);
        Operation::aside("m531x-open", &ready.signal, guard, open, Modem::from)
    }

    fn connect(&self, py: Python<'_>, options: &ConnectOptions) -> PyResult<Operation> {
        let options = options.core.clone();
        self.start(py, |core| core.start_connect(options), same)
    }

    fn disconnect(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_disconnect, same)
    }

    fn delete(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_delete, same)
    }

    #[pyo3(signature = (topic, payload, qos, retain, seconds))]
    fn publish(
        &self,
        py: Python<'_>,
        topic: PyArg<'_, '_>,
        payload: PyArg<'_, '_>,
        qos: PyArg<'_, '_>,
        retain: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Operation> {
        let topic = text("topic", topic)?;
        let payload = payload_bytes(payload)?;
        let bytes = payload.as_bytes();
        let options = publish_options(qos, retain, seconds)?;
        self.start(py, |core| core.start_publish(topic, bytes, options), parts)
    }

    #[pyo3(signature = (topic, payload, qos, retain, seconds))]
    fn publish_nowait(
        &self,
        py: Python<'_>,
        topic: PyArg<'_, '_>,
        payload: &Bound<'_, PyAny>,
        qos: PyArg<'_, '_>,
        retain: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Operation> {
        let topic = text("topic", topic)?;
        let payload = payload_bytes(payload)?;
        let bytes = payload.as_bytes();
        let options = publish_options(qos, retain, seconds)?;
        let start = |core: &m531x_core::Modem| core.start_publish_nowait(topic, bytes, options);
        self.start(py, start, parts)
    }

    #[pyo3(signature = (topic_filter, qos, as_hex, seconds))]
    fn subscribe(
        &self,
        py: Python<'_>,
        topic_filter: PyArg<'_, '_>,
        qos: PyArg<'_, '_>,
        as_hex: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Operation> {
        let topic_filter = text("topic", topic_filter)?;
        let options = subscribe_options(qos, as_hex, seconds)?;
        let start = |core: &m531x_core::Modem| core.start_subscribe(topic_filter, options);
        self.start(py, start, u8::from)
    }

    fn unsubscribe(&self, py: Python<'_>, topic_filter: PyArg<'_, '_>) -> PyResult<Operation> {
        let topic_filter = text("topic", topic_filter)?;
        self.start(py, |core| core.start_unsubscribe(topic_filter), same)
    }

    fn status(&self, py: Python<'_>) -> PyResult<Operation> {
        let number = |state: m531x_core::MqttState| state as i32;
        self.start(py, m531x_core::Modem::start_status, number)
    }

    fn config(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_config, config_parts)
    }

    fn info(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_info, info_parts)
    }

    fn signal(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_signal, |signal| {
            (signal.rssi_dbm, signal.ber, signal.raw)
        })
    }

    #[pyo3(signature = (line, seconds))]
    fn command(
        &self,
        py: Python<'_>,
        line: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Operation> {
        let (line, limit) = (text("line", line)?, timeout(seconds)?);
        self.start(py, |core| core.start_command(line, limit), same)
    }

    #[pyo3(signature = (seconds))]
    fn wait_for_network(&self, py: Python<'_>, seconds: PyArg<'_, '_>) -> PyResult<Operation> {
        let limit = timeout(seconds)?;
        self.start(py, |core| core.start_wait_for_network(limit), same)
    }

    fn wake(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_wake, same)
    }

    fn reboot(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_reboot, same)
    }

    fn set_ack_timeout(&self, py: Python<'_>, seconds: PyArg<'_, '_>) -> PyResult<Operation> {
        let seconds = number("ack timeout", seconds, "1 to 65535 seconds")?;
        self.start(py, |core| core.start_set_ack_timeout(seconds), same)
    }

    fn set_ping_report(&self, py: Python<'_>, enabled: PyArg<'_, '_>) -> PyResult<Operation> {
        let enabled = flag("enabled", enabled)?;
        self.start(py, |core| core.start_set_ping_report(enabled), same)
    }

    /// The messages and events that are there, `most` at most; it does not wait.
    fn fetch<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyList>> {
        let mut incoming = Vec::new();
        py.detach(|| {
            self.core
                .recv_called(most, Some(Duration::ZERO), &mut incoming)
        })
        .or_raise(py)?;
        arrivals(py, &mut incoming, &[])
    }

    /// Closes the modem on a thread of its own, so that the loop goes on meanwhile.
    fn close(&self) -> PyResult<Operation> {
        let core = self.core.clone();
        Operation::aside("m531x-close", &self.signal, (), move || core.close(), same)
    }
}

impl Starter {
    fn start<T: Send + 'static, R>(
        &self,
        py: Python<'_>,
        start: impl FnOnce(&m531x_core::Modem) -> Result<Pending<T>, m531x_core::Error> + Send,
        convert: fn(T) -> R,
    ) -> PyResult<Operation>
    where
        R: for<'py> IntoPyObject<'py> + 'static,
    {
        let pending = py.detach(|| start(&self.core)).or_raise(py)?;
        Ok(Operation::of_pending(pending, &self.signal, convert))
    }
}

fn same<T>(value: T) -> T {
    value
}
