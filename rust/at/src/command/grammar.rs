//! Which information lines belong to the pending command.

/// The lines that are the answer of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar(());

impl Grammar {
    /// The grammar for any line a user types; unknown commands own their `+NAME:` lines and bare text.
    pub fn for_line(line: &str) -> Self {
        let _ = line;
        todo!()
    }

    /// Whether this information line is part of the answer.
    pub fn accepts(&self, line: &[u8]) -> bool {
        let _ = line;
        todo!()
    }
}
