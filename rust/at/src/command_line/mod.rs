//! Arguments of commands: everything is checked before a byte of the line exists.
//!
//! A command line has no escapes. A carriage return ends it, Ctrl-Z and ESC end or abort text
//! input on many modems, and a double quote ends a quoted field. [`CommandLine`] therefore
//! refuses every control byte and the double quote in a field, so that no argument can end its
//! field, let alone its line.
//!
//! ```
//! use m531x_at::command_line::{ArgumentError, CommandLine};
//!
//! let mut line = CommandLine::new("AT+MQTTUNSUB=");
//! let refused = line.quoted("topic", b"lamp\rAT+NRB").unwrap_err();
//! assert_eq!(refused, ArgumentError::ForbiddenByte { field: "topic", byte: b'\r', offset: 4 });
//! assert_eq!(
//!     refused.to_string(),
//!     "topic holds a carriage return at offset 4: remove it, a command line cannot carry it",
//! );
//! ```

mod line;

use core::net::Ipv6Addr;
use std::fmt;

pub use line::Line;

use crate::hex;
use crate::profile::Model;
use crate::topic::{self, TopicError};

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

/// A command line in the making.
///
/// Fields are appended in order, with the commas between them; an error leaves nothing to send.
#[derive(Debug)]
pub struct CommandLine {
    line: Line,
    has_field: bool,
}

impl CommandLine {
    /// Starts with the name, its `AT` and its `=`, such as `AT+MQTTSUB=`.
    pub fn new(start: &'static str) -> Self {
        Self {
            line: Line::unchecked(start.as_bytes().to_vec()),
            has_field: false,
        }
    }

    /// Appends a field in double quotes; any control byte or double quote in it is refused.
    pub fn quoted(&mut self, field: &'static str, text: &[u8]) -> Result<&mut Self, ArgumentError> {
        check_quotable(field, text)?;
        let bytes = self.next_field();
        bytes.push(b'"');
        bytes.extend_from_slice(text);
        bytes.push(b'"');
        Ok(self)
    }

    /// Appends a number.
    pub fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let text = number.into().to_string();
        self.next_field().extend_from_slice(text.as_bytes());
        self
    }

    /// Appends 1 or 0.
    pub fn flag(&mut self, flag: bool) -> &mut Self {
        self.number(u8::from(flag))
    }

    /// Appends bytes as hex digits without quotes.
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        hex::encode_into(bytes, self.next_field());
        self
    }

    /// Hands the line out if it fits `limit` bytes, CR included.
    pub fn finish(self, limit: usize) -> Result<Line, ArgumentError> {
        check_line_length(self.line.as_bytes().len(), limit)?;
        Ok(self.line)
    }

    fn next_field(&mut self) -> &mut Vec<u8> {
        let bytes = self.line.bytes_mut();
        if self.has_field {
            bytes.push(b',');
        }
        self.has_field = true;
        bytes
    }
}

/// Checks that lost pings can be noticed: `keepalive` is longer than `ack_timeout`, or 0.
///
/// Both are in seconds. With a shorter keep-alive the module sends its next ping before it gives
/// up on the last, and does not notice that the network is gone (manual 1.1 and 1.9). 0 announces
/// no keep-alive to the broker; it does not keep the module from pinging: the vendor's own
/// client then sends a ping every 1.5 s (measured). For few pings use a long keep-alive.
///
/// ```
/// use m531x_at::command_line::check_keepalive;
///
/// assert!(check_keepalive(60, 10).is_ok());
/// assert!(check_keepalive(0, 10).is_ok());
/// assert!(check_keepalive(10, 10).is_err());
/// ```
pub fn check_keepalive(keepalive: u16, ack_timeout: u16) -> Result<(), ArgumentError> {
    if keepalive != 0 && keepalive <= ack_timeout {
        return Err(ArgumentError::KeepAliveBelowAckTimeout {
            keepalive,
            ack_timeout,
        });
    }
    Ok(())
}

/// Checks a text that will stand between double quotes.
pub fn check_quotable(field: &'static str, text: &[u8]) -> Result<(), ArgumentError> {
    check_bytes(field, text, |byte| byte.is_ascii_control() || byte == b'"')
}

/// Checks a topic name to publish to: what a quoted field and MQTT allow, at most `limit` bytes.
pub fn check_topic_name(
    field: &'static str,
    name: &str,
    limit: usize,
) -> Result<(), ArgumentError> {
    check_quotable(field, name.as_bytes())?;
    topic::validate_name(name.as_bytes(), limit)
        .map_err(|reason| ArgumentError::InvalidTopic { field, reason })
}

