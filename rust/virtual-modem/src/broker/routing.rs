//! Messages, and which subscriptions they match.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use m531x_at::topic::{matches, shared_filter};

use super::budget::{Budget, Charge, LONGEST_NAME, MOST_FILTERS};
use crate::codec::Publish;

/// A message as the broker keeps it, shared by everyone it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: Arc<str>,
    pub(super) payload: Arc<[u8]>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// For topic and payload, as long as anyone keeps the message; `None` is not to be kept.
    pub(super) charge: Option<Arc<Charge>>,
}

impl Message {
    pub(super) fn new(publish: Publish, budget: &Budget) -> Self {
        let charge = budget.charge(publish.topic.len() + publish.payload.len());
        Self {
            topic: publish.topic,
            payload: publish.payload,
            qos: publish.qos,
            retain: publish.retain,
            charge: charge.map(Arc::new),
        }
    }

    /// Whether it may be kept.
    pub(super) fn is_paid(&self) -> bool {
        self.charge.is_some()
    }

    pub(super) fn bytes(&self) -> usize {
        self.topic.len() + self.payload.len()
    }
}

/// What an entry takes besides its text.
const ENTRY: usize = 64;

/// The filters of one session and the QoS granted to each.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// As granted.
    pub(super) qos: u8,
    /// When it last had its turn among those that share it.
    pub(super) served: u64,
    _charge: Charge,
}

impl Subscriptions {
    /// Adds a filter, or replaces its QoS; whether there was room.
    pub(super) fn insert(&mut self, filter: &str, qos: u8, budget: &Budget) -> bool {
        if let Some(entry) = self.entries.get_mut(filter) {
            entry.qos = qos;
            return true;
        }
        if filter.len() > LONGEST_NAME || self.entries.len() >= MOST_FILTERS {
            return false;
        }
        let Some(charge) = budget.charge(filter.len() + ENTRY) else {
            return false;
        };
        let entry = Entry {
            qos,
            served: 0,
            _charge: charge,
        };
        self.entries.insert(filter.to_owned(), entry);
        true
    }

    pub(super) fn remove(&mut self, filter: &str) {
        self.entries.remove(filter);
    }

    /// The QoS of this very filter.
    pub(super) fn granted_to(&self, filter: &str) -> Option<u8> {
        self.entries.get(filter).map(|entry| entry.qos)
    }

    /// The highest QoS of all filters of its own that match: overlapping ones make one delivery.
    pub(super) fn granted(&self, topic: &str) -> Option<u8> {
        self.entries
            .iter()
            .filter(|(filter, _)| matches(filter.as_bytes(), topic.as_bytes()))
            .filter(|(filter, _)| !is_shared(filter))
            .map(|(_, entry)| entry.qos)
            .max()
    }

    /// Those that match and are shared with other sessions.
    pub(super) fn shared(&self, topic: &str) -> impl Iterator<Item = (&str, &Entry)> {
        // They begin with `$`, and `%` comes next.
        let special = (Bound::Included("$"), Bound::Excluded("%"));
        let special = self.entries.range::<str, _>(special);
        special
            .filter(move |(filter, _)| is_shared(filter))
            .filter(move |(filter, _)| matches(filter.as_bytes(), topic.as_bytes()))
            .map(|(filter, entry)| (filter.as_str(), entry))
    }

    /// It had its turn; the QoS granted.
    pub(super) fn serve(&mut self, filter: &str, turn: u64) -> Option<u8> {
        let entry = self.entries.get_mut(filter)?;
        entry.served = turn;
        Some(entry.qos)
    }
}

/// Whether this is `$share/group/filter` or `$queue/filter`. (`$exclusive/filter` has one subscriber.)
fn is_shared(filter: &str) -> bool {
    (filter.starts_with("$share/") || filter.starts_with("$queue/"))
        && shared_filter(filter.as_bytes()).len() < filter.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_filters_grant_the_highest_qos() {
        let mut subscriptions = Subscriptions::default();
        let budget = Budget::default();
        subscriptions.insert("a/#", 0, &budget);
        subscriptions.insert("a/b", 2, &budget);
        subscriptions.insert("+/b", 1, &budget);
        assert_eq!(subscriptions.granted("a/b"), Some(2));
        assert_eq!(subscriptions.granted("a/c"), Some(0));
        subscriptions.remove("a/b");
        assert_eq!(subscriptions.granted("a/b"), Some(1));
        assert_eq!(subscriptions.granted("b"), None);
    }

    #[test]
    fn groups_and_filters_are_told_apart() {
        for (filter, shared) in [
            ("$share/g/a", true),
            ("$queue/a", true),
            ("$share/g", false),
            ("$share//a", false),
            ("$exclusive/a", false),
            ("$creq/a", false),
            ("a", false),
        ] {
            assert_eq!(is_shared(filter), shared, "{filter}");
        }
    }
}
