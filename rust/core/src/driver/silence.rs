//! Why nothing answered: what was tried, and what came instead of an answer.

use std::time::Duration;

use crate::session::Heard;
use crate::{Error, ErrorCode};

/// What an opening has met with so far.
pub(super) struct Silence<'a> {
    name: &'a str,
    waited: Duration,
    /// The speeds that were tried; none where there is no line that has one.
    baudrates: Vec<u32>,
    /// How many bytes came that were no answer.
    count: u64,
    /// The first that came, as they may be shown.
    shown: Option<String>,
    /// Something has answered `AT`.
    pub answered: bool,
}

impl<'a> Silence<'a> {
    pub(super) fn of(name: &'a str, waited: Duration) -> Self {
        Self {
            name,
            waited,
            baudrates: Vec::new(),
            count: 0,
            shown: None,
            answered: false,
        }
    }

    /// One attempt is over.
    pub(super) fn note(&mut self, baudrate: Option<u32>, heard: &Heard) {
        if let Some(baudrate) = baudrate.filter(|baudrate| !self.baudrates.contains(baudrate)) {
            self.baudrates.push(baudrate);
        }
        self.answered = heard.is_answered();
        self.count += heard.count();
        if heard.count() > 0 && self.shown.is_none() {
            self.shown = Some(heard.shown());
        }
    }

    /// The error of the opening, with what is known.
    pub(super) fn explain(&self, error: Error) -> Error {
        let name = self.name;
        let waited = format!("{:.1} s", self.waited.as_secs_f64());
        let at = self.speeds();
        let text = match (error.code(), &self.shown) {
            (ErrorCode::NoAnswer, _) if self.answered => format!(
                "{name}: the module answered AT{at}, but its start-up was not done within {waited}; give it \
                 more time, check the power supply"
            ),
            (ErrorCode::NoAnswer, None) if self.baudrates.is_empty() => format!(
                "{name}: nothing answers AT within {waited}; check that a module is behind it, and its power"
            ),
            (ErrorCode::NoAnswer, None) => format!(
                "{name}: nothing answers AT within {waited}{at}; check power, wiring (TX to RX) and baud rate"
            ),
            (ErrorCode::NoAnswer, Some(shown)) => format!(
                "{name}: received {} bytes that are no AT answer{at}: wrong speed or another device? They begin \
                 with {shown}",
                self.count
            ),
            // A serial server that says why, and hangs up.
            (ErrorCode::Port, Some(shown)) if !self.answered => {
                format!("{name}: the other side said {shown} and hung up")
            }
            _ => return error,
        };
        Error::new(error.code(), text)
    }

    fn speeds(&self) -> String {
        let mut speeds = self.baudrates.clone();
        speeds.sort_unstable();
        let speeds: Vec<String> = speeds.iter().map(ToString::to_string).collect();
        match speeds.as_slice() {
            [] => String::new(),
            [one] => format!(" at {one} baud"),
            [others @ .., last] => format!(" at {} and {last} baud", others.join(", ")),
        }
    }
}
