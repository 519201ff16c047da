//! What passed on the port, for people to read.

use std::collections::VecDeque;
use std::time::SystemTime;

use m531x_at::printable;

use crate::session::{LineKind, PassedLine};

/// One line that passed on the port; passwords and PINs are shown as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// The entry's number: they are counted from 0, those no longer kept included.
    pub number: u64,
    /// When it passed: when it was written to the port, or its last byte was read from it.
    pub timestamp: SystemTime,
    /// What it was. A payload that looks like protocol is part of its message and nothing else.
    pub kind: LineKind,
    /// The line without its end.
    pub line: Vec<u8>,
}

impl TraceEntry {
    /// The line as text that shows every byte: a backslash is `\\`, and what cannot be printed `\r`, `\n`, `\t` or `\xNN`.
    pub fn text(&self) -> String {
        printable::bytes(&self.line)
    }
}

/// The last lines that passed.
pub(super) struct Trace {
    limit: usize,
    next: u64,
    entries: VecDeque<TraceEntry>,
    pub(super) wakes_receiver: bool,
}

impl Trace {
    pub(super) fn new(limit: usize) -> Option<Self> {
        (limit > 0).then(|| Self {
            limit,
            next: 0,
            entries: VecDeque::new(),
            wakes_receiver: false,
        })
    }

    /// Adds a line that passes now.
    pub(super) fn add(&mut self, line: PassedLine) {
        if self.entries.len() == self.limit {
            self.entries.pop_front();
        }
        self.entries.push_back(TraceEntry {
            number: self.next,
            timestamp: SystemTime::now(),
            kind: line.kind,
            line: line.line,
        });
        self.next += 1;
    }

    /// The entries from a number on, oldest first.
    pub(super) fn since(&self, number: u64) -> Vec<TraceEntry> {
        let first = self.next - self.entries.len() as u64;
        let skipped = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skipped).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(limit: usize, lines: usize) -> Trace {
        let mut log = Trace::new(limit).unwrap();
        for n in 0..lines {
            log.add(PassedLine {
                kind: LineKind::Answer,
                line: n.to_string().into_bytes(),
            });
        }
        log
    }

    fn texts(log: &Trace, since: u64) -> Vec<(u64, String)> {
        log.since(since)
            .into_iter()
            .map(|entry| (entry.number, String::from_utf8(entry.line).unwrap()))
            .collect()
    }

    #[test]
    fn the_oldest_lines_make_room_and_numbers_go_on() {
        let log = log(2, 5);
        assert_eq!(texts(&log, 0), [(3, "3".to_owned()), (4, "4".to_owned())]);
        assert_eq!(texts(&log, 4), [(4, "4".to_owned())]);
        assert_eq!(texts(&log, 5), []);
        assert_eq!(texts(&log, u64::MAX), []);
    }

    #[test]
    fn a_line_shows_every_byte() {
        let entry = TraceEntry {
            number: 0,
            timestamp: SystemTime::UNIX_EPOCH,
            kind: LineKind::Answer,
            line: b"\\x00 \x00\xff\r\x1b".to_vec(),
        };
        assert_eq!(entry.text(), r"\\x00 \x00\xFF\r\x1B");
    }

    #[test]
    fn nothing_is_kept_unless_asked_for() {
        assert!(Trace::new(0).is_none());
    }
}
