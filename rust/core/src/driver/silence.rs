//! Why nothing answered: what was tried, and what came instead of an answer.

use std::time::Duration;

use crate::session::Heard;
use crate::{Error, ErrorCode};

/// What an opening has met with so far.
pub(super) struct Silence<'a> {
    name: &'a str,
    /// The speeds that were tried; none where there is no line that has one.
    baudrates: Vec<u32>,
    noise: Vec<Noise>,
    /// Something has answered `AT`.
    pub answered: bool,
}

/// What came at one speed and was no answer.
#[derive(Debug)]
pub(crate) struct Noise {
    /// `None` where there is no line that has a speed.
    pub(crate) baudrate: Option<u32>,
    pub(crate) bytes: u64,
    /// The first of them as they may be shown, in quotes.
    pub(crate) shown: String,
}

/// An opening that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) noise: Vec<Noise>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let noise = Vec::new();
        Self { error, noise }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl<'a> Silence<'a> {
    pub(super) fn of(name: &'a str) -> Self {
        Self {
            name,
            baudrates: Vec::new(),
            noise: Vec::new(),
            answered: false,
        }
    }

    /// One attempt is over.
    pub(super) fn note(&mut self, baudrate: Option<u32>, heard: &Heard) {
        if let Some(baudrate) = baudrate.filter(|baudrate| !self.baudrates.contains(baudrate)) {
            self.baudrates.push(baudrate);
        }
        self.answered = heard.is_answered();
        if heard.count() == 0 {
            return;
        }
        let known = self
            .noise
            .iter_mut()
            .find(|noise| noise.baudrate == baudrate);
        if let Some(noise) = known {
            noise.bytes += heard.count();
        } else {
            self.noise.push(Noise {
                baudrate,
                bytes: heard.count(),
                shown: heard.shown(),
            });
        }
    }

    /// How the opening failed, with what is known.
    /// Why an opening failed that has waited so long.
    pub(super) fn failure(self, error: Error, waited: Duration) -> Failure {
        Failure {
            error: self.explain(error, waited),
            noise: self.noise,
        }
    }

    fn explain(&self, error: Error, waited: Duration) -> Error {
        let name = self.name;
        let waited = format!("{:.1} s", waited.as_secs_f64());
        let at = self.speeds();
        let shown = self.noise.first().map(|noise| &noise.shown);
        let text = match (error.code(), shown) {
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
                self.noise.iter().map(|noise| noise.bytes).sum::<u64>()
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
