//! Messages: what becomes of a verdict.

use crate::framer::header::PREFIX;
use crate::framer::search::Progress;
use crate::framer::verdict::{After, Take, Verdict, judge, judge_subscribed};
use crate::framer::{Found, Framer, Message, Next, OnAmbiguous, State};

impl Framer {
    pub(super) fn message_start(&mut self) -> Next {
        self.search.restart();
        self.state = State::Message;
        Next::Again
    }

    #[inline]
    pub(super) fn message(&mut self) -> Next {
        if self.doubt.known > 0 {
            return self.doubtful_message();
        }
        let line = self.buffer.unread();
        let search = &mut self.search;
        let exact = self.longest.is_some();
        let verdict = match search.advance(line, &self.config, &self.subscriptions, self.longest) {
            Progress::Done => judge(search, line, self.silent, exact),
            Progress::SubscribedDone => {
                let Some(verdict) = judge_subscribed(search, line, self.silent) else {
                    search.whole = true;
                    return Next::Again;
                };
                verdict
            }
            Progress::Need(_) if self.silent && !search.candidates.is_empty() => {
                judge(search, line, true, exact)
            }
            Progress::Need(bytes) => Verdict::Need(bytes),
            Progress::Unreadable => Verdict::Unreadable,
            Progress::NotNumeric => {
                self.state = State::Line { scanned: 0 };
                return Next::Again;
            }
        };
        match verdict {
            Verdict::Need(bytes) => Next::Need(bytes),
            Verdict::Take(take) => self.take(take),
            Verdict::Oversize(index) => self.oversize(index),
            Verdict::Unreadable => {
                self.lose_track();
                self.state = State::Line { scanned: 0 };
                Next::Again
            }
        }
    }

    /// A message whose bytes may belong to another one.
    ///
    /// It may reach beyond the doubt: what it covers there is its payload if it is a message, and
    /// the module's lines if it is not, so the doubt grows by it. It must close for that; a
    /// header that announces more than comes is a line, and takes nothing from behind it.
    fn doubtful_message(&mut self) -> Next {
        let line = self.buffer.unread();
        let progress = self
            .search
            .advance(line, &self.config, &self.subscriptions, None);
        let verdict = match progress {
            Progress::Done => judge(&self.search, line, self.silent, self.longest.is_some()),
            Progress::Need(_) if self.silent && !self.search.candidates.is_empty() => {
                judge(&self.search, line, true, self.longest.is_some())
            }
            Progress::Need(bytes) if !self.silent => Verdict::Need(bytes),
            _ => Verdict::Unreadable,
        };
        match verdict {
            Verdict::Need(bytes) => Next::Need(bytes),
            Verdict::Take(take) if !take.truncated && line[..take.end].ends_with(b"\n") => {
                let known = self.doubt.known;
                let doubt_end = take.doubt_end.max(take.end).max(known);
                let next = self.deliver(Take {
                    ambiguous: true,
                    ..take
                });
                self.doubt.known = doubt_end - take.end;
                self.doubt.hide(doubt_end - known);
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
        self.doubt.known = take.doubt_end.saturating_sub(take.end);
        match take.after {
            After::LineStart => {}
            After::MidLine => self.doubt.line = true,
            After::Nowhere => self.lose_track(),
        }
        self.doubt.hide(take.hidden);
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
            ambiguous: take.ambiguous || self.doubt.line,
        };
        self.doubt.line = false;
        self.consume(take.end);
        self.state = State::LineStart;
        if message.ambiguous && self.config.on_ambiguous == OnAmbiguous::Drop {
            self.doubt.hide(take.end);
            return Next::Again;
        }
        Next::Found(Found::Message(message))
    }

    fn oversize(&mut self, index: usize) -> Next {
        let candidate = &self.search.candidates[index];
        let declared = candidate.length;
        let start = candidate.payload;
        let topic = self.buffer.position(candidate.topic.clone());
        self.doubt.line = false;
        self.consume(start);
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
        if self.silent {
            self.doubt.hide(declared - left);
            self.state = State::LineStart;
            return Next::Again;
        }
        self.state = State::Payload { declared, left };
        Next::Need(1)
    }

    pub(super) fn payload_end(&mut self, declared: usize) -> Next {
        match self.buffer.unread().first() {
            None => return Next::Need(1),
            Some(b'\r' | b'\n' | b'+') => {}
            Some(_) => {
                self.doubt.line = true;
                self.doubt.hide(declared);
            }
        }
        self.state = State::LineStart;
        Next::Again
    }

    /// Trusts nothing before a silence, or before the longest line has passed.
    fn lose_track(&mut self) {
        self.doubt.known = 0;
        self.doubt.unknown = self.config.max_line;
        self.doubt.hidden.get_or_insert(0);
    }
}

const _: () = assert!(
    PREFIX.len() < 64,
    "the shortest limit of lines must let a prefix be seen"
);
