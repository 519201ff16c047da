//! Why a command cannot be sent, in words.

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
    /// The host is more than a name or an address. It may hold a password, so it is not shown.
    NotAHost {
        /// What it holds.
        holds: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// The text does not start with `AT`, so the module would never answer.
    NotACommand,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForbiddenByte {
                field,
                byte,
                offset,
            } => {
                write!(f, "{field} holds ")?;
                describe_byte(*byte, f)?;
                write!(
                    f,
                    " at offset {offset}: remove it, a command line cannot carry it"
                )
            }
            Self::NotAHost { holds, instead } => write!(
                f,
                "host holds {holds}: give the name or address alone, {instead}"
            ),
            Self::Empty { field } => write!(f, "{field} is empty: give at least one character"),
            Self::TooLong {
                field,
                limit,
                actual,
            } => {
                write!(
                    f,
                    "{field} has {actual} bytes and the limit is {limit}: shorten it"
                )
            }
            Self::OutOfRange {
                field,
                value,
                min,
                max,
            } => {
                write!(f, "{field} is {value}: use {min} to {max}")
            }
            Self::LineTooLong { limit, actual } => write!(
                f,
                "the command has {actual} bytes with its CR and the module's line takes {limit}: \
                 shorten the topic or the payload (a payload that is not plain ASCII doubles as hex)"
            ),
            Self::InvalidTopic { field, reason } => write!(f, "{field} {reason}"),
            Self::NotSupported { what, model } => {
                write!(f, "the {model} does not support {what}: leave it out")
            }
            Self::KeepAliveBelowAckTimeout {
                keepalive,
                ack_timeout,
            } => write!(
                f,
                "the keep-alive of {keepalive} s is not longer than the ack timeout of \
                 {ack_timeout} s: raise the first or lower the second"
            ),
            Self::NotACommand => f.write_str("the command does not start with AT: put AT in front"),
        }
    }
}

impl std::error::Error for ArgumentError {}

fn describe_byte(byte: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match byte {
        b'\r' => f.write_str("a carriage return"),
        b'\n' => f.write_str("a line feed"),
        0 => f.write_str("a NUL"),
        0x1a => f.write_str("a Ctrl-Z"),
        0x1b => f.write_str("an ESC"),
        b'"' => f.write_str("a double quote"),
        b' ' => f.write_str("a space"),
        other => write!(f, "the byte 0x{other:02x}"),
    }
}
