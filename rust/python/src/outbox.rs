//! The outbox: its options, and its file while no modem uses it.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use m531x_core::{Error, OutboxFile, OutboxOptions, OutboxOverflow, OutboxStats, StoredMessage};
use pyo3::prelude::*;

use crate::arguments::{PyArg, number, one_of};
use crate::errors::{OrRaise, wrong_type};

/// Path, most messages, most bytes, overflow, how many in flight.
pub(crate) type OutboxParts<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// Id, topic, payload, QoS, retain, seconds since 1970, why it is set aside.
type StoredParts = (u64, String, Vec<u8>, u8, bool, f64, Option<String>);

pub(crate) fn outbox_of(parts: Option<OutboxParts<'_>>) -> PyResult<Option<OutboxOptions>> {
    let Some((path, max_messages, max_bytes, overflow, in_flight)) = parts else {
        return Ok(None);
    };
    Ok(Some(OutboxOptions {
        path: path_of(&path)?,
        max_messages: number("max_messages", &max_messages, "1 or more")?,
        max_bytes: number("max_bytes", &max_bytes, "1 or more")?,
        overflow: one_of(
            "overflow of the outbox",
            &overflow,
            OutboxOverflow::ALL,
            OutboxOverflow::name,
        )?,
        in_flight: number("in_flight", &in_flight, "1 to 32")?,
    }))
}

/// Messages that wait, bytes, messages set aside, stored, sent, dropped.
pub(crate) fn stats_parts(stats: OutboxStats) -> (u64, u64, u64, u64, u64, u64) {
    (
        stats.messages,
        stats.bytes,
        stats.set_aside,
        stats.stored,
        stats.sent,
        stats.dropped,
    )
}

/// The messages in a file.
#[pyfunction]
pub(crate) fn outbox_messages(path: PyArg<'_, '_>) -> PyResult<Vec<StoredParts>> {
    let messages = with_file(path, |file| file.messages())?;
    Ok(messages.into_iter().map(stored_parts).collect())
}

/// Removes every message from a file.
#[pyfunction]
pub(crate) fn outbox_clear(path: PyArg<'_, '_>) -> PyResult<u64> {
    with_file(path, OutboxFile::clear)
}

/// Has what was set aside wait again.
#[pyfunction]
pub(crate) fn outbox_retry(path: PyArg<'_, '_>) -> PyResult<u64> {
    with_file(path, OutboxFile::retry)
}

fn with_file<T: Send>(
    path: PyArg<'_, '_>,
    work: impl FnOnce(&mut OutboxFile) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let file = path_of(path)?;
    path.py()
        .detach(|| OutboxFile::open(file).and_then(|mut file| work(&mut file)))
        .or_raise(path.py())
}

fn path_of(path: PyArg<'_, '_>) -> PyResult<PathBuf> {
    path.extract().map_err(|_| {
        let name = path.get_type().name();
        let name = name.map_or_else(|_| "something else".to_owned(), |name| name.to_string());
        wrong_type(
            path.py(),
            format!("path of the outbox is {name}: give str or os.PathLike"),
        )
    })
}

fn stored_parts(message: StoredMessage) -> StoredParts {
    let stored_at = message.stored_at.duration_since(UNIX_EPOCH);
    (
        message.id,
        message.topic,
        message.payload,
        message.qos.into(),
        message.retain,
        stored_at.unwrap_or_default().as_secs_f64(),
        message.set_aside,
    )
}
