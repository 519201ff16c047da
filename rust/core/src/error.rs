use std::fmt;
use std::io;

use m531x_at::command_line::ArgumentError;
use m531x_at::printable;

use crate::ErrorCode;

/// The one error of this crate: a fixed [`ErrorCode`], one line of text, and the module's own
/// number if it gave one.
///
/// The text names the thing, the number and what to do. It never holds a password or PIN, and it stays one
/// line for every answer of the module: control characters in it are escaped.
///
/// ```
/// use m531x_core::{Error, ErrorCode};
///
/// let error = Error::new(ErrorCode::Timeout, "AT+CSQ: no answer within 10 s");
/// assert_eq!(error.code(), ErrorCode::Timeout);
/// assert_eq!(error.to_string(), "AT+CSQ: no answer within 10 s");
/// assert!(error.is_timeout());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    text: String,
    modem_code: Option<u16>,
    return_code: Option<u8>,
}

impl Error {
    /// An error with its own text; an empty text means the code's own sentence.
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: one_line(text.into()),
            modem_code: None,
            return_code: None,
        }
    }

    /// What the system refused, with its own words; that threads, descriptors or memory are used up has a code of its
    /// own.
    pub(crate) fn of_system(code: ErrorCode, what: &str, error: &io::Error) -> Self {
        let code = if is_exhausted(error) {
            ErrorCode::OutOfResources
        } else {
            code
        };
        Self::new(code, format!("{what}: {error}"))
    }

    /// The same error with the number of the module's `+CME ERROR`.
    #[must_use]
    pub fn with_modem_code(mut self, number: u16) -> Self {
        self.modem_code = Some(number);
        self
    }

    /// The same error with the return code of the broker's CONNACK.
    #[must_use]
    pub fn with_return_code(mut self, code: u8) -> Self {
        self.return_code = Some(code);
        self
    }

    /// The same error with more words behind its text.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.text = format!("{}: {}", self.text, one_line(hint.to_owned()));
        self
    }

    /// The same error with an ending to its text.
    #[must_use]
    pub(crate) fn with_ending(mut self, ending: &str) -> Self {
        self.text.push_str(ending);
        self
    }

    /// What went wrong, as a fixed number.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The number of the module's `+CME ERROR`, if that was the cause.
    pub fn modem_code(&self) -> Option<u16> {
        self.modem_code
    }

    /// The return code of the broker's CONNACK (MQTT 3.1.1 section 3.2.2.3), if that was the cause.
    pub fn return_code(&self) -> Option<u8> {
        self.return_code
    }

    /// Whether the time ran out.
    pub fn is_timeout(&self) -> bool {
        self.code == ErrorCode::Timeout
    }
}

/// Whether the system has no descriptors or memory left.
#[cfg(unix)]
pub fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error();
    error.kind() == io::ErrorKind::OutOfMemory
        || [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS]
            .iter()
            .any(|errno| number == Some(errno.raw_os_error()))
}

/// Whether the system has no memory left.
#[cfg(not(unix))]
pub fn is_exhausted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}

fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    printable::text(&text)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            f.write_str(self.code.text())
        } else {
            f.write_str(&self.text)
        }
    }
}

impl std::error::Error for Error {}

impl From<ArgumentError> for Error {
    fn from(error: ArgumentError) -> Self {
        Self::new(ErrorCode::InvalidArgument, error.to_string())
    }
}
