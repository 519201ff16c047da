//! Passwords that are asked for, because they expire.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use m531x_at::command::Secret;

use crate::{Error, ErrorCode};

/// How long the program may take to give the password.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

type Function = dyn Fn() -> Result<Secret, Error> + Send + Sync;

/// Where the password comes from whenever a connection is made: tokens expire.
///
/// A function is called without any lock held, on a thread of its own, so it may take its time (30 s)
/// and use the modem. A program that takes events from the mailbox can answer
/// [`PasswordWanted`](crate::EventKind::PasswordWanted) instead.
///
/// ```
/// use m531x_core::{AskPassword, ConnectOptions, Error, ErrorCode, Secret};
///
/// fn token() -> Option<String> {
///     Some("a new one each hour".into())
/// }
///
/// let mut options = ConnectOptions::new("broker.example", "meter-17");
/// options.username = Some("meter-17".into());
/// options.ask_password = Some(AskPassword::with(|| match token() {
///     Some(token) => Ok(Secret::new(token)),
///     None => Err(Error::new(ErrorCode::Connect, "no token: the clock is not set")),
/// }));
/// assert!(!format!("{options:?}").contains("hour"));
/// ```
#[derive(Clone)]
pub struct AskPassword(Option<Arc<Function>>);

impl AskPassword {
    /// From this function. The text of its error is shown and logged, so it must hold no secret.
    pub fn with(function: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(function)))
    }

    /// From the program, which answers the event
    /// [`PasswordWanted`](crate::EventKind::PasswordWanted) with
    /// [`Modem::set_password`](crate::Modem::set_password).
    pub fn by_event() -> Self {
        Self(None)
    }

    /// Whether it is a function.
    pub(crate) fn is_function(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for AskPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_function() {
            "function"
        } else {
            "event"
        })
    }
}

/// The same function, not one that gives the same.
impl PartialEq for AskPassword {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for AskPassword {}

/// A function that is to be called now, and what its result answers.
#[derive(Debug)]
pub struct PasswordRequest {
    ask: AskPassword,
    number: u64,
}

impl PasswordRequest {
    pub(super) fn new(ask: AskPassword, number: u64) -> Self {
        Self { ask, number }
    }

    /// Which question it is, for [`Session::set_password`](super::Session::set_password).
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// The function's own.
    pub fn call(&self) -> Result<Secret, Error> {
        match &self.ask.0 {
            Some(function) => function(),
            None => Err(Error::new(ErrorCode::Internal, "")),
        }
    }
}
