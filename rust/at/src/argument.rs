//! Arguments of commands: everything is checked before a byte of the line exists.

use std::fmt;

use crate::profile::Model;
use crate::topic::TopicError;

/// Why a command cannot be sent; nothing was produced.
///
/// The text names the field, the number and the way out, and never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgumentError {
    /// A byte that would end or break the line, or a quote inside a quoted field.
    ForbiddenByte {
        /// The field's name.
        field: &'static str,
        /// The byte.
        byte: u8,
        /// Where it stands in the field, in bytes.
        offset: usize,
    },
    /// The field may not be empty.
    Empty {
        /// The field's name.
        field: &'static str,
    },
    /// The field, or the packet made of several, is longer than the module takes.
    TooLong {
        /// The field's name.
        field: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// The length in bytes.
        actual: usize,
    },
    /// The number is outside what the command takes.
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// The number given.
        value: u64,
        /// The least allowed.
        min: u64,
        /// The greatest allowed.
        max: u64,
    },
    /// The whole command is longer than the module's line buffer.
    LineTooLong {
        /// The limit in bytes, CR included.
        limit: usize,
        /// The length in bytes, CR included.
        actual: usize,
    },
    /// The topic breaks a rule of MQTT 3.1.1.
    InvalidTopic {
        /// The field's name.
        field: &'static str,
        /// Which rule.
        reason: TopicError,
    },
    /// This model has no such thing.
    NotSupported {
        /// What was asked for.
        what: &'static str,
        /// The model.
        model: Model,
    },
    /// The keep-alive is not longer than the ack timeout (manual 1.1 and 1.9).
    KeepAliveBelowAckTimeout {
        /// Keep-alive in seconds.
        keepalive: u16,
        /// Ack timeout in seconds.
        ack_timeout: u16,
    },
    /// The text does not start with `AT`, so the module would never answer.
    NotACommand,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for ArgumentError {}

/// Checks that lost pings can be noticed: `keepalive` is 0 (off) or longer than `ack_timeout`, both in seconds.
pub fn check_keepalive(keepalive: u16, ack_timeout: u16) -> Result<(), ArgumentError> {
    if keepalive != 0 && keepalive <= ack_timeout {
        return Err(ArgumentError::KeepAliveBelowAckTimeout {
            keepalive,
            ack_timeout,
        });
    }
    Ok(())
}
