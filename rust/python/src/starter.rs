//! The modem for an event loop: every operation is begun, none is waited for.

use std::sync::Arc;
use std::time::Duration;

use m531x_core::{OpenCancel, Pending, SubscribeOptions};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{number, payload_bytes, qos, timeout};
use crate::delivery::parts;
use crate::errors::OrRaise;
use crate::message::arrivals;
use crate::modem::{Modem, WillParts, connect_options, publish_options};
use crate::operation::Operation;
use crate::options::ModemOptions;
use crate::readouts::{config_parts, info_parts};
use crate::ready::{Ready, Signal};
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
    fn open(ready: &Ready, port: String, options: &ModemOptions) -> PyResult<Operation> {
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

    #[expect(clippy::too_many_arguments, reason = "the public method has them")]
    #[pyo3(signature = (
        host, port, client_id, username, password, keepalive, clean_session, tls, will,
        ack_timeout, seconds
    ))]
    fn connect(
        &self,
        py: Python<'_>,
        host: String,
        port: i64,
        client_id: String,
        username: Option<String>,
        password: Option<String>,
        keepalive: i64,
        clean_session: bool,
        tls: bool,
        will: Option<WillParts<'_>>,
        ack_timeout: i64,
        seconds: Option<f64>,
    ) -> PyResult<Operation> {
        let options = connect_options(
            py,
            host,
            port,
            client_id,
            username,
            password,
            keepalive,
            clean_session,
            tls,
            will,
            ack_timeout,
            seconds,
        )?;
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
        topic: &str,
        payload: &Bound<'_, PyAny>,
        qos: i64,
        retain: bool,
        seconds: Option<f64>,
    ) -> PyResult<Operation> {
        let payload = payload_bytes(payload)?;
        let bytes = payload.as_bytes();
        let options = publish_options(py, qos, retain, seconds)?;
        self.start(py, |core| core.start_publish(topic, bytes, options), parts)
    }

    #[pyo3(signature = (topic_filter, qos, as_hex, seconds))]
    fn subscribe(
        &self,
        py: Python<'_>,
        topic_filter: &str,
        qos: i64,
        as_hex: bool,
        seconds: Option<f64>,
    ) -> PyResult<Operation> {
        let options = SubscribeOptions {
            qos: self::qos(py, qos)?,
            hex: as_hex,
            timeout: timeout(py, seconds)?,
        };
        let start = |core: &m531x_core::Modem| core.start_subscribe(topic_filter, options);
        self.start(py, start, u8::from)
    }

    fn unsubscribe(&self, py: Python<'_>, topic_filter: &str) -> PyResult<Operation> {
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
    fn command(&self, py: Python<'_>, line: &str, seconds: Option<f64>) -> PyResult<Operation> {
        let limit = timeout(py, seconds)?;
        self.start(py, |core| core.start_command(line, limit), same)
    }

    #[pyo3(signature = (seconds))]
    fn wait_for_network(&self, py: Python<'_>, seconds: Option<f64>) -> PyResult<Operation> {
        let limit = timeout(py, seconds)?;
        self.start(py, |core| core.start_wait_for_network(limit), same)
    }

    fn wake(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_wake, same)
    }

    fn reboot(&self, py: Python<'_>) -> PyResult<Operation> {
        self.start(py, m531x_core::Modem::start_reboot, same)
    }

    fn set_ack_timeout(&self, py: Python<'_>, seconds: i64) -> PyResult<Operation> {
        let seconds = number(py, "ack timeout", seconds, "1 to 65535 seconds")?;
        self.start(py, |core| core.start_set_ack_timeout(seconds), same)
    }

    fn set_ping_report(&self, py: Python<'_>, enabled: bool) -> PyResult<Operation> {
        self.start(py, |core| core.start_set_ping_report(enabled), same)
    }

    /// The messages and events that are there, `most` at most; it does not wait.
    fn fetch<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyList>> {
        let mut incoming = Vec::new();
        py.detach(|| {
            self.core
                .recv_batch(most, Some(Duration::ZERO), &mut incoming)
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

/// Ends the opening that nobody waits for any more, so that its port is free soon.
struct EndsOpening(OpenCancel);

impl Drop for EndsOpening {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn cancellable(options: &ModemOptions) -> (m531x_core::ModemOptions, EndsOpening) {
    let cancel = OpenCancel::default();
    let mut core = options.core.clone();
    core.open_cancel = Some(cancel.clone());
    (core, EndsOpening(cancel))
}

fn same<T>(value: T) -> T {
    value
}
