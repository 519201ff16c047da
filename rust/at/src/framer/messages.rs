//! Messages: what becomes of a verdict.

use crate::framer::header::PREFIX;
use crate::framer::search::Progress;
use crate::framer::verdict::{After, Take, Verdict, judge, judge_subscribed};
use crate::framer::{Found, Framer, Message, Next, OnAmbiguous, State};

impl Framer {
    pub(super) fn message_start(&mut self) -> Next {
        self.search.restart();
        if self.doubt.known > 0 {
            return self.doubtful_message();
        }
        self.state = State::Message;
        Next::Again
    }

    #[inline]
    pub(super) fn message(&mut self) -> Next {
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

    /// A message whose bytes may belong to another one. It is one only if it lies within the
    /// doubtful bytes as a whole: else it could take lines from behind them away.
    fn doubtful_message(&mut self) -> Next {
        let unread = self.buffer.unread();
        let line = &unread[..self.doubt.known.min(unread.len())];
        let progress = self
            .search
            .advance(line, &self.config, &self.subscriptions, None);
        let searched = matches!(progress, Progress::Done | Progress::Need(_))
            && !self.search.candidates.is_empty();
        let verdict = searched.then(|| judge(&self.search, line, true, self.longest.is_some()));
        match verdict {
            Some(Verdict::Take(take)) if !take.truncated && line[..take.end].ends_with(b"\n") => {
                return self.deliver(Take {
                    ambiguous: true,
                    ..take
                });
            }
            _ => {}
        }
        self.state = State::Line { scanned: 0 };
        Next::Again
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
