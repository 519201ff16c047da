//! One command: recognised, obeyed or refused, answered.

use std::time::Instant;

use m531x_at::cme;
use m531x_at::command::{Command, DecodeError};
use m531x_at::response::{CmeError, FinalResult};
use m531x_at::urc::{Registration, Urc};

use super::Module;
use crate::transcript::Direction;

/// The information lines of an answer that ends in `OK`, or the number of the error.
pub(super) type Answer = Result<Vec<Vec<u8>>, u16>;

/// Error numbers of `+CME ERROR` (3GPP TS 27.007, 9.2).
pub(super) const NOT_ALLOWED: u16 = 3;
pub(super) const NOT_SUPPORTED: u16 = 4;
pub(super) const NO_SIM: u16 = 10;
pub(super) const WRONG_PARAMETERS: u16 = 50;
pub(super) const UNKNOWN: u16 = 100;

/// An answer without information lines.
#[expect(clippy::unnecessary_wraps, reason = "every command ends in an Answer")]
pub(super) fn done() -> Answer {
    Ok(Vec::new())
}

/// An answer of one information line.
#[expect(clippy::unnecessary_wraps, reason = "every command ends in an Answer")]
pub(super) fn information(line: impl Into<Vec<u8>>) -> Answer {
    Ok(vec![line.into()])
}

impl Module {
    /// Obeys a line, if it is a command at all: the modules stay silent until they read `AT`.
    pub(super) fn obey(&mut self, now: Instant, line: &[u8]) {
        self.transcript.record(now, Direction::ToModule, line);
        let line = line.trim_ascii_start();
        let is_command = line
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"AT"));
        if !is_command {
            return;
        }
        let mishaps = self.faults.at_command(&name_of(line));
        if self.suffer(now, mishaps) {
            return;
        }
        let answer = match Command::decode(line) {
            Ok(Command::General(command)) => self.general(now, command),
            Ok(command) => self.mqtt_command(now, command, line).map(Some),
            Err(DecodeError::Unknown) => Err(UNKNOWN),
            Err(DecodeError::Malformed(_)) => Err(WRONG_PARAMETERS),
        };
        // A module that reboots has nothing more to say about it than its banner.
        match answer {
            Ok(None) => {}
            Ok(Some(lines)) => self.respond(now, Ok(lines)),
            Err(number) => self.respond(now, Err(number)),
        }
    }

    pub(super) fn refuse_long_line(&mut self, now: Instant) {
        let note = format!("(a line of more than {} bytes)", self.profile.line_limit);
        self.transcript
            .record(now, Direction::ToModule, note.as_bytes());
        self.respond(now, Err(WRONG_PARAMETERS));
    }

    fn respond(&mut self, now: Instant, answer: Answer) {
        let (lines, result) = match answer {
            Ok(lines) => (lines, FinalResult::Ok),
            Err(number) => (Vec::new(), self.error(number)),
        };
        let mut unit = Vec::new();
        if !lines.is_empty() {
            unit.extend_from_slice(b"\r\n");
        }
        for line in &lines {
            self.transcript.record(now, Direction::FromModule, line);
            unit.extend_from_slice(line);
            unit.extend_from_slice(b"\r\n");
        }
        self.intrude(now, &mut unit);
        let result = result.encode();
        self.transcript
            .record(now, Direction::FromModule, result.as_bytes());
        unit.extend_from_slice(b"\r\n");
        unit.extend_from_slice(result.as_bytes());
        unit.extend_from_slice(b"\r\n");
        self.say(now, unit);
        self.serial.after_result = true;
    }

    /// What an error says depends on `AT+CMEE`.
    fn error(&self, number: u16) -> FinalResult {
        match self.settings.errors {
            0 => FinalResult::Error,
            1 => FinalResult::Cme(CmeError::Number(number)),
            _ => FinalResult::Cme(match cme::text(self.profile.cme_family, number) {
                Some(text) => CmeError::Text(text.to_owned()),
                None => CmeError::Number(number),
            }),
        }
    }

    /// The fault that puts a URC in front of the final result.
    fn intrude(&mut self, now: Instant, unit: &mut Vec<u8>) {
        let candidates = [
            Urc::Registration(Registration {
                stat: self.registration(),
                rest: None,
            }),
            Urc::RadioConnection { mode: 1 },
            Urc::PowerSaving { mode: 0 },
        ];
        let Some(urc) = self
            .faults
            .urc_in_response(candidates.len())
            .and_then(|index| candidates.get(index))
        else {
            return;
        };
        let mut line = Vec::new();
        urc.encode(self.profile, &mut line);
        self.transcript
            .record(now, Direction::FromModule, line.trim_ascii_end());
        unit.extend_from_slice(b"\r\n");
        unit.extend(line);
    }
}

/// The name of a command, for faults that wait for it.
fn name_of(line: &[u8]) -> String {
    let end = line
        .iter()
        .position(|byte| matches!(byte, b'=' | b'?'))
        .unwrap_or(line.len());
    String::from_utf8_lossy(line.get(..end).unwrap_or_default().trim_ascii_end())
        .to_ascii_uppercase()
}
