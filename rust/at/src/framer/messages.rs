//! Messages: what becomes of an interpretation.

use std::time::Instant;

use crate::framer::arrivals::PAUSE;
use crate::framer::frame::per_byte;
use crate::framer::header::PREFIX;
use crate::framer::interpretation::{After, Heard, Interpretation, Take, judge, judge_subscribed};
use crate::framer::search::Progress;
use crate::framer::{Found, Framer, Message, Next, OnAmbiguous, Since, State};

impl Framer {
    pub(super) fn message_start(&mut self) -> Next {
        self.search.restart();
        self.rival = false;
        self.state = State::Message;
        Next::Again
    }

    #[inline]
    pub(super) fn message(&mut self) -> Next {
        let progress = if self.ambiguity.known > 0 {
            self.search
                .advance(self.buffer.unread(), &self.config, &self.filters, None)
        } else {
            self.search.advance(
                self.buffer.unread(),
                &self.config,
                &self.filters,
                self.longest,
            )
        };
        if let Some(end) = self.only_reading(progress) {
            return self.deliver(Take::whole(0, end));
        }
        let mut interpretation = self.interpret(progress, self.silent);
        if let Interpretation::Need { rival, .. } = interpretation {
            self.rival = rival;
            if self.is_late() {
                interpretation = self.interpret(progress, true);
                let fresh = rival && self.ambiguity.hidden.is_none();
                let swallows = matches!(interpretation, Interpretation::Take(take) if take.swallows || take.truncated);
                let next = self.settle_any(progress, interpretation);
                self.ambiguity.lines_only |= fresh && !swallows;
                return next;
            }
        }
        self.settle_any(progress, interpretation)
    }

    /// Where the payload ends, if there is one reading, which closes, and nothing is ambiguous: what
    /// nearly every message is, and [`judge`] would find at more length.
    #[inline]
    fn only_reading(&self, progress: Progress) -> Option<usize> {
        let [candidate] = self.search.candidates.as_slice() else {
            return None;
        };
        let known = matches!(progress, Progress::Done | Progress::SubscribedDone);
        let usual = candidate.matching && candidate.deliverable && !candidate.hex;
        if !known || !usual || self.ambiguity.known > 0 {
            return None;
        }
        let end = candidate.end();
        let behind = self.buffer.unread().get(end..end + 2)?;
        (behind == b"\r\n").then_some(end)
    }

    fn settle_any(&mut self, progress: Progress, interpretation: Interpretation) -> Next {
        if self.ambiguity.known > 0 {
            self.settle_ambiguous(interpretation)
        } else {
            self.settle(progress, interpretation)
        }
    }

    fn interpret(&self, progress: Progress, given_up: bool) -> Interpretation {
        let line = self.buffer.unread();
        let heard = Heard {
            line,
            given_up,
            in_one_go: if given_up {
                self.in_one_go()
            } else {
                line.len()
            },
        };
        let exact = self.longest.is_some();
        let search = &self.search;
        match progress {
            Progress::Done => judge(search, heard, exact),
            // Without an interpretation the search goes on.
            Progress::SubscribedDone => {
                judge_subscribed(search, heard).unwrap_or(Interpretation::Unreadable)
            }
            Progress::Need(_) if given_up && !search.candidates.is_empty() => {
                judge(search, heard, exact)
            }
            Progress::Need(bytes) => Interpretation::Need {
                bytes,
                rival: false,
            },
            Progress::NotNumeric | Progress::Unreadable => Interpretation::Unreadable,
        }
    }

    /// How many of the unread bytes came without a pause at a line end.
    fn in_one_go(&self) -> usize {
        let line = self.buffer.unread();
        let per_byte = per_byte(self.config.baudrate);
        let begins = |at: usize| at > 0 && line.get(at - 1) == Some(&b'\n');
        self.arrivals
            .behind_pause(per_byte, PAUSE, begins)
            .unwrap_or(line.len())
    }

    fn settle(&mut self, progress: Progress, interpretation: Interpretation) -> Next {
        match (interpretation, progress) {
            (Interpretation::Need { bytes, .. }, _) => Next::Need(bytes),
            (Interpretation::Take(take), _) => self.take(take),
            (Interpretation::Oversize(index), _) => self.oversize(index),
            (Interpretation::Unreadable, Progress::SubscribedDone) => {
                self.search.whole = true;
                Next::Again
            }
            (Interpretation::Unreadable, Progress::NotNumeric) => {
                self.state = State::Line { scanned: 0 };
                Next::Again
            }
            (Interpretation::Unreadable, _) => {
                self.lose_track();
                self.state = State::Line { scanned: 0 };
                Next::Again
            }
        }
    }

