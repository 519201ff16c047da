//! The text format of a recorded session.
//!
//! A recording is UTF-8 text: a header of lines that begin with `#`, then one entry a line, each with
//! the seconds since the start of the recording, a sign, and what happened:
//!
//! ```text
//! # m531x recording 1
//! # library: 0.1.0
//! # started: 2026-11-22T19:08:13.123456Z
//! # port: /dev/ttyUSB0
//! # model: auto
//! # baudrate: 9600
//!     0.000031 @ session model=auto command_timeout=10
//!     0.000040 ? 0 startup
//!     0.000052 > AT\r
//!     0.013310 < \r\nOK\r\n
//!     0.174119 = 0 ok model=M5310-A
//! ```
//!
//! | sign | what |
//! |---|---|
//! | `>` | bytes to the module |
//! | `<` | bytes from the module |
//! | `?` | an operation was asked for: its number, its kind, its arguments |
//! | `=` | an operation has ended: its number and its result |
//! | `@` | another input of the session: its settings, a timer, a port that is gone |
//! | `!` | a note for the reader, such as how many entries could not be kept |
//!
//! Bytes are exact: printable text stands as it is, a backslash is `\\`, everything else `\r`, `\n`,
//! `\t` or `\xNN`. `\*` is a hidden byte: passwords of any length are three of them. An entry
//! is a line of the wire where its bytes came together, with the empty line that modules put in front
//! of an answer; where they came apart, each part is an entry with its own time.
//!
//! It is no JSON: a string of JSON holds neither bytes that are no UTF-8 nor hidden ones, so that each payload would
//! be escaped twice; and serde with `serde_json` adds 117 kB to a library of 1.4 MB.
//!
//! [`parse`] reads the format, [`Entry`] and [`Header`] print it, and an [`Assembler`] makes entries
//! of bytes in any chunks, in which a password never shows.
//!
//! ```
//! use m531x_at::recording::{parse, EntryKind};
//!
//! let text = "# m531x recording 1\n0.000052 > AT\\r\n0.013310 < \\r\\nOK\\r\\n";
//! let recording = parse(text)?;
//! assert_eq!(recording.entries.len(), 2);
//! let EntryKind::FromModule(bytes) = &recording.entries[1].what else { panic!() };
//! assert_eq!(bytes.bytes(), b"\r\nOK\r\n");
//! # Ok::<(), m531x_at::recording::ParseError>(())
//! ```

mod assembler;
mod escape;
mod escaped_bytes;
mod parse;

use std::fmt;
use std::time::Duration;

pub use assembler::Assembler;
pub use escaped_bytes::EscapedBytes;
pub use parse::{ParseError, Recording, parse, seconds};

/// The version of the format that this library writes, and the highest that it reads.
pub const VERSION: u32 = 1;

/// What every recording begins with, before the version.
pub(super) const TITLE: &str = "# m531x recording ";

/// What stands ahead of the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The version of the library that wrote it.
    pub library: String,
    /// When the recording began, in the form of RFC 3339.
    pub started: String,
    /// The port's name.
    pub port: String,
    /// The model, or `auto` if it was not known then.
    pub model: String,
    /// Bits per second, or `-` where the port has no speed.
    pub baudrate: String,
}

impl Header {
    /// The fields under the names that stand in the file.
    fn fields(&self) -> [(&'static str, &String); 5] {
        [
            ("library", &self.library),
            ("started", &self.started),
            ("port", &self.port),
            ("model", &self.model),
            ("baudrate", &self.baudrate),
        ]
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}{VERSION}")?;
        for (name, value) in self.fields() {
            writeln!(f, "# {name}: {}", EscapedBytes::plain(value.as_bytes()))?;
        }
        writeln!(
            f,
            "# > to the module, < from it, ? request, = result, @ other session input, ! note"
        )
    }
}

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, counted from the start of the recording; of bytes: when the last of them passed.
    pub at: Duration,
    /// What happened.
    pub what: EntryKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Bytes went to the module.
    ToModule(EscapedBytes),
    /// Bytes came from the module.
    FromModule(EscapedBytes),
    /// An operation was asked for.
    Request(String),
    /// An operation has ended.
    Result(String),
    /// Another input of the session.
    Session(String),
    /// A note for the reader.
    Note(String),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs();
        write!(f, "{seconds:5}.{:06} ", self.at.subsec_micros())?;
        match &self.what {
            EntryKind::ToModule(bytes) => write!(f, "> {bytes}"),
            EntryKind::FromModule(bytes) => write!(f, "< {bytes}"),
            EntryKind::Request(text) => write!(f, "? {}", one_line(text)),
            EntryKind::Result(text) => write!(f, "= {}", one_line(text)),
            EntryKind::Session(text) => write!(f, "@ {}", one_line(text)),
            EntryKind::Note(text) => write!(f, "! {}", one_line(text)),
        }
    }
}

/// Texts are one line as they are; this is for what slipped in.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
