//! The bytes of a recording, in the order in which they passed.

use std::time::Duration;

use m531x_at::recording::{EntryKind, EscapedBytes, parse};

/// What is expected and what is said.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) at: Duration,
    /// The number of the line in the recording.
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A command, with its end.
    Expect(EscapedBytes),
    Say(Vec<u8>),
}

impl Script {
    /// The steps of a recording; everything else in it is for people and for the driver.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let recording = parse(text).map_err(|error| error.to_string())?;
        let steps = recording
            .entries
            .into_iter()
            .zip(recording.lines)
            .filter_map(|(entry, line)| {
                let kind = match entry.what {
                    EntryKind::ToModule(bytes) => Kind::Expect(bytes),
                    EntryKind::FromModule(bytes) => Kind::Say(bytes.bytes().to_vec()),
                    _ => return None,
                };
                let at = entry.at;
                Some(Step { at, line, kind })
            })
            .collect();
        Ok(Self { steps })
    }
}

impl Step {
    /// Whether this line, without its end, is the command that is expected.
    pub(super) fn matches(&self, line: &[u8]) -> bool {
        match &self.kind {
            Kind::Expect(bytes) => ends().any(|end| bytes.matches(&[line, end].concat())),
            Kind::Say(_) => false,
        }
    }

    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Expect(bytes) => bytes.to_string(),
            Kind::Say(bytes) => EscapedBytes::redacted(bytes).to_string(),
        }
    }
}

/// A line of the host, as the recording would show it.
pub(super) fn shown(line: &[u8]) -> String {
    EscapedBytes::redacted(&[line, b"\r"].concat()).to_string()
}

/// How a recorded command may end: the last one of a recording that was cut off not at all.
fn ends() -> impl Iterator<Item = &'static [u8]> {
    [&b"\r"[..], b"\r\n", b"\n", b""].into_iter()
}