/// Checks a topic filter to subscribe to: what a quoted field and MQTT allow, at most `limit` bytes.
pub fn check_topic_filter(
    field: &'static str,
    filter: &str,
    limit: usize,
) -> Result<(), ArgumentError> {
    check_quotable(field, filter.as_bytes())?;
    topic::validate_filter(filter.as_bytes(), limit)
        .map_err(|reason| ArgumentError::InvalidTopic { field, reason })
}

/// Checks a broker's host: a name or an address, and nothing else. What looks like the address of a
/// page or holds a user's name may hold a password, so the error does not show it.
///
/// ```
/// use m531x_at::command_line::check_host;
///
/// assert!(check_host("broker.example").is_ok());
/// assert!(check_host("2001:db8::1").is_ok());
/// assert_eq!(
///     check_host("mqtt://me:secret@broker.example").unwrap_err().to_string(),
///     "host holds a scheme (such as mqtt://): give the name or address alone, TLS, port, user name \
///      and password have arguments of their own",
/// );
/// ```
pub fn check_host(host: &str) -> Result<(), ArgumentError> {
    const LONGEST_DNS_NAME: usize = 253;
    const OWN: &str = "user name and password have arguments of their own";
    check_not_empty("host", host)?;
    let refused = |holds, instead| Err(ArgumentError::NotAHost { holds, instead });
    if host.contains("://") {
        return refused(
            "a scheme (such as mqtt://)",
            "TLS, port, user name and password have arguments of their own",
        );
    }
    if host.contains('@') {
        return refused("a user name or password", OWN);
    }
    if host.contains(['/', '\\', '?', '#']) {
        return refused("a path", "a broker of MQTT has none");
    }
    if host.contains(['[', ']']) {
        return refused("brackets", "also that of IPv6, and the port as an argument");
    }
    if host.contains(':') && host.parse::<Ipv6Addr>().is_err() {
        return refused("a port", "the port has an argument of its own");
    }
    check_bytes("host", host.as_bytes(), |byte| {
        !byte.is_ascii_graphic() || byte == b'"'
    })?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    if !host.bytes().all(is_plain) {
        return refused(
            "a character that no name has",
            "of letters, digits, dots and hyphens",
        );
    }
    check_length("host", host.len(), LONGEST_DNS_NAME)
}

/// A host as it may be shown: one that [`check_host`] refuses may hold a password.
pub fn shown_host(host: &str) -> &str {
    match check_host(host) {
        Ok(()) | Err(ArgumentError::Empty { .. } | ArgumentError::TooLong { .. }) => host,
        Err(_) => "***",
    }
}

/// Checks a port: 1 to 65535.
pub fn check_port(port: u16) -> Result<(), ArgumentError> {
    if port == 0 {
        return Err(ArgumentError::OutOfRange {
            field: "port",
            value: 0,
            min: 1,
            max: 65_535,
        });
    }
    Ok(())
}

/// Checks a client id: not empty, nothing that breaks its field.
///
/// MQTT lets a broker invent an id for an empty one; the module's field is not optional
/// (manual 1.1), so an empty one is refused here.
pub fn check_client_id(client_id: &str) -> Result<(), ArgumentError> {
    check_not_empty("client id", client_id)?;
    check_quotable("client id", client_id.as_bytes())
}

pub(crate) fn check_length(
    field: &'static str,
    actual: usize,
    limit: usize,
) -> Result<(), ArgumentError> {
    if actual > limit {
        return Err(ArgumentError::TooLong {
            field,
            limit,
            actual,
        });
    }
    Ok(())
}

pub(crate) fn check_line_length(length: usize, limit: usize) -> Result<(), ArgumentError> {
    let actual = length + 1;
    if actual > limit {
        return Err(ArgumentError::LineTooLong { limit, actual });
    }
    Ok(())
}

pub(crate) fn check_bytes(
    field: &'static str,
    text: &[u8],
    forbidden: impl Fn(u8) -> bool,
) -> Result<(), ArgumentError> {
    match text.iter().position(|&byte| forbidden(byte)) {
        Some(offset) => Err(ArgumentError::ForbiddenByte {
            field,
            byte: text[offset],
            offset,
        }),
        None => Ok(()),
    }
}

fn check_not_empty(field: &'static str, text: &str) -> Result<(), ArgumentError> {
    if text.is_empty() {
        return Err(ArgumentError::Empty { field });
    }
    Ok(())
}

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
