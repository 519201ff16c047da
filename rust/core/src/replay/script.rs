//! The lines of a recording, understood.

use std::time::Duration;

use m531x_at::recording::{self, EntryKind, EscapedBytes, Header};

use crate::recording::{Fields, RecordedInput, read_input, read_request};
use crate::session::Request;

/// A recording that can be played.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) header: Header,
    pub(super) steps: Vec<Step>,
}

/// One line.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: Duration,
    pub(super) line: usize,
    pub(super) kind: StepKind,
}

#[derive(Debug)]
pub(super) enum StepKind {
    Sent(EscapedBytes),
    Received(EscapedBytes),
    Request {
        /// `None` for one that was refused at once.
        number: Option<u64>,
        request: Request,
        text: String,
    },
    Result {
        number: Option<u64>,
        text: String,
    },
    RecordedInput(RecordedInput),
    Note(String),
}

impl Script {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let recording = recording::parse(text).map_err(|error| error.to_string())?;
        let mut steps = Vec::with_capacity(recording.entries.len());
        let mut latest = Duration::ZERO;
        for (entry, line) in recording.entries.into_iter().zip(recording.lines) {
            let kind = understand(entry.what).map_err(|what| format!("line {line}: {what}"))?;
            // A line that was kept back for a password stands later than its time; no clock goes back.
            latest = latest.max(entry.at);
            steps.push(Step {
                at: latest,
                line,
                kind,
            });
        }
        Ok(Self {
            header: recording.header,
            steps,
        })
    }

    /// Whether it holds bytes only, so that the requests are unknown.
    pub(super) fn is_raw(&self) -> bool {
        !self
            .steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Request { .. }))
    }
}

fn understand(what: EntryKind) -> Result<StepKind, String> {
    Ok(match what {
        EntryKind::ToModule(bytes) => StepKind::Sent(bytes),
        EntryKind::FromModule(bytes) => StepKind::Received(bytes),
        EntryKind::Request(text) => {
            let request = read_request(&Fields::read(&text)?, 1)?;
            let (number, text) = numbered(&text)?;
            StepKind::Request {
                number,
                request,
                text,
            }
        }
        EntryKind::Result(text) => {
            let (number, text) = numbered(&text)?;
            StepKind::Result { number, text }
        }
        EntryKind::Session(text) => StepKind::RecordedInput(read_input(&text)?),
        EntryKind::Note(text) => StepKind::Note(text),
    })
}

/// The operation's number and the rest.
fn numbered(text: &str) -> Result<(Option<u64>, String), String> {
    let (number, rest) = text.split_once(' ').unwrap_or((text, ""));
    if number == "-" {
        return Ok((None, rest.to_owned()));
    }
    match number.parse() {
        Ok(number) => Ok((Some(number), rest.to_owned())),
        Err(_) => Err(format!("{number:?} is no operation's number")),
    }
}
