//! A command line that passed every check.

use std::fmt;

use crate::argument::ArgumentError;

/// A command line without its final CR; only checked lines exist.
#[derive(Clone, PartialEq, Eq)]
pub struct Line(Vec<u8>);

impl Line {
    /// Checks a command a user typed: `AT` in front, no control byte, at most `limit` bytes with the CR.
    pub fn raw(text: &str, limit: usize) -> Result<Self, ArgumentError> {
        let _ = (text, limit);
        todo!()
    }

    /// The bytes to write, followed by CR.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&super::redact(&self.0)))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
