//! Which packet ids a command can have got: a walk along what was sent.

use std::time::Instant;

use super::gap::Gap;
use super::sending::Sending;

/// Whether QoS 0 publishes are taken to have got ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zeros {
    Never,
    Always,
    /// Any number of them.
    Either,
}

/// What a walk takes for granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assumption {
    pub zeros: Zeros,
    /// Whether a command that the module has probably never read may have got an id all the same.
    pub unread_may_count: bool,
}

impl Assumption {
    /// Excludes nothing.
    pub(super) const ANYTHING: Self = Self {
        zeros: Zeros::Either,
        unread_may_count: true,
    };

    /// A command that was probably never read has no id.
    pub(super) fn likely(zeros: Zeros) -> Self {
        Self {
            zeros,
            unread_may_count: false,
        }
    }
}

/// The ids that are `least` to `most` steps behind `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub from: u16,
    pub least: u64,
    pub most: u64,
}

/// After 65535 comes 1, or, in firmware that has forgotten that 0 is no packet id, 0.
const CYCLES: [u64; 2] = [65_535, 65_536];

impl Range {
    /// The ids behind `from`, none taken yet.
    pub(super) fn behind(from: u16) -> Self {
        Self {
            from,
            least: 0,
            most: 0,
        }
    }

    /// Whether this id is among them, whichever way the module counts past 65535.
    pub(super) fn holds(&self, id: u16) -> bool {
        CYCLES.iter().any(|&cycle| {
            if id == 0 && cycle == 65_535 {
                return false;
            }
            let steps = (u64::from(id) + cycle - u64::from(self.from)) % cycle;
            let first = if steps == 0 { cycle } else { steps };
            let rounds = self.least.saturating_sub(first).div_ceil(cycle);
            first + rounds * cycle <= self.most
        })
    }

    /// Each of them; some come twice.
    pub(super) fn iter(self) -> impl Iterator<Item = u16> {
        CYCLES.into_iter().flat_map(move |cycle| {
            (self.least..=self.most.min(self.least + cycle)).filter_map(move |steps| {
                let id = (u64::from(self.from) + steps) % cycle;
                let id = if id == 0 && cycle == 65_535 {
                    cycle
                } else {
                    id
                };
                u16::try_from(id).ok()
            })
        })
    }

    /// The lowest of them, for a module that leaves out 0.
    pub(super) fn first(&self) -> u16 {
        let before = if self.from == 0 {
            65_535
        } else {
            u64::from(self.from)
        };
        let id = (before - 1 + self.least) % 65_535 + 1;
        u16::try_from(id).unwrap_or(1)
    }

    fn skip(&mut self, gap: &Gap, zeros: Zeros) {
        let (least, most) = match zeros {
            Zeros::Never => (0, 0),
            Zeros::Always => (gap.zeros, gap.zeros + gap.unsure_zeros),
            Zeros::Either => (0, gap.zeros + gap.unsure_zeros),
        };
        self.least += least + gap.others;
        self.most += most + gap.others + gap.unsure_others;
    }

    fn next(&self) -> Self {
        Self {
            from: self.from,
            least: self.least + 1,
            most: self.most + 1,
        }
    }

    /// Goes on behind this sending, which the module has probably not read if it is `unread`.
    fn advance(&mut self, sending: &Sending, unread: bool) {
        if let Some(id) = sending.certain_id() {
            *self = Self::behind(id);
            return;
        }
        let counted = sending.is_counted();
        self.least += u64::from(counted);
        self.most += u64::from(counted || !unread);
    }
}

/// Walks along the row and gives each sending with the ids that it can have.
pub(super) fn walk<'a>(
    now: Instant,
    base: u16,
    row: impl ExactSizeIterator<Item = &'a Sending>,
    assumption: Assumption,
) -> impl ExactSizeIterator<Item = (&'a Sending, Range)> {
    let mut at = Range::behind(base);
    row.map(move |sending| {
        at.skip(&sending.before, assumption.zeros);
        let range = at.next();
        let unread = sending.is_doubtful(now) && !assumption.unread_may_count;
        at.advance(sending, unread);
        (sending, range)
    })
}

/// Walks along the row and gives each sending with all the ids that it can have.
pub(super) fn possible<'a>(
    base: u16,
    row: impl Iterator<Item = &'a Sending>,
) -> impl Iterator<Item = (&'a Sending, Range)> {
    let mut at = Range::behind(base);
    row.map(move |sending| {
        at.skip(&sending.before, Zeros::Either);
        let range = at.next();
        at.advance(sending, false);
        let exactly = |id: u16| Range::behind(id.wrapping_sub(1)).next();
        (sending, sending.certain_id().map_or(range, exactly))
    })
}

/// The id that the next command behind the whole row is expected to get: everything sent was counted.
pub(super) fn next_id<'a>(
    base: u16,
    row: impl Iterator<Item = &'a Sending>,
    trailing: &Gap,
    zeros: Zeros,
) -> u16 {
    let mut at = Range::behind(base);
    for sending in row {
        at.skip(&sending.before, zeros);
        at = at.next();
    }
    at.skip(trailing, zeros);
    at.next().first()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Range;

    fn range(from: u16, least: u64, most: u64) -> Range {
        Range { from, least, most }
    }

    #[test]
    fn ids_begin_with_1() {
        assert!(range(0, 1, 1).holds(1));
        assert!(!range(0, 1, 1).holds(0));
        assert!(!range(0, 1, 1).holds(2));
        assert_eq!(range(0, 1, 1).first(), 1);
    }

    #[test]
    fn behind_65535_comes_0_or_1() {
        let next = range(65_535, 1, 1);
        assert!(next.holds(0) && next.holds(1));
        assert!(!next.holds(2) && !next.holds(65_535));
        let one_more = range(65_535, 2, 2);
        assert!(one_more.holds(1) && one_more.holds(2));
        assert!(!one_more.holds(0) && !one_more.holds(3));
        assert_eq!(next.first(), 1);
    }

    #[test]
    fn a_range_holds_what_lies_in_it_also_past_the_end() {
        let wide = range(65_000, 1, 40_001);
        assert!(wide.holds(65_001) && wide.holds(65_535) && wide.holds(0) && wide.holds(39_000));
        assert!(!wide.holds(65_000) && !wide.holds(50_000));
    }

    #[test]
    fn what_a_range_lists_is_what_it_holds() {
        for (from, least, most) in [(0, 1, 3), (65_530, 2, 9), (65_535, 1, 1), (7, 1, 70_000)] {
            let range = range(from, least, most);
            let listed: BTreeSet<_> = range.iter().collect();
            let held: BTreeSet<_> = (0..=u16::MAX).filter(|id| range.holds(*id)).collect();
            assert_eq!(listed, held, "{range:?}");
        }
    }

    #[test]
    fn a_range_longer_than_a_round_holds_everything() {
        let all = range(7, 1, 70_000);
        assert!((0..=u16::MAX).all(|id| all.holds(id)));
        let exact = range(7, 70_000, 70_000);
        // 70,000 steps behind 7: 4472 without 0 among the ids, 4471 with it.
        assert!(exact.holds(4_472) && exact.holds(4_471));
        assert!(!exact.holds(4_470) && !exact.holds(4_473));
    }
}
