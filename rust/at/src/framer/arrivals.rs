//! When the bytes that are not yet given away came.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Inputs that are closer together than this count as one.
const GRAIN: Duration = Duration::from_millis(1);

/// What follows after so long was not printed in one go. Adapters hand bytes on every 16 ms.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// The times of the unread bytes, from the first one on.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    marks: VecDeque<Mark>,
    /// Where in the stream the first unread byte stands.
    head: u64,
    /// Where the next input begins.
    end: u64,
    /// The last byte that came, or 0.
    last: u8,
}

/// The first byte of an input.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Its offset from the start of the stream.
    at: u64,
    time: Instant,
    /// How long nothing came in front of it, if that was within a line.
    gap: Duration,
    /// The pauses within lines up to the input before it.
    before: Duration,
}

impl Arrivals {
    /// So many bytes came at `now`, at a speed of one byte in `per_byte()`.
    #[inline]
    pub(super) fn note(&mut self, now: Instant, bytes: &[u8], per_byte: impl Fn() -> Duration) {
        let near = |mark: &Mark| now.saturating_duration_since(mark.time) < GRAIN;
        let newest = self.marks.back().copied();
        if self.head == self.end {
            self.marks.clear();
        }
        if !self.marks.back().is_some_and(near) {
            self.marks.push_back(Mark {
                at: self.end,
                time: now,
                gap: newest.map_or(Duration::ZERO, |mark| self.gap(mark, now, bytes)),
                before: newest.map_or(Duration::ZERO, |mark| self.pauses_to(mark, per_byte())),
            });
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.end += bytes.len() as u64;
    }

    /// The time between two inputs if a line goes on across it. A module that has said all it had to
    /// say pauses at the end of a line, so this one had not.
    fn gap(&self, mark: Mark, now: Instant, bytes: &[u8]) -> Duration {
        let is_end = |byte: Option<&u8>| matches!(byte, Some(b'\r' | b'\n') | None);
        let gap = now.saturating_duration_since(mark.time);
        if gap < PAUSE || is_end(Some(&self.last)) || is_end(bytes.first()) {
            Duration::ZERO
        } else {
            gap
        }
    }

    /// The pauses within lines up to the last of all inputs; the time of their bytes is not counted.
    fn pauses_to(&self, last: Mark, per_byte: Duration) -> Duration {
        let count = usize::try_from(self.end - last.at).unwrap_or(usize::MAX);
        last.before + last.gap.saturating_sub(times(per_byte, count))
    }

    /// How long the module has paused within lines; only the difference of two answers counts.
    pub(super) fn pauses(&self, per_byte: Duration) -> Duration {
        let newest = self.marks.back();
        newest.map_or(Duration::ZERO, |mark| self.pauses_to(*mark, per_byte))
    }

    /// The same of the unread bytes, from the first one on.
    pub(super) fn pauses_unread(&self, per_byte: Duration) -> Duration {
        let mut marks = self.marks.iter();
        let (Some(_), Some(second)) = (marks.next(), marks.next()) else {
            return Duration::ZERO;
        };
        self.pauses(per_byte).saturating_sub(second.before)
    }

    /// So many bytes are read.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.head += count as u64;
        while self.marks.get(1).is_some_and(|mark| mark.at <= self.head) {
            self.marks.pop_front();
        }
    }

    /// When the first unread byte came.
    #[inline]
    pub(super) fn first(&self) -> Option<Instant> {
        self.marks.front().map(|mark| mark.time)
    }

    /// The offset from the first unread byte of the first input after it in front of which the line
    /// was quiet for at least `pause`, at a speed of one byte in `per_byte`, and at which `may_begin`.
    pub(super) fn behind_pause(
        &self,
        per_byte: Duration,
        pause: Duration,
        mut may_begin: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        let starts = self.marks.iter().map(|mark| mark.at);
        let ends = starts.skip(2).chain([self.end]);
        let pairs = self.marks.iter().zip(self.marks.iter().skip(1));
        pairs.zip(ends).find_map(|((before, mark), end)| {
            let count = usize::try_from(end - mark.at).unwrap_or(usize::MAX);
            let gap = mark.time.saturating_duration_since(before.time);
            let offset = usize::try_from(mark.at - self.head).unwrap_or(usize::MAX);
            let quiet = gap >= pause && gap > times(per_byte, count);
            (quiet && may_begin(offset)).then_some(offset)
        })
    }

