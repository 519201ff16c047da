//! Why a command ended without success, and the exit code for it.

use std::fmt;
use std::io;

use m531x_core::{Error, ErrorCode};
use m531x_virtual_modem::StartError;

/// Why a command ended without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for cannot be: exit code 2.
    Usage(String),
    /// It was tried and failed: exit code 1.
    Failed(String),
    /// The user interrupted it: exit code 1.
    Interrupted,
    /// Its time was over; the text says what was missing, if anything: exit code 27, as that of
    /// `mosquitto_sub`.
    TimedOut(String),
    /// The reader of standard output has closed it.
    ReaderGone,
}

impl Failure {
    /// The system has no further thread.
    pub(crate) fn no_thread(error: &io::Error) -> Self {
        Self::Failed(format!("no thread can be started: {error}"))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::TimedOut(_) => 27,
            Self::Failed(_) | Self::Interrupted | Self::ReaderGone => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Failed(text) => f.write_str(text),
            Self::TimedOut(text) if text.is_empty() => f.write_str("timed out"),
            Self::TimedOut(text) => write!(f, "timed out: {text}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::ReaderGone => f.write_str("the output is not being read"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.code() {
            ErrorCode::InvalidArgument => Self::Usage(error.to_string()),
            ErrorCode::Cancelled => Self::Interrupted,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// An error of output only: code that reads input has its own messages.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe || terminal_is_gone(&error) {
            Self::ReaderGone
        } else {
            Self::Failed(error.to_string())
        }
    }
}

/// Whether that was written to a terminal that was closed.
fn terminal_is_gone(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
