//! Playing a recording again.
//!
//! A [`Replay`] takes a recorded session through the driver's own session once more: the same requests,
//! the same bytes from the module, the same times, on a clock that takes no time. It gives the messages,
//! events and results that come of it, and reports where something other than recorded was sent or
//! came out. The same recording gives the same output every time.
//!
//! ```
//! use m531x_core::replay::{Replay, Replayed};
//!
//! let recording = "# m531x recording 1\n\
//!     0.000000 @ session model=M5311\n\
//!     0.000100 ? 0 signal\n\
//!     0.000200 > AT+CSQ\\r\n\
//!     0.020000 < \\r\\n+CSQ: 20,99\\r\\n\\r\\nOK\\r\\n\n\
//!     0.030000 < +MQTTPINGRESP: OK\\r\\n\n";
//! let mut shown = Vec::new();
//! for item in Replay::new(recording)? {
//!     match item.what {
//!         Replayed::Result { text, .. } => shown.push(text),
//!         Replayed::Incoming(incoming) => shown.push(format!("{incoming:?}")),
//!         _ => {}
//!     }
//! }
//! assert_eq!(shown[0], "ok rssi_dbm=-73");
//! assert!(shown[1].contains("+MQTTPINGRESP: OK"));
//! # Ok::<(), m531x_core::Error>(())
//! ```
//!
//! A recording that holds bytes only (written by hand, or by another program) is replayed with each line to
//! the module as a raw command.

mod comparison;
mod player;
mod script;

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use m531x_at::recording::EscapedBytes;

pub use m531x_at::recording::Header;

use self::player::Player;
use self::script::Script;
use crate::{Error, ErrorCode, Incoming};

/// A recording that is played again; an iterator over what comes of it.
#[derive(Debug)]
pub struct Replay {
    header: Header,
    player: Player,
    items: VecDeque<ReplayItem>,
}

/// What came of the recording, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayItem {
    /// When, counted from the start of the recording.
    pub at: Duration,
    /// The number of the recording's line that it came of, counted from 1.
    pub line: usize,
    /// What it is.
    pub what: Replayed,
}

/// What came of the recording.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Replayed {
    /// A message or an event, stamped with the time at which it happened.
    Incoming(Incoming),
    /// An operation was asked for, by this number in the recording.
    Request {
        /// Its number.
        number: u64,
        /// Its kind and arguments, as recorded.
        text: String,
    },
    /// An operation has ended.
    Result {
        /// Its number.
        number: u64,
        /// `ok` or the name of the error, and more.
        text: String,
        /// Why it failed, if it did.
        error: Option<Error>,
    },
    /// Bytes went to the module.
    Sent(EscapedBytes),
    /// Bytes came from the module.
    Received(EscapedBytes),
    /// A note in the recording.
    Note(String),
    /// Something else than recorded was sent or came out: this library is not the one that made the
    /// recording, or the recording is not whole.
    Difference(String),
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Recording`] with the number of the first line that cannot be read.
    pub fn new(text: &str) -> Result<Self, Error> {
        let script = Script::read(text).map_err(|what| Error::new(ErrorCode::Recording, what))?;
        Ok(Self {
            header: script.header.clone(),
            player: Player::new(script),
            items: VecDeque::new(),
        })
    }

    /// Reads the recording in a file.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Recording`] if there is no such file, it cannot be read, or is no recording.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let failed = |what: String| {
            Error::new(
                ErrorCode::Recording,
                format!("recording {}: {what}", path.display()),
            )
        };
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        Self::new(text(&bytes).map_err(failed)?).map_err(|error| failed(error.to_string()))
    }

    /// What stands ahead of the recorded entries.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl Iterator for Replay {
    type Item = ReplayItem;

    fn next(&mut self) -> Option<ReplayItem> {
        while self.items.is_empty() {
            if !self.player.step(&mut self.items) {
                return None;
            }
        }
        self.items.pop_front()
    }
}

/// The text of a file whose last character may have been cut.
fn text(bytes: &[u8]) -> Result<&str, String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.error_len().is_none() => {
            let whole = &bytes[..error.valid_up_to()];
            std::str::from_utf8(whole).map_err(|error| error.to_string())
        }
        Err(error) => Err(format!("not a recording: {error}")),
    }
}
