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

mod argument_error;
mod checks;
mod line;

pub use argument_error::ArgumentError;
pub(crate) use checks::{check_bytes, check_length, check_line_length};
pub use checks::{
    check_client_id, check_host, check_keepalive, check_port, check_quotable, check_topic_filter,
    check_topic_name, shown_host,
};
pub use line::Line;

use crate::hex;

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
