//! Whether QoS 0 publishes take packet ids on this module, learned from its acknowledgements.

use super::row::Zeros;

/// So much more must speak for the one than for the other.
const ENOUGH: i8 = 2;
const MOST: i8 = 4;

/// What the acknowledgements have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Habit {
    /// Above zero: they take ids.
    weight: i8,
}

impl Habit {
    /// What is known for sure, as a recording keeps it.
    pub(super) fn of(takes_ids: Option<bool>) -> Self {
        Self {
            weight: match takes_ids {
                None => 0,
                Some(true) => ENOUGH,
                Some(false) => -ENOUGH,
            },
        }
    }

    pub(super) fn takes_ids(self) -> Option<bool> {
        (self.weight.abs() >= ENOUGH).then_some(self.weight > 0)
    }

    /// An acknowledgement that one of the two explains and the other does not; `alone`, nothing else
    /// was under way that it could have been for.
    pub(super) fn saw(&mut self, takes_ids: bool, alone: bool) {
        let step = if alone { ENOUGH } else { 1 };
        let step = if takes_ids { step } else { -step };
        self.weight = (self.weight + step).clamp(-MOST, MOST);
    }

    /// What is to be reckoned with.
    pub(super) fn possible(self) -> &'static [Zeros] {
        match self.takes_ids() {
            None => &[Zeros::Never, Zeros::Always],
            Some(true) => &[Zeros::Always],
            Some(false) => &[Zeros::Never],
        }
    }
}
