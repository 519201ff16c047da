//! Beginning operations, and their ends.

use std::sync::Arc;
use std::time::Duration;

use m531x_core::{Error, ErrorCode, Event, EventKind, Pending};

use crate::begun::{Operation, Success};
use crate::constants::{M531X_OK, m531x_status};
use crate::marshal::{Out, invalid};
use crate::open_modem::OpenModem;

/// Begins an operation. Its end becomes an event, unless the program wants no token.
pub(crate) fn begin<T: Success>(
    entry: &OpenModem,
    token: &Out<u32>,
    start: impl FnOnce() -> Result<Pending<T>, Error>,
) -> Result<(), Error> {
    if token.is_null() {
        start()?.detach();
        return Ok(());
    }
    let number = entry.begun().next_token()?;
    // Without the lock: with an outbox this waits for the disk.
    let pending = Arc::new(start()?);
    let operation: Arc<dyn Operation> = Arc::<Pending<T>>::clone(&pending);
    entry.begun().keep(number, operation);
    // Before the event, which another thread may take.
    token.set(number);
    pending.announce_end(number);
    Ok(())
}

/// Waits for an operation's end, which uses up the token and its event.
pub(crate) fn finish(
    entry: &OpenModem,
    token: u32,
    limit: Option<Duration>,
) -> Result<m531x_status, Error> {
    let operation = entry.begun().get(token);
    let operation = operation.ok_or_else(|| {
        invalid(format!(
            "token {token} is not known: it was never given, or is used up"
        ))
    })?;
    let goes_on = || {
        let limit = limit.unwrap_or_default().as_millis();
        let text = format!("the operation was not complete within {limit} ms; it goes on");
        Error::new(ErrorCode::Timeout, text)
    };
    let mut result = operation.wait(limit).unwrap_or_else(|| Err(goes_on()));
    if is_undecided(&result) {
        if !operation.is_done() {
            return result;
        }
        // It ended by itself: just after the time was over, or without an answer of the module.
        result = operation
            .wait(Some(Duration::ZERO))
            .unwrap_or_else(|| Err(goes_on()));
    }
    entry.begun().forget(token);
    entry.modem.inbox().forget_end(token);
    result.map_err(ended_with)
}

/// The status of the operation whose end this event is, which has been taken; 0 for every other event.
pub(crate) fn take_end(entry: &OpenModem, event: &Event) -> m531x_status {
    let (EventKind::Done, Ok(token)) = (event.kind, u32::try_from(event.value)) else {
        return M531X_OK;
    };
    let operation = entry.begun().take(token);
    let ended = operation.and_then(|operation| operation.wait(Some(Duration::ZERO)));
    match ended {
        Some(Ok(status)) => status,
        Some(Err(error)) => ended_with(error).code().number(),
        // Another thread has waited for it at the same time.
        None => M531X_OK,
    }
}

/// The error of an operation that has ended: M531X_ERR_TIMEOUT would say that it goes on.
fn ended_with(error: Error) -> Error {
    match error.code() {
        ErrorCode::Timeout => Error::new(ErrorCode::ResultUnknown, error.to_string()),
        _ => error,
    }
}

fn is_undecided<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(error) if matches!(error.code(), ErrorCode::Timeout | ErrorCode::Cancelled))
}
