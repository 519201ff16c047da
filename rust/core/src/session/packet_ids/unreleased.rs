//! Packet ids under which the broker may still hold a publish of QoS 2.
//!
//! A broker remembers the id of a QoS 2 publish until PUBREL, on a kept session also over
//! connections. If the module counts from 1 again meanwhile, a broker that goes by the standard takes
//! another publish with that id for a copy: it acknowledges the publish and delivers nothing.

use std::collections::BTreeSet;

use super::row::Range;

/// Packet ids that the broker may hold.
#[derive(Debug, Default)]
pub(super) struct Unreleased {
    ids: BTreeSet<u16>,
    publishes: usize,
}

impl Unreleased {
    /// A publish with one of these ids has not been released.
    pub(super) fn insert(&mut self, ids: &Range) {
        self.publishes += 1;
        self.ids.extend(ids.iter());
    }

    /// Whether the broker may take a publish of QoS 2 with this id for a copy of another one.
    pub(super) fn may_hide(&self, id: u16) -> bool {
        self.ids.contains(&id)
    }

    /// How many publishes the broker may hold.
    pub(super) fn publishes(&self) -> usize {
        self.publishes
    }

    /// PUBCOMP has come for this id.
    pub(super) fn release(&mut self, id: u16) {
        if self.ids.remove(&id) {
            self.publishes = self.publishes.saturating_sub(1);
        }
        if self.ids.is_empty() {
            self.publishes = 0;
        }
    }

    /// The broker begins a new session.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
