//! Packet ids under which the broker may still hold a publish of QoS 2.
//!
//! A broker remembers the id of a QoS 2 publish until PUBREL, on a kept session also over
//! connections. If the module counts from 1 again meanwhile, a broker that goes by the standard takes
//! another publish with that id for a copy: it acknowledges the publish and delivers nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::row::Range;
use crate::session::request::OperationId;

/// Packet ids that the broker may hold.
#[derive(Debug, Default)]
pub(super) struct Unreleased {
    /// Whose publish each may be: `None` if one of several.
    ids: BTreeMap<u16, Option<OperationId>>,
    publishes: usize,
}

impl Unreleased {
    /// A publish of this operation, with one of these ids, has not been released.
    pub(super) fn insert(&mut self, ids: &Range, operation: OperationId) {
        self.publishes += 1;
        for id in ids.iter() {
            match self.ids.entry(id) {
                Entry::Vacant(free) => {
                    free.insert(Some(operation));
                }
                Entry::Occupied(mut held) if *held.get() != Some(operation) => {
                    held.insert(None);
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    /// Whether the broker may take a publish of this operation with this id for a copy of another's.
    pub(super) fn may_hide(&self, id: u16, operation: OperationId) -> bool {
        self.ids
            .get(&id)
            .is_some_and(|held| *held != Some(operation))
    }

    /// How many publishes the broker may hold.
    pub(super) fn publishes(&self) -> usize {
        self.publishes
    }

    /// PUBCOMP has come for this id.
    pub(super) fn release(&mut self, id: u16) {
        if self.ids.remove(&id).is_some() {
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
