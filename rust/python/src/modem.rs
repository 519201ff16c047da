//! The modem.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::operation::{
    Command, Config, Connect, Delete, Disconnect, Info, Publish, Reboot, SetAckTimeout,
    SetPingReport, Signal, Status, Subscribe, Unsubscribe, WaitForNetwork, Wake,
};
use m531x_core::{Error, ErrorCode, Secret};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arguments::{PyArg, flag, number, optional_text, payload_bytes, text, timeout};
use crate::delivery::{Delivery, parts};
use crate::ended::Ended;
use crate::errors::OrRaise;
use crate::message::{Message, arrivals, message_object};
use crate::opening::cancellable;
use crate::operation::Operation;
use crate::options::ModemOptions;
use crate::readouts::{
    TraceParts, config_parts, info_parts, signal_parts, stats_dict, trace_parts,
};
use crate::ready::{Readable, Ready};
use crate::requests::{ConnectOptions, publish_options, subscribe_options};
use crate::virtual_modem::VirtualModem;
use crate::wait::in_slices;

/// An open modem.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Modem {
    pub(crate) core: m531x_core::Modem,
    ended: Arc<Ended>,
    /// Whether the last batch was a large one, so that more is to be expected.
    streaming: AtomicBool,
    /// Made by the first `fileno`.
    readable: OnceLock<Arc<Readable>>,
}

/// A batch of this size or more is one of a stream: under it every message is handed on at once.
const STREAM: usize = 16;
/// How long a stream is left to gather. Waking for every few messages would cost more than they do.
const GATHER: Duration = Duration::from_micros(500);

#[pymethods]
impl Modem {
    #[staticmethod]
    fn open(port: PyArg<'_, '_>, options: &ModemOptions) -> PyResult<Operation> {
        let port = text("port", port)?.to_owned();
        let (options, guard) = cancellable(options);
        let open = move || m531x_core::Modem::open(&port, options);
        Ok(Operation::aside("m531x-open", guard, open, Self::from))
    }

    #[staticmethod]
    fn open_virtual(
        py: Python<'_>,
        module: &VirtualModem,
        options: &ModemOptions,
    ) -> PyResult<Operation> {
        let stream = module.connect(py)?;
        let (options, guard) = cancellable(options);
        let open = move || m531x_core::Modem::open_stream(stream, options);
        Ok(Operation::aside("m531x-open", guard, open, Self::from))
    }

    fn connect(&self, options: &ConnectOptions) -> Operation {
        self.operation(Connect(options.core.clone()), same)
    }

    /// Answers the event that asked for a password; false if no connect waits for it.
    #[pyo3(signature = (number, password, why))]
    fn set_password(
        &self,
        py: Python<'_>,
        number: u64,
        password: PyArg<'_, '_>,
        why: &str,
    ) -> PyResult<bool> {
        let password = optional_text("password", password)?
            .map(Secret::new)
            .ok_or_else(|| Error::new(ErrorCode::Connect, why));
        Ok(py.detach(|| self.core.set_password(Some(number), password)))
    }

    fn disconnect(&self) -> Operation {
        self.operation(Disconnect, same)
    }

    fn delete(&self) -> Operation {
        self.operation(Delete, same)
    }

