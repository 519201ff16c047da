//! What passed on the port, for people to read.

use std::collections::VecDeque;
use std::mem;
use std::time::SystemTime;

use m531x_at::command::redact;

/// Longer lines are kept in pieces of this many bytes.
const PIECE: usize = 4096;

/// One line that passed on the port; passwords are shown as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireEntry {
    /// The entry's number: they are counted from 0, those no longer kept included.
    pub number: u64,
    /// When it passed: when it was written to the port, or its last byte was read from it.
    pub timestamp: SystemTime,
    /// Whether it went to the module.
    pub sent: bool,
    /// The line without its end.
    pub line: Vec<u8>,
}

/// The last lines that passed. They are redacted before they are kept.
pub(super) struct WireLog {
    limit: usize,
    next: u64,
    entries: VecDeque<WireEntry>,
    /// Lines whose end has not passed yet.
    sending: Vec<u8>,
    receiving: Vec<u8>,
    pub(super) wakes_receiver: bool,
}

impl WireLog {
    pub(super) fn new(limit: usize) -> Option<Self> {
        (limit > 0).then(|| Self {
            limit,
            next: 0,
            entries: VecDeque::new(),
            sending: Vec::new(),
            receiving: Vec::new(),
            wakes_receiver: false,
        })
    }

    /// Adds what passed, in any chunks; true if a line was completed.
    pub(super) fn record(&mut self, sent: bool, bytes: &[u8]) -> bool {
        let before = self.next;
        let mut timestamp = None;
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            let line = if sent {
                &mut self.sending
            } else {
                &mut self.receiving
            };
            let (text, ended) = match piece {
                [text @ .., b'\r' | b'\n'] => (text, true),
                text => (text, false),
            };
            line.extend_from_slice(text);
            if (ended || line.len() >= PIECE) && !line.is_empty() {
                let line = mem::take(line);
                self.keep(sent, &line, *timestamp.get_or_insert_with(SystemTime::now));
            }
        }
        self.next != before
    }

    /// The entries from a number on, oldest first.
    pub(super) fn since(&self, number: u64) -> Vec<WireEntry> {
        let first = self.next - self.entries.len() as u64;
        let skipped = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skipped).cloned().collect()
    }

    fn keep(&mut self, sent: bool, line: &[u8], timestamp: SystemTime) {
        if self.entries.len() == self.limit {
            self.entries.pop_front();
        }
        self.entries.push_back(WireEntry {
            number: self.next,
            timestamp,
            sent,
            line: redact(line).into_owned(),
        });
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &WireLog, since: u64) -> Vec<(u64, bool, String)> {
        log.since(since)
            .into_iter()
            .map(|entry| {
                let text = String::from_utf8(entry.line).unwrap();
                (entry.number, entry.sent, text)
            })
            .collect()
    }

    #[test]
    fn chunks_become_lines_whatever_their_size() {
        for size in 1..20 {
            let mut log = WireLog::new(10).unwrap();
            log.record(true, b"AT+CSQ\r");
            for chunk in b"\r\n+CSQ: 20,99 \r\n\r\nOK\r\n".chunks(size) {
                log.record(false, chunk);
            }
            let expected = [
                (0, true, "AT+CSQ".to_owned()),
                (1, false, "+CSQ: 20,99 ".to_owned()),
                (2, false, "OK".to_owned()),
            ];
            assert_eq!(lines(&log, 0), expected, "chunks of {size}");
        }
    }

    #[test]
    fn a_password_never_enters_in_either_direction_or_any_chunks() {
        let line = b"AT+MQTTCFG=\"h\",1883,\"c\",60,\"u\",\"geheim\",1\r";
        for size in 1..line.len() {
            let mut log = WireLog::new(10).unwrap();
            for chunk in line.chunks(size) {
                log.record(true, chunk);
                log.record(false, chunk);
            }
            assert_eq!(log.entries.len(), 2);
            for (_, _, text) in lines(&log, 0) {
                assert!(text.contains("***") && !text.contains("geheim"), "{text}");
            }
        }
    }

    #[test]
    fn the_oldest_lines_make_room_and_numbers_go_on() {
        let mut log = WireLog::new(2).unwrap();
        for n in 0..5 {
            log.record(false, format!("{n}\r\n").as_bytes());
        }
        assert_eq!(
            lines(&log, 0),
            [(3, false, "3".to_owned()), (4, false, "4".to_owned())]
        );
        assert_eq!(lines(&log, 4), [(4, false, "4".to_owned())]);
        assert_eq!(lines(&log, 5), []);
        assert_eq!(lines(&log, u64::MAX), []);
    }

    #[test]
    fn a_line_without_end_is_kept_in_pieces() {
        let mut log = WireLog::new(10).unwrap();
        assert!(log.record(false, &[b'x'; PIECE]));
        assert_eq!(log.since(0)[0].line.len(), PIECE);
        assert!(log.receiving.is_empty());
    }

    #[test]
    fn nothing_is_kept_unless_asked_for() {
        assert!(WireLog::new(0).is_none());
    }
}
