//! Lines: from one LF to the next.

use memchr::{memchr, memchr_iter};

use crate::framer::header::PREFIX;
use crate::framer::{Found, Framer, Next, State, garbage};

impl Framer {
    /// Passes line ends, reports an ambiguity that is over, and sees what begins.
    #[inline]
    pub(super) fn line_start(&mut self) -> Next {
        loop {
            if self.ambiguity.known == 0 && self.ambiguity.unknown == 0 {
                if let Some(bytes) = self.ambiguity.end() {
                    return Next::Found(Found::Hidden(bytes));
                }
            }
            match self.buffer.unread() {
                [] => return self.end_of_input(),
                [b'\r', b'\n', ..] => {
                    self.ambiguity.line = false;
                    self.consume(2);
                }
                [b'\n', ..] => {
                    self.ambiguity.line = false;
                    self.consume(1);
                }
                [b'\r', ..] => self.consume(1),
                [b'+', ..] => return self.plus(0),
                [byte, ..] if garbage::is_garbage(*byte) => return self.garbage(),
                [..] => {
                    self.state = State::Line { scanned: 0 };
                    return Next::Again;
                }
            }
        }
    }

    /// What stands in front of a message is dropped; what stands in front of a line is looked at when
    /// the line is whole.
    fn garbage(&mut self) -> Next {
        if let Some(count) = garbage::length(self.buffer.unread()) {
            return self.plus(count);
        }
        self.state = State::Line { scanned: 0 };
        Next::Again
    }

    /// A line or a message behind so much garbage; in an unknown stretch no message is known.
    fn plus(&mut self, garbage: usize) -> Next {
        let unread = self.buffer.unread();
        let behind = &unread[garbage..];
        if self.ambiguity.unknown == 0 {
            if behind.starts_with(PREFIX) {
                self.ambiguity.reach_message(garbage);
                self.consume(garbage);
                return self.message_start();
            }
            if PREFIX.starts_with(behind) && !(self.silent && self.ambiguity.known > 0) {
                return Next::Need(unread.len() + 1);
            }
        }
        self.state = State::Line { scanned: 0 };
        Next::Again
    }

    #[inline]
    pub(super) fn line(&mut self, scanned: usize) -> Next {
        let unread = self.buffer.unread();
        if let [b'0'..=b'9', b'\r', next, ..] = unread {
            if !matches!(next, b'\r' | b'\n') && !self.ambiguity.any() {
                return self.number();
            }
        }
        let Some(offset) = memchr(b'\n', &unread[scanned..]) else {
            return self.unfinished_line();
        };
        let length = scanned + offset;
        if length > self.config.max_line {
            return self.end_of_long_line(length, length);
        }
        let line = without_final_cr(&unread[..length]);
        if let Some(start) = self.message_within(line) {
            return self.line_before_message(start);
        }
        let position = self.buffer.position(garbage::before_line(line)..line.len());
        let found = if self.ambiguity.any() {
            self.ambiguity.line = false;
            self.ambiguity.report();
            Found::Untrusted(position)
        } else {
            Found::Line(position)
        };
        self.consume(length + 1);
        self.state = State::LineStart;
        Next::Found(found)
    }

    /// A result as `ATV0` has it printed: a digit and CR.
    fn number(&mut self) -> Next {
        let position = self.buffer.position(0..1);
        self.consume(2);
        self.state = State::LineStart;
        Next::Found(Found::Line(position))
    }

    fn unfinished_line(&mut self) -> Next {
        if self.is_number() && self.is_late() {
            return self.number();
        }
        let length = self.buffer.len();
        if length > self.config.max_line {
            self.consume(length);
            self.state = State::LongLine { passed: length };
            return Next::Again;
        }
        // What comes after a silence is another line: this one was ambiguous, and ends with it.
        if self.silent && self.ambiguity.hidden.is_some() && length > 0 {
            let line = without_final_cr(self.buffer.unread());
            let position = self.buffer.position(garbage::before_line(line)..line.len());
            self.ambiguity.report();
            self.consume(length);
            self.state = State::LineStart;
            return Next::Found(Found::Untrusted(position));
        }
        self.state = State::Line { scanned: length };
        Next::Need(length + 1)
    }

    pub(super) fn long_line(&mut self, passed: usize) -> Next {
        if let Some(offset) = memchr(b'\n', self.buffer.unread()) {
            return self.end_of_long_line(offset, passed + offset);
        }
        let rest = self.buffer.len();
        self.consume(rest);
        let passed = passed + rest;
        if self.silent && self.ambiguity.hidden.is_some() {
            self.ambiguity.report();
            self.ambiguity.line = true;
            self.state = State::LineStart;
            return Next::Found(Found::LineTooLong(passed));
        }
        self.state = State::LongLine { passed };
        Next::Need(1)
    }

    fn end_of_long_line(&mut self, rest: usize, bytes: usize) -> Next {
        self.ambiguity.report();
        self.ambiguity.line = false;
        self.consume(rest + 1);
        self.state = State::LineStart;
        Next::Found(Found::LineTooLong(bytes))
    }

    fn end_of_input(&mut self) -> Next {
        if self.silent && (self.ambiguity.known > 0 || self.ambiguity.unknown > 0) {
            self.ambiguity.known = 0;
            self.ambiguity.unknown = 0;
            return Next::Again;
        }
        Next::Need(1)
    }

    /// Where a message begins behind a CR within the line: an echo ends with CR alone, and a
    /// message may come before the answer's first CR LF. Behind any other byte it is text, such as
    /// the echo of what the host publishes.
    fn message_within(&self, line: &[u8]) -> Option<usize> {
        if self.ambiguity.unknown > 0 {
            return None;
        }
        memchr_iter(b'\r', line)
            .map(|cr| cr + 1)
            .find(|&start| garbage::before_message(&line[start..]).is_some())
    }

    fn line_before_message(&mut self, start: usize) -> Next {
        let line = without_final_cr(&self.buffer.unread()[..start]);
        let position = self.buffer.position(garbage::before_line(line)..line.len());
        let found = if self.ambiguity.any() {
            self.ambiguity.report();
            Found::Untrusted(position)
        } else {
            Found::Line(position)
        };
        self.ambiguity.reach_message(start);
        self.consume(start);
        self.state = State::LineStart;
        Next::Found(found)
    }
}

#[inline]
fn without_final_cr(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let [rest @ .., b'\r'] = line {
        line = rest;
    }
    line
}
