//! Recordings, replays and diagnoses.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use m531x_core::RecordingOptions;
use m531x_core::doctor::{self, DoctorOptions, Finding};
use m531x_core::replay::{self, ReplayItem, Replayed};
use pyo3::prelude::*;

use crate::errors::OrRaise;
use crate::message::arrivals;
use crate::modem::Modem;
use crate::options::ModemOptions;
use crate::requests::ConnectOptions;
use crate::wait::aside;

/// A recording under way.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Recording {
    core: m531x_core::Recording,
}

/// Entries, bytes, dropped entries.
type StatsParts = (u64, u64, u64);

#[pymethods]
impl Recording {
    #[staticmethod]
    fn start(py: Python<'_>, modem: &Modem, path: PathBuf, limit: u64) -> PyResult<Self> {
        let options = RecordingOptions {
            limit,
            ..RecordingOptions::new(path)
        };
        let core = py.detach(|| modem.core.record(options)).or_raise(py)?;
        Ok(Self { core })
    }

    /// The recording that the modem has now.
    #[staticmethod]
    fn of(py: Python<'_>, modem: &Modem) -> Option<Self> {
        let core = py.detach(|| modem.core.recording())?;
        Some(Self { core })
    }

    #[getter]
    fn path(&self) -> PathBuf {
        self.core.path().to_owned()
    }

    #[getter]
    fn finished(&self) -> bool {
        self.core.is_finished()
    }

    fn stats(&self) -> StatsParts {
        let stats = self.core.stats();
        (stats.entries, stats.bytes, stats.dropped)
    }

    fn finish(&self, py: Python<'_>) -> PyResult<StatsParts> {
        let stats = py.detach(|| self.core.finish()).or_raise(py)?;
        Ok((stats.entries, stats.bytes, stats.dropped))
    }
}

/// A recording that is played again.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Replay(Mutex<replay::Replay>);

/// Seconds, line, kind, operation, text, error, message or event.
type ItemParts = (
    f64,
    usize,
    &'static str,
    Option<u64>,
    String,
    Option<String>,
    Option<Py<PyAny>>,
);

#[pymethods]
impl Replay {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let replay = py.detach(|| replay::Replay::open(path)).or_raise(py)?;
        Ok(Self(Mutex::new(replay)))
    }

    fn next(&self, py: Python<'_>) -> PyResult<Option<ItemParts>> {
        let next = py.detach(|| {
            let mut replay = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            replay.next()
        });
        next.map(|item| parts(py, item)).transpose()
    }
}

fn parts(py: Python<'_>, item: ReplayItem) -> PyResult<ItemParts> {
    let at = item.at.as_secs_f64();
    let line = item.line;
    Ok(match item.what {
        Replayed::Incoming(incoming) => {
            let kind = match incoming {
                m531x_core::Incoming::Message(_) => "message",
                m531x_core::Incoming::Event(_) => "event",
            };
            let made = arrivals(py, &mut vec![incoming], &[])?.get_item(0)?;
            let text = String::new();
            (at, line, kind, None, text, None, Some(made.unbind()))
        }
        Replayed::Request { number, text } => (at, line, "request", Some(number), text, None, None),
        Replayed::Result {
            number,
            text,
            error,
        } => {
            let error = error.map(|error| format!("{:?}", error.code()));
            (at, line, "result", Some(number), text, error, None)
        }
        Replayed::Sent(passage) => (at, line, "sent", None, passage.to_string(), None, None),
        Replayed::Received(passage) => {
            (at, line, "received", None, passage.to_string(), None, None)
        }
        Replayed::Note(text) => (at, line, "note", None, text, None, None),
        Replayed::Difference(text) => (at, line, "difference", None, text, None, None),
        _ => (at, line, "other", None, String::new(), None, None),
    })
}

/// Step, verdict, text, remedy.
type FindingParts = (&'static str, &'static str, String, Option<String>);

/// Looks at a port and the module behind it.
#[pyfunction]
#[pyo3(signature = (port, options, broker))]
pub(crate) fn diagnose(
    py: Python<'_>,
    port: String,
    options: &ModemOptions,
    broker: Option<&ConnectOptions>,
) -> PyResult<Vec<FindingParts>> {
    let options = DoctorOptions {
        modem: options.core.clone(),
        broker: broker.map(|broker| broker.core.clone()),
    };
    let diagnosis = aside(py, "m531x-doctor", move || {
        doctor::diagnose(&port, &options, |_| {})
    })?;
    Ok(diagnosis.findings.into_iter().map(finding).collect())
}

/// Looks at the module behind an open modem.
#[pyfunction]
pub(crate) fn diagnose_open(py: Python<'_>, modem: &Modem) -> PyResult<Vec<FindingParts>> {
    let core = modem.core.clone();
    let diagnosis = aside(py, "m531x-doctor", move || core.diagnose(|_| {}))?;
    Ok(diagnosis.findings.into_iter().map(finding).collect())
}

fn finding(finding: Finding) -> FindingParts {
    let verdict = finding.verdict.name();
    (finding.step, verdict, finding.text, finding.remedy)
}
