//! The lines that pass, each with what it was taken for.

use std::collections::VecDeque;

use m531x_at::profile::Profile;
use m531x_at::redact::EchoGuard;
use m531x_at::urc::{Publish, Urc};

/// What a line on the port was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// It went to the module.
    Command,
    /// The module said it, and it is none of the following: an echo, an answer, an unknown line.
    Answer,
    /// An unsolicited result code.
    Urc,
    /// A message from the broker, whole, line ends in its payload included; also what may be part
    /// of one.
    Message,
}

/// A line that passed; passwords and PINs are `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedLine {
    /// What it was.
    pub kind: LineKind,
    /// The line without its end.
    pub line: Vec<u8>,
}

/// The lines since the last look, if they are read at all.
#[derive(Debug, Default)]
pub(super) struct LineLog(Option<VecDeque<PassedLine>>);

impl LineLog {
    pub(super) fn new(wanted: bool) -> Self {
        Self(wanted.then(VecDeque::new))
    }

    pub(super) fn add(&mut self, kind: LineKind, line: &[u8], echo: &EchoGuard) {
        if let Some(lines) = &mut self.0 {
            let line = echo.show(line).into_owned();
            lines.push_back(PassedLine { kind, line });
        }
    }

    pub(super) fn add_message(
        &mut self,
        publish: &Publish<'_>,
        profile: &Profile,
        echo: &EchoGuard,
    ) {
        if let Some(lines) = &mut self.0 {
            let mut line = Vec::new();
            Urc::Publish(*publish).encode(profile, &mut line);
            let line = between_line_ends(&line);
            // With bytes missing, lines that followed are taken for payload.
            let line = if publish.truncated || publish.ambiguous {
                echo.show(line).into_owned()
            } else {
                line.to_vec()
            };
            lines.push_back(PassedLine {
                kind: LineKind::Message,
                line,
            });
        }
    }

    pub(super) fn next(&mut self) -> Option<PassedLine> {
        self.0.as_mut()?.pop_front()
    }
}

fn between_line_ends(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r\n").unwrap_or(bytes)
}