    #[pyo3(signature = (topic, payload, qos, retain, seconds))]
    fn publish(
        &self,
        topic: PyArg<'_, '_>,
        payload: PyArg<'_, '_>,
        qos: PyArg<'_, '_>,
        retain: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Operation> {
        let topic = text("topic", topic)?;
        let payload = payload_bytes(payload)?;
        let options = publish_options(qos, retain, seconds)?;
        let publish = Publish::new(topic, payload.as_bytes(), options);
        Ok(self.operation(publish, parts))
    }

    #[pyo3(signature = (topic, payload, qos, retain, seconds))]
    fn publish_nowait(
        &self,
        py: Python<'_>,
        topic: PyArg<'_, '_>,
        payload: PyArg<'_, '_>,
        qos: PyArg<'_, '_>,
        retain: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Delivery> {
        let topic = text("topic", topic)?;
        let payload = payload_bytes(payload)?;
        let bytes = payload.as_bytes();
        let options = publish_options(qos, retain, seconds)?;
        let delivery = py
            .detach(|| self.core.publish_nowait(topic, bytes, options))
            .or_raise(py)?;
        Ok(Delivery::new(
            delivery,
            self.core.clone(),
            Arc::clone(&self.ended),
        ))
    }

    #[pyo3(signature = (topic_filter, qos, as_hex, seconds))]
    fn subscribe(
        &self,
        topic_filter: PyArg<'_, '_>,
        qos: PyArg<'_, '_>,
        as_hex: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Operation> {
        let topic_filter = text("topic", topic_filter)?;
        let options = subscribe_options(qos, as_hex, seconds)?;
        let subscribe = Subscribe::new(topic_filter, options);
        Ok(self.operation(subscribe, u8::from))
    }

    fn unsubscribe(&self, topic_filter: PyArg<'_, '_>) -> PyResult<Operation> {
        let topic_filter = text("topic", topic_filter)?;
        Ok(self.operation(Unsubscribe::new(topic_filter), same))
    }

    fn subscriptions(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.core.subscriptions())
    }

    fn status(&self) -> Operation {
        self.operation(Status, |state| state as i32)
    }

    fn mqtt_state(&self, py: Python<'_>) -> i32 {
        py.detach(|| self.core.mqtt_state()) as i32
    }

    fn config(&self) -> Operation {
        self.operation(Config, config_parts)
    }

    fn info(&self) -> Operation {
        self.operation(Info, info_parts)
    }

    fn signal(&self) -> Operation {
        self.operation(Signal, signal_parts)
    }

    #[pyo3(signature = (line, seconds))]
    fn command(&self, line: PyArg<'_, '_>, seconds: PyArg<'_, '_>) -> PyResult<Operation> {
        let command = Command::new(text("line", line)?).with_timeout(timeout(seconds)?);
        Ok(self.operation(command, same))
    }

    #[pyo3(signature = (seconds))]
    fn wait_for_network(&self, seconds: PyArg<'_, '_>) -> PyResult<Operation> {
        let timeout = timeout(seconds)?;
        Ok(self.operation(WaitForNetwork { timeout }, same))
    }

    fn wake(&self) -> Operation {
        self.operation(Wake, same)
    }

    fn reboot(&self) -> Operation {
        self.operation(Reboot, same)
    }

    fn set_ack_timeout(&self, seconds: PyArg<'_, '_>) -> PyResult<Operation> {
        let seconds = number("ack timeout", seconds, "1 to 65535 seconds")?;
        Ok(self.operation(SetAckTimeout(seconds), same))
    }

    fn set_ping_report(&self, enabled: PyArg<'_, '_>) -> PyResult<Operation> {
        let enabled = flag("enabled", enabled)?;
        Ok(self.operation(SetPingReport(enabled), same))
    }

    /// Waits for messages, events and ended deliveries; an empty list when the time has elapsed, and
    /// with no time at once.
    ///
    /// For the dispatcher's thread: it waits as a whole, and signals are not looked at.
    #[pyo3(signature = (most, seconds))]
    fn recv_batch<'py>(
        &self,
        py: Python<'py>,
        most: usize,
        seconds: PyArg<'_, '_>,
    ) -> PyResult<Bound<'py, PyList>> {
        let limit = timeout(seconds)?;
        let mut incoming = Vec::with_capacity(most);
        py.detach(|| {
            if limit != Some(Duration::ZERO) && self.streaming.load(Ordering::Relaxed) {
                thread::sleep(GATHER);
            }
            self.core.inbox().recv_called(most, limit, &mut incoming)
        })
        .or_raise(py)?;
        self.streaming
            .store(incoming.len() >= STREAM, Ordering::Relaxed);
        arrivals(py, &mut incoming, &self.ended.take())
    }

