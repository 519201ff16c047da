//! Final results: the line that ends a command.

use std::fmt;

use crate::cme::{self, CmeFamily};
use crate::fields::{number, value};
use crate::redact::redact;

const CME: &str = "+CME ERROR";

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinalResult {
    /// `OK`.
    Ok,
    /// `ERROR`, without a reason: all that comes while `AT+CMEE` is at its factory 0.
    Error,
    /// `+CME ERROR: ...`.
    Cme(CmeError),
    /// `CONNECT`, with or without a text: the command has done what it can.
    Connect(String),
    /// Another result that is no success, as it was printed: `+CMS ERROR: 500`, `NO CARRIER`.
    Refused(String),
}

impl FinalResult {
    /// Recognises a final result; the words are exact, spaces after the colon optional.
    pub fn parse(line: &[u8]) -> Option<Self> {
        match line {
            b"OK" => Some(Self::Ok),
            b"ERROR" => Some(Self::Error),
            [b'+', ..] => {
                let reason = value(line, CME)?.trim_ascii_end();
                let numeric = number(reason).and_then(|number| u16::try_from(number).ok());
                Some(Self::Cme(match numeric {
                    Some(number) => CmeError::Number(number),
                    None => CmeError::Text(String::from_utf8_lossy(reason).into_owned()),
                }))
            }
            _ => None,
        }
    }

    /// Recognises what ends commands beyond the dialect's own (27.007, 27.005 and V.250): `+CMS ERROR`,
    /// `CONNECT`, `NO CARRIER`, `BUSY`, `NO ANSWER`, `NO DIALTONE`, `ABORTED`.
    ///
    /// A module prints some of them unasked, so they end a command only where its
    /// [`Grammar`](crate::command::Grammar::result) says so.
    pub fn parse_any(line: &[u8]) -> Option<Self> {
        if let Some(result) = Self::parse(line) {
            return Some(result);
        }
        let text = || String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        match line.trim_ascii_end() {
            b"NO CARRIER" | b"BUSY" | b"NO ANSWER" | b"NO DIALTONE" | b"NO DIAL TONE"
            | b"ABORTED" => Some(Self::Refused(text())),
            b"CONNECT" => Some(Self::Connect(text())),
            other if other.starts_with(b"CONNECT ") => Some(Self::Connect(text())),
            [b'+', ..] => {
                value(line, "+CMS ERROR")?;
                Some(Self::Refused(text()))
            }
            _ => None,
        }
    }

    /// Recognises a result as a number, as `ATV0` has them printed.
    pub fn parse_numeric(line: &[u8]) -> Option<Self> {
        match line {
            b"0" => Some(Self::Ok),
            b"1" => Some(Self::Connect("CONNECT".to_owned())),
            b"3" => Some(Self::Refused("NO CARRIER".to_owned())),
            b"4" => Some(Self::Error),
            b"6" => Some(Self::Refused("NO DIALTONE".to_owned())),
            b"7" => Some(Self::Refused("BUSY".to_owned())),
            b"8" => Some(Self::Refused("NO ANSWER".to_owned())),
            _ => None,
        }
    }

    /// The line, without CR LF; all models put a space after `+CME ERROR:`.
    pub fn encode(&self) -> String {
        match self {
            Self::Ok => "OK".to_owned(),
            Self::Error => "ERROR".to_owned(),
            Self::Cme(CmeError::Number(number)) => format!("{CME}: {number}"),
            Self::Cme(CmeError::Text(text)) => format!("{CME}: {text}"),
            Self::Connect(text) | Self::Refused(text) => text.clone(),
        }
    }
}

/// What stands after `+CME ERROR:`.
#[derive(Clone, PartialEq, Eq)]
pub enum CmeError {
    /// A number (`AT+CMEE=1`).
    Number(u16),
    /// A text (`AT+CMEE=2`).
    Text(String),
}

impl fmt::Debug for CmeError {
    /// Without passwords and PINs: an echo may stand where a text is due.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.debug_tuple("Number").field(number).finish(),
            Self::Text(text) => {
                let shown = redact(text.as_bytes());
                f.debug_tuple("Text")
                    .field(&String::from_utf8_lossy(&shown))
                    .finish()
            }
        }
    }
}

impl CmeError {
    /// The number, if one was sent.
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    /// The error in words, with the table of this family; an unknown number stays a number.
    ///
    /// ```
    /// use m531x_at::cme::CmeFamily;
    /// use m531x_at::response::CmeError;
    ///
    /// let not_connected = CmeError::Number(3);
    /// assert_eq!(not_connected.describe(CmeFamily::Hi21xx).to_string(), "3 (operation not allowed)");
    /// assert_eq!(CmeError::Number(9999).describe(CmeFamily::Hi21xx).to_string(), "9999");
    /// ```
    pub fn describe(&self, family: CmeFamily) -> impl fmt::Display + '_ {
        Description {
            error: self,
            family,
        }
    }
}

struct Description<'a> {
    error: &'a CmeError,
    family: CmeFamily,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            CmeError::Text(text) => f.write_str(text),
            CmeError::Number(number) => match cme::text(self.family, *number) {
                Some(text) => write!(f, "{number} ({text})"),
                None => write!(f, "{number}"),
            },
        }
    }
}
