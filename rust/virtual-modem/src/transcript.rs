//! What passed on the serial port, line by line, without secrets.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use m531x_at::printable;
use m531x_at::redact::EchoGuard;

/// How many entries are kept; the oldest go first.
const LIMIT: usize = 10_000;
/// How many bytes their texts may have together.
const BYTES: usize = 8 << 20;

/// One line that passed on the serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptEntry {
    /// When, counted from the start of the modem.
    pub at: Duration,
    /// From whom to whom.
    pub direction: Direction,
    /// The line without its CR LF; passwords are `***`, bytes that are not printable are escaped.
    pub text: String,
}

/// From whom to whom a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the host to the module.
    ToModule,
    /// From the module to the host.
    FromModule,
}

impl fmt::Display for TranscriptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.direction {
            Direction::ToModule => '>',
            Direction::FromModule => '<',
        };
        write!(f, "{:9.3} {arrow} {}", self.at.as_secs_f64(), self.text)
    }
}

/// The bounded memory of lines.
#[derive(Debug)]
pub(crate) struct Transcript {
    start: Instant,
    entries: VecDeque<TranscriptEntry>,
    bytes: usize,
    echo: EchoGuard,
}

impl Transcript {
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            start,
            entries: VecDeque::new(),
            bytes: 0,
            echo: EchoGuard::default(),
        }
    }

    pub(crate) fn record(&mut self, now: Instant, direction: Direction, line: &[u8]) {
        while self.entries.len() >= LIMIT || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.text.len();
        }
        if direction == Direction::ToModule {
            self.echo.sent(line);
        }
        let text = printable::bytes(&self.echo.show(line));
        self.bytes += text.len();
        self.entries.push_back(TranscriptEntry {
            at: now.saturating_duration_since(self.start),
            direction,
            text,
        });
    }

    pub(crate) fn entries(&self) -> Vec<TranscriptEntry> {
        self.entries.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_go_first() {
        let start = Instant::now();
        let mut transcript = Transcript::new(start);
        for number in 0..=LIMIT {
            let line = number.to_string();
            transcript.record(start, Direction::ToModule, line.as_bytes());
        }
        let entries = transcript.entries();
        assert_eq!(entries.len(), LIMIT);
        assert_eq!(entries[0].text, "1");
    }
}
