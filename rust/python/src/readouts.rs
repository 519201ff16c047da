//! The readouts of a modem, as plain tuples: the public classes are Python's.

use std::time::UNIX_EPOCH;

use m531x_core::{
    ConfigReadback, Event, EventKind, LineKind, ModemInfo, MqttState, Signal, Stats, TraceEntry,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::errors::OrRaise;
use crate::outbox::stats_parts;

/// Packet id, QoS, seconds.
pub(crate) type ReceiptParts = (Option<u16>, u8, f64);

/// Model, model text, firmware, IMEI, IMSI, ICCID.
pub(crate) type InfoParts = (
    Option<&'static str>,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Host, port, client id, keep-alive, user name, whether a password is set, clean session, TLS.
pub(crate) type ConfigParts = (
    Option<String>,
    Option<u16>,
    Option<String>,
    Option<u16>,
    Option<String>,
    bool,
    Option<bool>,
    Option<bool>,
);

/// RSSI in dBm, bit error rate, both as the module gave them.
pub(crate) type SignalParts = (Option<i16>, Option<u8>, (u8, u8));

/// Name, description, USB vendor and product, serial number.
type PortParts = (String, String, Option<(u16, u16)>, Option<String>);

/// Number, seconds since 1970, kind, text.
pub(crate) type TraceParts = (u64, f64, &'static str, String);

pub(crate) fn trace_parts(entry: TraceEntry) -> TraceParts {
    let kind = match entry.kind {
        LineKind::Command => "command",
        LineKind::Answer => "answer",
        LineKind::Urc => "urc",
        LineKind::Message => "message",
    };
    let timestamp = entry
        .timestamp
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (entry.number, timestamp.as_secs_f64(), kind, entry.text())
}

pub(crate) fn info_parts(info: ModemInfo) -> InfoParts {
    (
        info.model.map(m531x_core::Model::name),
        info.model_text,
        info.firmware,
        info.imei,
        info.imsi,
        info.iccid,
    )
}

pub(crate) fn signal_parts(signal: Signal) -> SignalParts {
    (signal.rssi_dbm, signal.ber, signal.raw)
}

pub(crate) fn config_parts(config: ConfigReadback) -> ConfigParts {
    (
        config.host,
        config.port,
        config.client_id,
        config.keepalive,
        config.username,
        config.password_set,
        config.clean_session,
        config.tls,
    )
}

pub(crate) fn stats_dict<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let counters = PyDict::new(py);
    let session = stats.session;
    for (name, count) in [
        ("bytes_received", session.bytes_received),
        ("bytes_sent", session.bytes_sent),
        ("lines", session.lines),
        ("commands", session.commands),
        ("timeouts", session.timeouts),
        ("late_answers", session.late_answers),
        ("stray_results", session.stray_results),
        ("unknown_lines", session.unknown_lines),
        ("messages", session.messages),
        ("truncated", session.truncated),
        ("ambiguous", session.ambiguous),
        ("oversize", session.oversize),
        ("reboots", session.reboots),
        ("published", session.published),
        ("health_checks", session.health_checks),
        ("probes", session.probes),
        ("recoveries", session.recoveries.total()),
        ("dropped", stats.dropped),
        ("dropped_events", stats.dropped_events),
    ] {
        counters.set_item(name, count)?;
    }
    counters.set_item("queued", stats.queued)?;
    counters.set_item("queued_events", stats.queued_events)?;
    counters.set_item("outbox", stats.outbox.map(stats_parts))?;
    let causes = session.recoveries.by_cause().into_py_dict(py)?;
    counters.set_item("recoveries_by_cause", causes)?;
    Ok(counters)
}

/// The serial ports of this computer.
#[pyfunction]
pub(crate) fn ports(py: Python<'_>) -> PyResult<Vec<PortParts>> {
    let found = py.detach(m531x_core::ports).or_raise(py)?;
    Ok(found
        .into_iter()
        .map(|port| (port.name, port.description, port.usb, port.serial_number))
        .collect())
}

/// Every kind of event: number and name.
#[pyfunction]
pub(crate) fn event_kinds() -> Vec<(i32, &'static str)> {
    EventKind::ALL
        .iter()
        .map(|kind| (*kind as i32, kind.name()))
        .collect()
}

/// The level of an event in the log, as a number of syslog.
#[pyfunction]
pub(crate) fn log_level(kind: i32, value: i64) -> PyResult<i32> {
    Ok(event(kind, value, "")?.log_level() as i32)
}

/// An event as a line of the log.
#[pyfunction]
pub(crate) fn log_line(kind: i32, value: i64, text: &str) -> PyResult<String> {
    Ok(event(kind, value, text)?.log_line().1)
}

fn event(kind: i32, value: i64, text: &str) -> PyResult<Event> {
    let known = EventKind::ALL.iter().find(|known| **known as i32 == kind);
    let kind = *known.ok_or_else(|| PyValueError::new_err("no such kind of event"))?;
    Ok(Event::new(kind, value, text))
}

/// Every state of the MQTT connection: number and name.
#[pyfunction]
pub(crate) fn mqtt_states() -> Vec<(i32, &'static str)> {
    MqttState::ALL
        .iter()
        .map(|state| (*state as i32, state.name()))
        .collect()
}
