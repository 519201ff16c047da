//! Operations that were begun and go on by themselves, by their tokens.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use m531x_core::{Error, ErrorCode, Event, EventKind, Pending, QoS, Receipt};

use crate::constants::{M531X_OK, m531x_status};
use crate::marshal::{Out, invalid};
use crate::open_modem::OpenModem;

/// How many tokens may be out at once.
const TOKENS: usize = 65_536;
/// So many ends that were taken as events can still be asked for.
const LAST_TAKEN: usize = 1024;

/// The operations of one modem that have tokens.
#[derive(Default)]
pub(crate) struct Begun {
    last: u32,
    by_token: HashMap<u32, Arc<dyn Operation>>,
    /// Whose events were taken, oldest first.
    taken: VecDeque<u32>,
}

/// An operation whatever its result is.
pub(crate) trait Operation: Send + Sync {
    /// Its end as a status, as soon as it has come, or `None` when the time is over.
    fn wait(&self, limit: Option<Duration>) -> Option<Result<m531x_status, Error>>;

    fn is_done(&self) -> bool;
}

impl<T: Success> Operation for Pending<T> {
    fn wait(&self, limit: Option<Duration>) -> Option<Result<m531x_status, Error>> {
        let result = T::look(self, limit)?;
        Some(result.map(|result| result.status()))
    }

    fn is_done(&self) -> bool {
        Pending::is_done(self)
    }
}

/// The result of an operation that a token may name.
pub(crate) trait Success: Sized + 'static {
    /// 0, or what more there is to say.
    fn status(&self) -> m531x_status {
        M531X_OK
    }

    fn look(pending: &Pending<Self>, limit: Option<Duration>) -> Option<Result<Self, Error>>;
}

impl Success for () {
    fn look(pending: &Pending<Self>, limit: Option<Duration>) -> Option<Result<Self, Error>> {
        pending.look(limit)
    }
}

impl Success for Receipt {
    fn look(pending: &Pending<Self>, limit: Option<Duration>) -> Option<Result<Self, Error>> {
        pending.look(limit)
    }
}

impl Success for QoS {
    fn status(&self) -> m531x_status {
        u8::from(*self).into()
    }

    fn look(pending: &Pending<Self>, limit: Option<Duration>) -> Option<Result<Self, Error>> {
        pending.look(limit)
    }
}

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
    entry.begun().by_token.insert(number, operation);
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
    let operation = entry.begun().by_token.get(&token).cloned();
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
    let mut result = operation
        .wait(limit)
        .unwrap_or_else(|| Err(goes_on()));
    if is_undecided(&result) {
        if !operation.is_done() {
            return result;
        }
        // It ended by itself: just after the time was over, or without an answer of the module.
        result = operation
            .wait(Some(Duration::ZERO))
            .unwrap_or_else(|| Err(goes_on()));
    }
    entry.begun().by_token.remove(&token);
    entry.modem.forget_end(token);
    // M531X_ERR_TIMEOUT would say that it goes on.
    result.map_err(|error| match error.code() {
        ErrorCode::Timeout => Error::new(ErrorCode::ResultUnknown, error.to_string()),
        _ => error,
    })
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
        Some(Err(error)) if error.code() == ErrorCode::Timeout => ErrorCode::ResultUnknown.number(),
        Some(Err(error)) => error.code().number(),
        // Another thread has waited for it at the same time.
        None => M531X_OK,
    }
}

fn is_undecided<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(error) if matches!(error.code(), ErrorCode::Timeout | ErrorCode::Cancelled))
}

impl Begun {
    /// A number that is not in use, never 0, and fits the value of an event. A program that takes no end of
    /// its operations gets an error before they use up the memory.
    fn next_token(&mut self) -> Result<u32, Error> {
        if self.by_token.len() >= TOKENS + self.taken.len() {
            return Err(Error::new(
                ErrorCode::Busy,
                format!("{TOKENS} tokens are out: take their events, call m531x_publish_wait, or pass NULL for token"),
            ));
        }
        loop {
            self.last = self.last % i32::MAX.unsigned_abs() + 1;
            if !self.by_token.contains_key(&self.last) {
                return Ok(self.last);
            }
        }
    }

    fn take(&mut self, token: u32) -> Option<Arc<dyn Operation>> {
        let operation = self.by_token.get(&token).cloned()?;
        self.taken.push_back(token);
        if self.taken.len() > LAST_TAKEN {
            let oldest = self.taken.pop_front();
            oldest.and_then(|oldest| self.by_token.remove(&oldest));
        }
        Some(operation)
    }
}
