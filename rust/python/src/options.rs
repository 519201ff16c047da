//! How a modem is opened.

use m531x_core::{Model, Overflow, Recovery};
use pyo3::prelude::*;

use crate::arguments::{number, timeout};
use crate::errors::invalid;

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
        model, baudrate, command_timeout, guard_time, queue_size, overflow, trace, recovery
    ))]
    fn new(
        py: Python<'_>,
        model: &str,
        baudrate: Option<i64>,
        command_timeout: f64,
        guard_time: Option<f64>,
        queue_size: i64,
        overflow: &str,
        trace: i64,
        recovery: Option<RecoveryParts>,
    ) -> PyResult<Self> {
        let defaults = m531x_core::ModemOptions::default();
        let core = m531x_core::ModemOptions {
            model: model_or_auto(py, model)?,
            baudrate: baudrate_of(py, baudrate)?,
            command_timeout: timeout(py, Some(command_timeout))?
                .unwrap_or(defaults.command_timeout),
            guard_time: timeout(py, guard_time)?,
            queue_size: number(py, "queue_size", queue_size, "1 or more")?,
            overflow: match overflow {
                "block" => Overflow::Block,
                "drop_oldest" => Overflow::DropOldest,
                "drop_newest" => Overflow::DropNewest,
                other => {
                    return Err(invalid(
                        py,
                        format!("overflow is {other:?}: give block, drop_oldest or drop_newest"),
                    ));
                }
            },
            wire_log: number(py, "trace", trace, "0 or more lines")?,
            recovery: recovery_of(py, recovery)?,
            ..defaults
        };
        if core.queue_size == 0 {
            return Err(invalid(py, "queue_size is 0: give 1 or more"));
        }
        Ok(Self { core })
    }
}

/// Initial delay, longest delay, jitter, most attempts.
type RecoveryParts = (f64, f64, f64, Option<i64>);

fn recovery_of(py: Python<'_>, parts: Option<RecoveryParts>) -> PyResult<Recovery> {
    let Some((initial_delay, max_delay, jitter, max_attempts)) = parts else {
        return Ok(Recovery::off());
    };
    let defaults = Recovery::default();
    if !(0.0..=1.0).contains(&jitter) {
        return Err(invalid(py, format!("jitter is {jitter}: give 0 to 1")));
    }
    Ok(Recovery {
        initial_delay: timeout(py, Some(initial_delay))?.unwrap_or(defaults.initial_delay),
        max_delay: timeout(py, Some(max_delay))?.unwrap_or(defaults.max_delay),
        jitter,
        max_attempts: max_attempts
            .map(|most| number(py, "max_attempts", most, "0 or more"))
            .transpose()?,
        ..defaults
    })
}

pub(crate) fn baudrate_of(py: Python<'_>, baudrate: Option<i64>) -> PyResult<Option<u32>> {
    let Some(baudrate) = baudrate else {
        return Ok(None);
    };
    match number(
        py,
        "baudrate",
        baudrate,
        "1 or more, such as 9600 or 115200",
    )? {
        0 => Err(invalid(
            py,
            "baudrate is 0: give 1 or more, such as 9600 or 115200, or None for the model's",
        )),
        baudrate => Ok(Some(baudrate)),
    }
}

pub(crate) fn model_of(py: Python<'_>, name: &str) -> PyResult<Model> {
    name.parse().map_err(|error| {
        invalid(
            py,
            format!("{error}, or \"auto\" where there is a module to ask"),
        )
    })
}

fn model_or_auto(py: Python<'_>, name: &str) -> PyResult<Option<Model>> {
    if name.eq_ignore_ascii_case("auto") {
        Ok(None)
    } else {
        model_of(py, name).map(Some)
    }
}
