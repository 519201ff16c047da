//! What a broker keeps for its clients, in bytes, all of them together: one of them must not take the
//! memory of everyone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sessions, connected or not.
pub(super) const MOST_SESSIONS: usize = 4096;
/// Network connections.
pub(super) const MOST_CONNECTIONS: usize = 4096;
/// Filters of one session.
pub(super) const MOST_FILTERS: usize = 1000;
/// Bytes of a filter, and of a client id.
pub(super) const LONGEST_NAME: usize = 1024;
/// Topics with a retained message.
pub(super) const MOST_RETAINED: usize = 1000;
/// Bytes of all retained messages.
pub(super) const MOST_RETAINED_BYTES: usize = 4 << 20;
/// Bytes of packets that have come in part.
pub(super) const MOST_PARTIAL: usize = 8 << 20;
/// Bytes of everything that is kept: messages, filters, client ids.
const MOST_KEPT: usize = 16 << 20;

/// What is left to keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Sets so many bytes aside, until the charge is dropped; `None` if they are not there.
    pub(super) fn charge(&self, bytes: usize) -> Option<Charge> {
        let taken = self.0.fetch_add(bytes, Ordering::Relaxed);
        let charge = Charge {
            budget: self.clone(),
            bytes,
        };
        (taken + bytes <= MOST_KEPT).then_some(charge)
    }
}

/// Bytes that are kept.
#[derive(Debug)]
pub(super) struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl PartialEq for Charge {
    /// Two messages are alike, independent of their cost.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Charge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_had_again() {
        let budget = Budget::default();
        let half = budget.charge(MOST_KEPT / 2);
        assert!(half.is_some() && budget.charge(MOST_KEPT / 2 + 1).is_none());
        let other = budget.charge(MOST_KEPT / 2);
        assert!(other.is_some() && budget.charge(1).is_none());
        drop(half);
        assert!(budget.charge(MOST_KEPT / 2).is_some());
    }
}
