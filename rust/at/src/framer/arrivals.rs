//! When the bytes that are not yet given away came.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Inputs that are closer together than this count as one.
const GRAIN: Duration = Duration::from_millis(1);

/// The times of the unread bytes, from the first one on.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    /// The offset of the first byte of an input, from the start of the stream, and its time.
    marks: VecDeque<(u64, Instant)>,
    /// Where in the stream the first unread byte stands.
    head: u64,
    /// Where the next input begins.
    end: u64,
}

impl Arrivals {
    /// So many bytes came at `now`.
    #[inline]
    pub(super) fn note(&mut self, now: Instant, count: usize) {
        if self.head == self.end {
            self.marks.clear();
        }
        let near = |time: Instant| now.saturating_duration_since(time) < GRAIN;
        if !self.marks.back().is_some_and(|(_, time)| near(*time)) {
            self.marks.push_back((self.end, now));
        }
        self.end += count as u64;
    }

    /// So many bytes are read.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.head += count as u64;
        while self.marks.get(1).is_some_and(|(at, _)| *at <= self.head) {
            self.marks.pop_front();
        }
    }

    /// When the first unread byte came.
    #[inline]
    pub(super) fn first(&self) -> Option<Instant> {
        self.marks.front().map(|(_, time)| *time)
    }

    /// The offset from the first unread byte of the first input after it in front of which the line
    /// was quiet for at least `pause`, at a speed of one byte in `per_byte`, and at which `may_begin`.
    pub(super) fn behind_pause(
        &self,
        per_byte: Duration,
        pause: Duration,
        mut may_begin: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        let starts = self.marks.iter().map(|(at, _)| *at);
        let ends = starts.skip(2).chain([self.end]);
        let pairs = self.marks.iter().zip(self.marks.iter().skip(1));
        pairs
            .zip(ends)
            .find_map(|(((_, before), (at, time)), end)| {
                let count = usize::try_from(end - at).unwrap_or(usize::MAX);
                let gap = time.saturating_duration_since(*before);
                let offset = usize::try_from(at - self.head).unwrap_or(usize::MAX);
                let quiet = gap >= pause && gap > times(per_byte, count);
                (quiet && may_begin(offset)).then_some(offset)
            })
    }

    /// The host was away for so long: as if everything had come that much later.
    pub(super) fn shift(&mut self, away: Duration) {
        for (_, time) in &mut self.marks {
            *time += away;
        }
    }

    pub(super) fn clear(&mut self) {
        self.marks.clear();
        self.head = self.end;
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
        arrivals.note(start, 10);
        arrivals.note(start + 50 * MS, 10);
        arrivals.consume(9);
        assert_eq!(arrivals.first(), Some(start));
        arrivals.consume(1);
        assert_eq!(arrivals.first(), Some(start + 50 * MS));
    }

    #[test]
    fn a_pause_is_time_in_which_the_line_had_nothing_to_carry() {
        let start = Instant::now();
        let mut arrivals = Arrivals::default();
        arrivals.note(start, 10);
        arrivals.note(start + 50 * MS, 60);
        arrivals.note(start + 60 * MS, 5);
        arrivals.note(start + 110 * MS, 10);
        let behind = |pause| arrivals.behind_pause(MS, pause, |_| true);
        assert_eq!(behind(30 * MS), Some(75), "60 bytes take 50 ms and more");
        assert_eq!(behind(8 * MS), Some(70));
        assert_eq!(behind(60 * MS), None);
        assert_eq!(arrivals.behind_pause(MS, 8 * MS, |at| at == 75), Some(75));
    }
}
