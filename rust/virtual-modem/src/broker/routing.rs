//! Messages, and which subscriptions they match.

use std::sync::Arc;

use m531x_at::topic::matches;

use crate::codec::Publish;

/// A message as the broker keeps it, shared by everyone it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: Arc<str>,
    pub(super) payload: Arc<[u8]>,
    pub(super) qos: u8,
    pub(super) retain: bool,
}

impl From<Publish> for Message {
    fn from(publish: Publish) -> Self {
        Self {
            topic: publish.topic,
            payload: publish.payload,
            qos: publish.qos,
            retain: publish.retain,
        }
    }
}

/// The filters of one session and the QoS granted to each.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    entries: Vec<(String, u8)>,
}

impl Subscriptions {
    /// Adds a filter, or replaces its QoS.
    pub(super) fn insert(&mut self, filter: &str, qos: u8) {
        match self.entries.iter_mut().find(|(known, _)| known == filter) {
            Some((_, granted)) => *granted = qos,
            None => self.entries.push((filter.to_owned(), qos)),
        }
    }

    pub(super) fn remove(&mut self, filter: &str) {
        self.entries.retain(|(known, _)| known != filter);
    }

    /// The QoS of this very filter.
    pub(super) fn granted_to(&self, filter: &str) -> Option<u8> {
        let entry = self.entries.iter().find(|(known, _)| known == filter);
        entry.map(|&(_, qos)| qos)
    }

    /// The highest QoS of all filters that match: overlapping ones make one delivery.
    pub(super) fn granted(&self, topic: &str) -> Option<u8> {
        self.entries
            .iter()
            .filter(|(filter, _)| matches(filter.as_bytes(), topic.as_bytes()))
            .map(|&(_, qos)| qos)
            .max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_filters_grant_the_highest_qos() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.insert("a/#", 0);
        subscriptions.insert("a/b", 2);
        subscriptions.insert("+/b", 1);
        assert_eq!(subscriptions.granted("a/b"), Some(2));
        assert_eq!(subscriptions.granted("a/c"), Some(0));
        subscriptions.remove("a/b");
        assert_eq!(subscriptions.granted("a/b"), Some(1));
        assert_eq!(subscriptions.granted("b"), None);
    }
}
