//! How a modem is opened.

use std::path::PathBuf;

use m531x_core::{HealthCheck, Model, Overflow, RecordingOptions, Recovery};
use pyo3::prelude::*;

use crate::arguments::{
    PyArg, flag, fraction, number, one_of, optional_flag, optional_number, optional_seconds,
    optional_text, seconds, text,
};
use crate::errors::invalid;
use crate::outbox::{OutboxParts, outbox_of};

/// The options of `Modem`, checked.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct ModemOptions {
    pub(crate) core: m531x_core::ModemOptions,
}

#[pymethods]
impl ModemOptions {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the public class has them")]
    #[pyo3(signature = (
        model, baudrate, open_timeout, command_timeout, guard_time, queue_size, queue_bytes, overflow, max_waiting, trace,
        recovery,
        outbox, record, dtr, rts
    ))]
    fn new(
        py: Python<'_>,
        model: PyArg<'_, '_>,
        baudrate: PyArg<'_, '_>,
        open_timeout: PyArg<'_, '_>,
        command_timeout: PyArg<'_, '_>,
        guard_time: PyArg<'_, '_>,
        queue_size: PyArg<'_, '_>,
        queue_bytes: PyArg<'_, '_>,
        overflow: PyArg<'_, '_>,
        max_waiting: PyArg<'_, '_>,
        trace: PyArg<'_, '_>,
        recovery: Option<RecoveryParts<'_>>,
        outbox: Option<OutboxParts<'_>>,
        record: Option<PathBuf>,
        dtr: PyArg<'_, '_>,
        rts: PyArg<'_, '_>,
    ) -> PyResult<Self> {
        let defaults = m531x_core::ModemOptions::default();
        let core = m531x_core::ModemOptions {
            model: model_or_auto(model)?,
            baudrate: baudrate_of(baudrate)?,
            dtr: optional_flag("dtr", dtr)?,
            rts: optional_flag("rts", rts)?,
            open_timeout: seconds("open_timeout", open_timeout)?,
            command_timeout: seconds("command_timeout", command_timeout)?,
            guard_time: optional_seconds("guard_time", guard_time)?,
            queue_size: number("queue_size", queue_size, "1 or more")?,
            queue_bytes: number("queue_bytes", queue_bytes, "1 or more")?,
            overflow: one_of("overflow", overflow, Overflow::ALL, Overflow::name)?,
            max_waiting: number("max_waiting", max_waiting, "1 or more")?,
            trace: number("trace", trace, "0 or more lines")?,
            recovery: recovery_of(recovery)?,
            outbox: outbox_of(outbox)?,
            recording: record.map(RecordingOptions::new),
            ..defaults
        };
        if core.queue_size == 0 {
            return Err(invalid(py, "queue_size is 0: give 1 or more"));
        }
        if core.queue_bytes == 0 {
            return Err(invalid(py, "queue_bytes is 0: give 1 or more"));
        }
        if core.max_waiting == 0 {
            return Err(invalid(py, "max_waiting is 0: give 1 or more"));
        }
        Ok(Self { core })
    }

    /// For a look at a module: model and speed, the defaults for the rest, and no recovery.
    #[staticmethod]
    #[pyo3(signature = (model, baudrate))]
    fn for_diagnosis(model: PyArg<'_, '_>, baudrate: PyArg<'_, '_>) -> PyResult<Self> {
        let core = m531x_core::ModemOptions {
            model: model_or_auto(model)?,
            baudrate: baudrate_of(baudrate)?,
            recovery: recovery_of(None)?,
            ..m531x_core::ModemOptions::default()
        };
        Ok(Self { core })
    }
}

/// Period, topic, timeout, misses, loop-back.
type HealthParts<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// Initial delay, longest delay, jitter, most attempts, health check, loss budget.
type RecoveryParts<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Option<HealthParts<'py>>,
    Bound<'py, PyAny>,
);

fn recovery_of(parts: Option<RecoveryParts<'_>>) -> PyResult<Recovery> {
    let Some((initial_delay, max_delay, jitter, max_attempts, health_check, loss_budget)) = parts
    else {
        return Ok(Recovery::off());
    };
    let defaults = Recovery::default();
    let jitter = fraction("jitter", &jitter)?;
    Ok(Recovery {
        initial_delay: seconds("initial_delay", &initial_delay)?,
        max_delay: seconds("max_delay", &max_delay)?,
        jitter,
        max_attempts: optional_number("max_attempts", &max_attempts, "0 or more, or None")?,
        health_check: health_check.map(health_check_of).transpose()?,
        loss_budget: number("loss_budget", &loss_budget, "1 or more")?,
        ..defaults
    })
}

fn health_check_of(parts: HealthParts<'_>) -> PyResult<HealthCheck> {
    let (period, topic, timeout, misses, loop_back) = parts;
    Ok(HealthCheck {
        period: seconds("period", &period)?,
        topic: optional_text("topic", &topic)?.map(str::to_owned),
        timeout: seconds("timeout", &timeout)?,
        misses: number("misses", &misses, "1 or more")?,
        loop_back: flag("loop_back", &loop_back)?,
    })
}

pub(crate) fn baudrate_of(baudrate: PyArg<'_, '_>) -> PyResult<Option<u32>> {
    let range = "1 or more, such as 9600 or 115200, or None for the model's";
    match optional_number("baudrate", baudrate, range)? {
        Some(0) => Err(invalid(
            baudrate.py(),
            format!("baudrate is 0: give {range}"),
        )),
        baudrate => Ok(baudrate),
    }
}

pub(crate) fn model_of(name: PyArg<'_, '_>) -> PyResult<Model> {
    text("model", name)?.parse().map_err(|error| {
        invalid(
            name.py(),
            format!("{error}, or \"auto\" where there is a module to ask"),
        )
    })
}

fn model_or_auto(name: PyArg<'_, '_>) -> PyResult<Option<Model>> {
    if text("model", name)?.eq_ignore_ascii_case("auto") {
        Ok(None)
    } else {
        model_of(name).map(Some)
    }
}
