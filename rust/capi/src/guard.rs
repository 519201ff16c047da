//! The border that no panic crosses.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use m531x_core::{Error, ErrorCode};

use crate::constants::{M531X_OK, m531x_modem, m531x_status};
use crate::handle;
use crate::open_modem::OpenModem;

/// Runs the body of a function that belongs to no open modem.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Error>) -> m531x_status {
    status(&caught(body))
}

/// Runs the body of a function of an open modem, and keeps the error's text for it.
pub(crate) fn guard_modem(
    modem: m531x_modem,
    body: impl FnOnce(&Arc<OpenModem>) -> Result<(), Error>,
) -> m531x_status {
    guard(|| {
        let entry = handle::modems().get(modem)?;
        let result = caught(|| body(&entry));
        if let Err(error) = &result {
            entry.last_error.keep(error);
        }
        result
    })
}

/// As [`guard_modem`] for a function that waits for what may or may not come. That nothing came is no
/// error worth keeping: a loop that polls would overwrite what another thread is about to read.
pub(crate) fn guard_wait(
    modem: m531x_modem,
    body: impl FnOnce(&Arc<OpenModem>) -> Result<(), Error>,
) -> m531x_status {
    guard(|| {
        let entry = handle::modems().get(modem)?;
        let result = caught(|| body(&entry));
        match &result {
            Err(error) if error.code() != ErrorCode::Timeout => entry.last_error.keep(error),
            _ => {}
        }
        result
    })
}

/// The status for a result.
pub(crate) fn status(result: &Result<(), Error>) -> m531x_status {
    match result {
        Ok(()) => M531X_OK,
        Err(error) => error.code().number(),
    }
}

fn caught(body: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    // Nothing that a panic leaves half done is used again: locks recover, and the state behind them
    // is replaced whole.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorCode::Internal,
            "a defect in m531x: please report what was called",
        ))
    })
}