    /// Waits for a message that no callback takes, of a filter or of any; `None` when the time has
    /// elapsed. What is left can be taken after a close as well. With a number of `reads_ended` it
    /// raises when reading is ended.
    #[pyo3(signature = (topic_filter, seconds, since))]
    fn take<'py>(
        &self,
        py: Python<'py>,
        topic_filter: Option<&str>,
        seconds: PyArg<'_, '_>,
        since: Option<u64>,
    ) -> PyResult<Option<Bound<'py, Message>>> {
        let limit = timeout(seconds)?;
        if let Some(message) = self.take_now(py, topic_filter)? {
            return Ok(Some(message));
        }
        let deadline = limit.map(|limit| Instant::now().checked_add(limit));
        let left = || match deadline {
            Some(Some(deadline)) => Some(deadline.saturating_duration_since(Instant::now())),
            // What is beyond an `Instant` is no limit.
            Some(None) | None => None,
        };
        let taken = in_slices(py, |slice| {
            let wait = match (slice, left()) {
                (Some(slice), Some(left)) => Some(slice.min(left)),
                (slice, left) => slice.or(left),
            };
            let inbox = self.core.inbox();
            let taken = match since {
                Some(since) => inbox.recv_message_since(since, topic_filter, wait),
                None => inbox.recv_message_of(topic_filter, wait),
            };
            match taken {
                Ok(None) if left().is_some_and(|left| left.is_zero()) => Some(Ok(None)),
                Ok(None) => None,
                taken => Some(taken),
            }
        })?;
        taken
            .or_raise(py)?
            .map(|message| message_object(py, message))
            .transpose()
    }

    /// As `take`, without waiting.
    #[pyo3(signature = (topic_filter))]
    fn take_now<'py>(
        &self,
        py: Python<'py>,
        topic_filter: Option<&str>,
    ) -> PyResult<Option<Bound<'py, Message>>> {
        self.core
            .inbox()
            .recv_message_of(topic_filter, Some(Duration::ZERO))
            .or_raise(py)?
            .map(|message| message_object(py, message))
            .transpose()
    }

    /// Has `ready` signalled whenever something has come, and once nothing can follow.
    fn notify(&self, py: Python<'_>, ready: &Ready) {
        let signal = Arc::clone(&ready.signal);
        py.detach(|| self.core.inbox().on_receivable(move || signal.raise()));
    }

    fn is_serial_line(&self, py: Python<'_>) -> bool {
        py.detach(|| self.core.inbox().is_serial_line())
    }

    /// Has messages of a filter come from `recv_batch` if they are for a callback, else from `take`.
    fn route(&self, topic_filter: &str, called: bool) {
        self.core.inbox().route(topic_filter, called);
    }

    /// Adds a further reader of a filter; what it gives stands for the filter in `take` and `unroute`.
    fn route_copy(&self, topic_filter: &str, called: bool) -> String {
        self.core.inbox().route_copy(topic_filter, called)
    }

    /// Ends `take` for those who began earlier, behind what has come.
    fn end_reads(&self) {
        self.core.inbox().end_reads();
    }

    fn reads_ended(&self) -> u64 {
        self.core.inbox().reads_ended()
    }

    /// A descriptor that is readable while messages wait that no callback takes; None where there is none.
    fn fileno(&self, py: Python<'_>) -> PyResult<Option<i32>> {
        let readable = if let Some(readable) = self.readable.get() {
            readable
        } else {
            let made = Arc::new(Readable::new()?);
            let readable = self.readable.get_or_init(|| Arc::clone(&made));
            if Arc::ptr_eq(readable, &made) {
                py.detach(|| {
                    self.core.inbox().on_readable(move |waits| made.set(waits));
                });
            }
            readable
        };
        Ok(readable.number())
    }

    /// Whether the broker had kept the session; None if the module did not report it.
    fn session_present(&self, py: Python<'_>) -> Option<bool> {
        py.detach(|| self.core.session_present())
    }

    fn max_payload(
        &self,
        py: Python<'_>,
        topic: PyArg<'_, '_>,
        binary: PyArg<'_, '_>,
    ) -> PyResult<usize> {
        let (topic, binary) = (text("topic", topic)?, flag("binary", binary)?);
        py.detach(|| self.core.max_payload(topic, binary))
            .or_raise(py)
    }

    /// Disconnects within the time, or gives it up.
    #[pyo3(signature = (seconds))]
    fn leave(&self, py: Python<'_>, seconds: PyArg<'_, '_>) -> PyResult<()> {
        let limit = timeout(seconds)?.unwrap_or(Duration::MAX);
        let begun = Instant::now();
        let mut pending = py.detach(|| self.core.start(Disconnect)).or_raise(py)?;
        in_slices(py, |slice| {
            let left = limit.saturating_sub(begun.elapsed());
            let result = pending.wait_for(slice.unwrap_or(Duration::MAX).min(left));
            result.or_else(|| left.is_zero().then_some(Ok(())))
        })?
        .or_raise(py)
    }

    fn unroute(&self, topic_filter: &str) {
        self.core.inbox().unroute(topic_filter);
    }

    /// Has messages of no filter come from `recv_batch`, or from `take`.
    fn route_others(&self, called: bool) {
        self.core.inbox().set_called(Some(called), None);
    }

    /// A message whose callback is gone waits for `take`.
    fn give_back(&self, py: Python<'_>, message: &Bound<'_, Message>) {
        self.core.inbox().give_back(message.get().to_core(py));
    }

    /// Number, seconds since 1970, kind and text of the lines that passed, from a number on.
    fn trace(&self, py: Python<'_>, since: u64) -> Vec<TraceParts> {
        let entries = py.detach(|| self.core.trace(since));
        entries.into_iter().map(trace_parts).collect()
    }

    /// Has `recv_batch` return for every such line.
    fn wake_for_trace(&self, py: Python<'_>) {
        py.detach(|| self.core.inbox().wake_receiver_for_trace());
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = py.detach(|| self.core.stats());
        stats_dict(py, &stats)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.core.close()).or_raise(py)
    }

    /// As `close`, on a thread of its own, so that an event loop goes on meanwhile.
    fn closing(&self) -> Operation {
        let core = self.core.clone();
        Operation::aside("m531x-close", (), move || core.close(), same)
    }
}

impl Modem {
    fn operation<O, R>(&self, operation: O, convert: fn(O::Output) -> R) -> Operation
    where
        O: m531x_core::operation::Operation<Output: Send> + Send + 'static,
        R: for<'py> IntoPyObject<'py> + 'static,
    {
        Operation::of_modem(&self.core, operation, convert)
    }
}

impl From<m531x_core::Modem> for Modem {
    fn from(core: m531x_core::Modem) -> Self {
        core.inbox().set_called(None, Some(true));
        Self {
            core,
            ended: Arc::default(),
            streaming: AtomicBool::new(false),
            readable: OnceLock::new(),
        }
    }
}

fn same<T>(value: T) -> T {
    value
}
