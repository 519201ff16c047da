//! The border that no panic crosses.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use m531x_core::{Error, ErrorCode, without_cancellation};

use crate::constants::{M531X_OK, m531x_modem, m531x_status};
use crate::handle;
use crate::last_error::of_openings;
use crate::open_modem::OpenModem;
use crate::pin::pin_library;

/// Runs the body of a function that belongs to no open modem.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Error>) -> m531x_status {
    without_cancellation(|| status(&caught(body)))
}

/// As [`guard`] for a function that answers a question: 1 is yes, 0 is no.
pub(crate) fn guard_question(body: impl FnOnce() -> Result<bool, Error>) -> m531x_status {
    let mut answer = false;
    let status = guard(|| {
        answer = body()?;
        Ok(())
    });
    status + i32::from(answer)
}

/// As [`guard`] for a function whose error belongs to no modem yet, and keeps its text for the handle 0. What it opens may
/// have threads.
pub(crate) fn guard_opening(body: impl FnOnce() -> Result<(), Error>) -> m531x_status {
    guard(|| {
        pin_library();
        let result = caught(body);
        of_openings().keep(0, &result);
        result
    })
}

/// Runs the body of a function of an open modem, and keeps the error's text for it.
pub(crate) fn guard_modem(
    modem: m531x_modem,
    body: impl FnOnce(&Arc<OpenModem>) -> Result<(), Error>,
) -> m531x_status {
    guard(|| {
        let entry = handle::modems().get(modem)?;
        let result = caught(|| body(&entry));
        entry.last_error.keep(modem, &result);
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
        if !matches!(&result, Err(error) if error.code() == ErrorCode::Timeout) {
            entry.last_error.keep(modem, &result);
        }
        result
    })
}

/// The status for a result.
fn status(result: &Result<(), Error>) -> m531x_status {
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
