//! How long is waited: for the bytes of a message, for trust, for the end of a number.

use std::time::{Duration, Instant};

use crate::framer::arrivals::times;
use crate::framer::frame::per_byte;
use crate::framer::{Framer, State};

/// A message that no other reading waits for may pause so many times as long as the silence limit,
/// in all.
const PATIENCE: u32 = 3;
/// Pauses within a line come on top of that: the module has not ended what it prints, so who sends
/// something that stops short has not caused them. But no more than one silence limit for so many bytes.
const CHUNK: u32 = 64;
/// A digit and CR end a line when nothing follows for so long.
const NUMBER_ENDS: Duration = Duration::from_millis(100);
/// Who is called later than this after a deadline was kept from it.
const PUNCTUAL: Duration = Duration::from_millis(50);

impl Framer {
    /// Ends what waits for silence if `now` has reached [`poll_timeout`](Self::poll_timeout).
    ///
    /// Read the frames with [`next_frame`](Self::next_frame) until `None` before the next input.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.clock = Some(self.clock.map_or(now, |clock| clock.max(now)));
        if self.silence_ends().is_some_and(|deadline| deadline <= now) {
            self.silent = true;
        }
        self.end_old_ambiguity();
    }

    /// The time at which to call [`handle_timeout`](Self::handle_timeout) if no byte comes before,
    /// or `None` when nothing waits for silence.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.silent {
            return None;
        }
        [self.silence_ends(), self.late_at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn silence_ends(&self) -> Option<Instant> {
        let waits = match self.state {
            State::Message => !self.search.candidates.is_empty() || self.ambiguity.hidden.is_some(),
            State::Payload { .. } => true,
            _ => self.ambiguity.hidden.is_some(),
        };
        if waits && !self.silent {
            self.last_input?.checked_add(self.config.silence_limit)
        } else {
            None
        }
    }

    /// When what is being read has taken longer than the line needs for it and a module pauses.
    fn late_at(&self) -> Option<Instant> {
        let per_byte = per_byte(self.config.baudrate);
        let limit = self.config.silence_limit;
        let (since, bytes, pauses) = match self.state {
            State::Message if !self.search.candidates.is_empty() => (
                self.arrivals.first()?,
                self.buffer.len(),
                self.arrivals.pauses_unread(per_byte),
            ),
            State::Payload { declared, left } => {
                let since = self.since?;
                let pauses = self.arrivals.pauses(per_byte);
                let pauses = pauses.saturating_sub(since.pauses);
                (since.time, declared - left, pauses)
            }
            State::Line { .. } if self.is_number() => {
                return self.last_input?.checked_add(NUMBER_ENDS);
            }
            _ if self.ambiguity.unknown > 0 => {
                (self.since?.time, self.config.max_line, Duration::ZERO)
            }
            _ => return None,
        };
        let patience = if self.rival {
            limit
        } else {
            let most = times(limit, bytes) / CHUNK;
            limit
                .saturating_mul(PATIENCE)
                .saturating_add(pauses.min(most))
        };
        since.checked_add(patience.saturating_add(times(per_byte, bytes)))
    }

    /// Whether all that there is may be a result as `ATV0` has it printed, which ends with CR alone.
    pub(super) fn is_number(&self) -> bool {
        !self.ambiguity.any() && matches!(self.buffer.unread(), [b'0'..=b'9', b'\r'])
    }

    /// Whether it has taken longer.
    pub(super) fn is_late(&self) -> bool {
        let Some(clock) = self.clock else {
            return false;
        };
        // No message is late before one silence limit has passed, and nearly all are complete by then.
        let is_young = |since| clock.saturating_duration_since(since) < self.config.silence_limit;
        if self.state == State::Message && self.arrivals.first().is_some_and(is_young) {
            return false;
        }
        self.late_at().is_some_and(|due| due <= clock)
    }

    /// Bytes of which nothing is known are believed again after some time, from the next line on.
    fn end_old_ambiguity(&mut self) {
        if self.ambiguity.unknown > 0 && self.state != State::Message && self.is_late() {
            self.ambiguity.unknown = 0;
            self.ambiguity.line |= self.state != State::LineStart || self.buffer.len() > 0;
            self.need = 0;
        }
    }

    /// When the message began to come whose bytes are held back until it is complete, and when it is
    /// given up if nothing comes before. An answer may be among these bytes.
    pub fn holding(&self) -> Option<(Instant, Instant)> {
        let held = self.state == State::Message;
        Some((
            self.arrivals.first().filter(|_| held)?,
            self.poll_timeout()?,
        ))
    }

    /// A host that was away when something was due has not seen what came meanwhile: that time does
    /// not count.
    pub(super) fn forgive_absence(&mut self, now: Instant) {
        let away = |since: Instant| now.saturating_duration_since(since) > PUNCTUAL;
        if let Some(last) = self
            .last_input
            .filter(|last| away(*last) && self.poll_timeout().is_some_and(away))
        {
            let away = now.saturating_duration_since(last);
            self.arrivals.shift(away);
            if let Some(since) = &mut self.since {
                since.time += away;
            }
        }
    }
}