    /// A message whose bytes may belong to another one.
    ///
    /// It may reach beyond the ambiguity: what it covers there is its payload if it is a message, and
    /// the module's lines if it is not, so the ambiguity grows by it. It must close for that; a
    /// header that announces more than comes is a line, and takes nothing from behind it.
    fn settle_ambiguous(&mut self, interpretation: Interpretation) -> Next {
        let line = self.buffer.unread();
        match interpretation {
            Interpretation::Need { bytes, .. } if !self.silent => Next::Need(bytes),
            Interpretation::Take(take) if !take.truncated && line[..take.end].ends_with(b"\n") => {
                let known = self.ambiguity.known;
                let ambiguous_end = take.ambiguous_end.max(take.end).max(known);
                let next = self.deliver(Take {
                    ambiguous: true,
                    ..take
                });
                self.ambiguity.known = ambiguous_end - take.end;
                if ambiguous_end > known {
                    self.ambiguity.report();
                }
                self.ambiguity.hide(ambiguous_end - known);
                next
            }
            _ => {
                self.state = State::Line { scanned: 0 };
                Next::Again
            }
        }
    }

    fn take(&mut self, take: Take) -> Next {
        let next = self.deliver(take);
        // `deliver` has consumed the bytes up to `end`.
        self.ambiguity.known = take.ambiguous_end.saturating_sub(take.end);
        match take.after {
            After::LineStart => {}
            After::MidLine => self.ambiguity.line = true,
            After::Nowhere => self.lose_track(),
        }
        self.ambiguity.hide(take.hidden);
        next
    }

    fn deliver(&mut self, take: Take) -> Next {
        let candidate = &self.search.candidates[take.index];
        let payload = candidate.payload.min(take.payload_end)..take.payload_end;
        let message = Message {
            header: self.search.header,
            topic: self.buffer.position(candidate.topic.clone()),
            payload: self.buffer.position(payload),
            truncated: take.truncated,
            ambiguous: take.ambiguous || self.ambiguity.line,
        };
        self.ambiguity.line = false;
        self.consume(take.end);
        self.state = State::LineStart;
        if message.ambiguous && self.config.on_ambiguous == OnAmbiguous::Drop {
            self.ambiguity.hide(take.end);
            return Next::Again;
        }
        Next::Found(Found::Message(message))
    }

    fn oversize(&mut self, index: usize) -> Next {
        let candidate = &self.search.candidates[index];
        let declared = candidate.length;
        let start = candidate.payload;
        let topic = self.buffer.position(candidate.topic.clone());
        self.ambiguity.line = false;
        self.since = self.since(self.arrivals.first());
        self.consume(start);
        self.rival = false;
        self.state = State::Payload {
            declared,
            left: declared,
        };
        Next::Found(Found::Oversize { topic, declared })
    }

    pub(super) fn payload(&mut self, declared: usize, left: usize) -> Next {
        let count = left.min(self.buffer.len());
        self.consume(count);
        let left = left - count;
        if left == 0 {
            self.state = State::PayloadEnd { declared };
            return Next::Again;
        }
        self.state = State::Payload { declared, left };
        let late = self.is_late();
        if self.silent || late {
            self.ambiguity.hide(declared - left);
            self.ambiguity.line |= late;
            self.state = State::LineStart;
            return Next::Again;
        }
        Next::Need(1)
    }

    pub(super) fn payload_end(&mut self, declared: usize) -> Next {
        match self.buffer.unread().first() {
            None => return Next::Need(1),
            Some(b'\r' | b'\n' | b'+') => {}
            Some(_) => {
                self.ambiguity.line = true;
                self.ambiguity.hide(declared);
            }
        }
        self.state = State::LineStart;
        Next::Again
    }

    fn since(&self, time: Option<Instant>) -> Option<Since> {
        let pauses = self.arrivals.pauses(per_byte(self.config.baudrate));
        time.map(|time| Since { time, pauses })
    }

    /// Trusts nothing before a silence, or before the longest line has passed.
    fn lose_track(&mut self) {
        self.since = self.since(self.arrivals.first().or(self.clock));
        self.rival = false;
        self.ambiguity.known = 0;
        self.ambiguity.unknown = self.config.max_line;
        self.ambiguity.hidden.get_or_insert(0);
    }
}

const _: () = assert!(
    PREFIX.len() < 64,
    "the shortest limit of lines must let a prefix be seen"
);
