//! Operations that were begun and go on by themselves, by their tokens.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use m531x_core::session::Outcome;
use m531x_core::{Error, ErrorCode, Pending, QoS, Receipt};

use crate::constants::{M531X_OK, m531x_status};

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

/// An operation with a result of any type.
pub(crate) trait Operation: Send + Sync {
    /// Its end as a status, as soon as it has come, or `None` when the time is over.
    fn wait(&self, limit: Option<Duration>) -> Option<Result<m531x_status, Error>>;

    fn is_done(&self) -> bool;
}

impl<T: Success> Operation for Pending<T> {
    fn wait(&self, limit: Option<Duration>) -> Option<Result<m531x_status, Error>> {
        let result = self.look(limit)?;
        Some(result.map(|result| result.status()))
    }

    fn is_done(&self) -> bool {
        Pending::is_done(self)
    }
}

/// The result of an operation that a token may name.
pub(crate) trait Success: TryFrom<Outcome, Error = Error> + 'static {
    /// 0, or what more there is to say.
    fn status(&self) -> m531x_status {
        M531X_OK
    }
}

impl Success for () {}

impl Success for Receipt {}

impl Success for QoS {
    fn status(&self) -> m531x_status {
        u8::from(*self).into()
    }
}

impl Begun {
    /// A number that is not in use, never 0, and fits the value of an event. A program that takes no end of
    /// its operations gets an error before they use up the memory.
    pub(crate) fn next_token(&mut self) -> Result<u32, Error> {
        if self.by_token.len() >= TOKENS + self.taken.len() {
            return Err(Error::new(
                ErrorCode::Busy,
                format!(
                    "{TOKENS} tokens are out: take their events, call m531x_publish_wait, or pass NULL for token"
                ),
            ));
        }
        loop {
            self.last = self.last % i32::MAX.unsigned_abs() + 1;
            if !self.by_token.contains_key(&self.last) {
                return Ok(self.last);
            }
        }
    }

    pub(crate) fn keep(&mut self, token: u32, operation: Arc<dyn Operation>) {
        self.by_token.insert(token, operation);
    }

    pub(crate) fn get(&self, token: u32) -> Option<Arc<dyn Operation>> {
        self.by_token.get(&token).cloned()
    }

    pub(crate) fn forget(&mut self, token: u32) {
        self.by_token.remove(&token);
    }

    /// Its event was taken: it can be asked for a while longer.
    pub(crate) fn take(&mut self, token: u32) -> Option<Arc<dyn Operation>> {
        let operation = self.by_token.get(&token).cloned()?;
        self.taken.push_back(token);
        if self.taken.len() > LAST_TAKEN {
            let oldest = self.taken.pop_front();
            oldest.and_then(|oldest| self.by_token.remove(&oldest));
        }
        Some(operation)
    }
}
