//! A queue in the order of numbers, from which any entry can be taken.

use std::collections::VecDeque;

/// Room for so many entries stays when the queue is empty.
const KEPT: usize = 128;

/// Entries by ascending number. To add the newest and to remove the oldest costs the same however many
/// wait; an entry removed in between leaves a gap, and gaps never outnumber entries for long.
pub(super) struct Ordered<T> {
    /// The first one is no gap.
    entries: VecDeque<(u64, Option<T>)>,
    /// Without the gaps.
    len: usize,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            len: 0,
        }
    }
}

impl<T> Ordered<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn insert(&mut self, number: u64, value: T) {
        if self.entries.back().is_none_or(|(last, _)| *last < number) {
            self.entries.push_back((number, Some(value)));
            self.len += 1;
            return;
        }
        match self.search(number) {
            Err(at) => self.entries.insert(at, (number, Some(value))),
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    self.len -= usize::from(entry.1.is_some());
                    entry.1 = Some(value);
                }
            }
        }
        self.len += 1;
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        let at = self.search(number).ok()?;
        self.entries.get(at)?.1.as_ref()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.get(number).is_some()
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let at = self.search(number).ok()?;
        let value = self.entries.get_mut(at)?.1.take()?;
        self.len -= 1;
        while matches!(self.entries.front(), Some((_, None))) {
            self.entries.pop_front();
        }
        if self.entries.len() > 2 * self.len + KEPT {
            self.entries.retain(|(_, value)| value.is_some());
        }
        if self.entries.is_empty() && self.entries.capacity() > KEPT {
            self.entries = VecDeque::new();
        }
        Some(value)
    }

    /// The number of the oldest entry.
    pub(super) fn first(&self) -> Option<u64> {
        self.entries.front().map(|(number, _)| *number)
    }

    /// The entries, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let entries = self.entries.iter();
        entries.filter_map(|(number, value)| Some((*number, value.as_ref()?)))
    }

    /// The place of a number, or else where it belongs; the oldest is found at once.
    fn search(&self, number: u64) -> Result<usize, usize> {
        if self.first() == Some(number) {
            return Ok(0);
        }
        self.entries
            .binary_search_by_key(&number, |(number, _)| *number)
    }
}

impl<T> IntoIterator for Ordered<T> {
    type Item = (u64, T);
    type IntoIter = std::iter::FilterMap<
        std::collections::vec_deque::IntoIter<(u64, Option<T>)>,
        fn((u64, Option<T>)) -> Option<(u64, T)>,
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.entries
            .into_iter()
            .filter_map(|(number, value)| Some((number, value?)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{KEPT, Ordered};

    #[test]
    fn it_is_a_map_in_the_order_of_numbers() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..50 {
            let (mut ordered, mut map) = (Ordered::default(), BTreeMap::new());
            for step in 0..2_000_u64 {
                let any = random.u64(0..=step);
                match random.u8(0..8) {
                    0..3 => drop((ordered.insert(step, step), map.insert(step, step))),
                    3 => drop((ordered.insert(any, step), map.insert(any, step))),
                    4 => assert_eq!(ordered.remove(any), map.remove(&any)),
                    _ => {
                        let oldest = map.keys().next().copied();
                        assert_eq!(ordered.first(), oldest);
                        let removed = oldest.map(|number| ordered.remove(number));
                        assert_eq!(removed, oldest.map(|number| map.remove(&number)));
                    }
                }
                assert_eq!(ordered.len(), map.len());
                assert_eq!(ordered.is_empty(), map.is_empty());
                assert_eq!(ordered.get(any), map.get(&any));
                assert_eq!(ordered.contains(any), map.contains_key(&any));
            }
            assert!(
                ordered
                    .iter()
                    .eq(map.iter().map(|(number, value)| (*number, value)))
            );
            assert!(ordered.into_iter().eq(map));
        }
    }

    #[test]
    fn gaps_behind_an_entry_that_no_one_takes_do_not_grow() {
        let mut ordered = Ordered::default();
        ordered.insert(0, ());
        for number in 1..100_000 {
            ordered.insert(number, ());
            assert!(ordered.remove(number).is_some());
        }
        assert!(ordered.entries.len() <= KEPT + 2);
    }
}