    /// The host was away for so long: as if everything had come that much later.
    pub(super) fn shift(&mut self, away: Duration) {
        for mark in &mut self.marks {
            mark.time += away;
        }
    }

    pub(super) fn clear(&mut self) {
        self.marks.clear();
        self.head = self.end;
        self.last = 0;
    }
}

/// The time of so many bytes.
pub(super) fn times(per_byte: Duration, count: usize) -> Duration {
    per_byte.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_first_unread_byte_has_the_time_of_its_input() {
        let start = Instant::now();
        let mut arrivals = Arrivals::default();
        arrivals.note(start, &[b'x'; 10], || MS);
        arrivals.note(start + 50 * MS, &[b'x'; 10], || MS);
        arrivals.consume(9);
        assert_eq!(arrivals.first(), Some(start));
        arrivals.consume(1);
        assert_eq!(arrivals.first(), Some(start + 50 * MS));
    }

    #[test]
    fn a_pause_is_time_in_which_the_line_had_nothing_to_carry() {
        let start = Instant::now();
        let mut arrivals = Arrivals::default();
        arrivals.note(start, &[b'x'; 10], || MS);
        arrivals.note(start + 50 * MS, &[b'x'; 60], || MS);
        arrivals.note(start + 60 * MS, &[b'x'; 5], || MS);
        arrivals.note(start + 110 * MS, &[b'x'; 10], || MS);
        let behind = |pause| arrivals.behind_pause(MS, pause, |_| true);
        assert_eq!(behind(30 * MS), Some(75), "60 bytes take 50 ms and more");
        assert_eq!(behind(8 * MS), Some(70));
        assert_eq!(behind(60 * MS), None);
        assert_eq!(arrivals.behind_pause(MS, 8 * MS, |at| at == 75), Some(75));
    }

    #[test]
    fn a_pause_within_a_line_counts_without_the_time_of_the_bytes_behind_it() {
        let start = Instant::now();
        let mut arrivals = Arrivals::default();
        arrivals.note(start, b"one\r\n", || MS);
        arrivals.note(start + 100 * MS, b"tw", || MS);
        assert_eq!(arrivals.pauses_unread(MS), Duration::ZERO, "between lines");
        arrivals.note(start + 110 * MS, b"oooooo", || MS);
        assert_eq!(arrivals.pauses_unread(MS), Duration::ZERO, "too short");
        arrivals.note(start + 210 * MS, b"oooooo", || MS);
        assert_eq!(arrivals.pauses_unread(MS), 94 * MS);
        arrivals.note(start + 210 * MS, b"oooo", || MS);
        assert_eq!(arrivals.pauses_unread(MS), 90 * MS, "however it is cut");
        arrivals.note(start + 310 * MS, b"\r\n", || MS);
        arrivals.note(start + 410 * MS, b"three", || MS);
        assert_eq!(arrivals.pauses_unread(MS), 90 * MS, "at its end");
        arrivals.note(start + 510 * MS, b"three", || MS);
        assert_eq!(arrivals.pauses_unread(MS), 185 * MS);
        arrivals.consume(5 + 2 + 6 + 1);
        assert_eq!(
            arrivals.pauses_unread(MS),
            95 * MS,
            "those ahead of it are over"
        );
        let before = arrivals.pauses(MS);
        arrivals.consume(9 + 2 + 5 + 5);
        arrivals.note(start + 610 * MS, b"three", || MS);
        let since = arrivals.pauses(MS).saturating_sub(before);
        assert_eq!(since, 95 * MS, "also when all is read");
    }
}
