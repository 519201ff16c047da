//! A command line that passed every check.

use std::fmt;

use super::{ArgumentError, check_bytes, check_line_length};
use crate::redact::redact;

/// A command line without its final CR; only checked lines exist.
///
/// `Display` and `Debug` show it without the password of `AT+MQTTCFG`.
#[derive(Clone, PartialEq, Eq)]
pub struct Line(Vec<u8>);

impl Line {
    /// Checks a command a user typed: `AT` in front, no control byte, at most `limit` bytes with the CR.
    ///
    /// ```
    /// use m531x_at::command_line::Line;
    ///
    /// assert_eq!(Line::raw("AT+CSQ", 1024).unwrap().as_bytes(), b"AT+CSQ");
    /// assert!(Line::raw("AT+CSQ\rAT+NRB", 1024).is_err());
    /// assert!(Line::raw("+CSQ", 1024).is_err());
    /// ```
    pub fn raw(text: &str, limit: usize) -> Result<Self, ArgumentError> {
        let bytes = text.as_bytes();
        if !bytes
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"AT"))
        {
            return Err(ArgumentError::NotACommand);
        }
        check_bytes("command", bytes, |byte| byte.is_ascii_control())?;
        check_line_length(bytes.len(), limit)?;
        Ok(Self(bytes.to_vec()))
    }

    /// The bytes to write, followed by CR.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn unchecked(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&redact(&self.0)))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
