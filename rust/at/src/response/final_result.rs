//! Final results.

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinalResult {
    /// `OK`.
    Ok,
    /// `ERROR`, without a reason (`AT+CMEE=0`).
    Error,
    /// `+CME ERROR: ...`.
    Cme(CmeError),
}

/// What stands after `+CME ERROR:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CmeError {
    /// A number (`AT+CMEE=1`).
    Number(u16),
    /// A text (`AT+CMEE=2`).
    Text(String),
}

impl FinalResult {
    /// Recognises a final result.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let _ = line;
        todo!()
    }

    /// The line, without CR LF.
    pub fn encode(&self) -> String {
        todo!()
    }
}
