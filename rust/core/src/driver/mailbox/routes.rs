//! Which of a program's subscriptions a message is for: a callback, or readers of the filter.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use m531x_at::topic;

/// Enough for every device of a gateway, little enough never to matter.
const MOST_KNOWN: usize = 4096;

/// The subscriptions, and the messages that wait for readers of one.
#[derive(Default)]
pub(super) struct Routes {
    filters: BTreeMap<Arc<str>, Route>,
    /// The destinations of topics, as worked out so far.
    known: HashMap<String, Option<Destination>>,
    /// The filters of the messages that wait, by their numbers.
    stored: HashMap<u64, Arc<[Arc<str>]>>,
}

#[derive(Default)]
struct Route {
    /// A callback takes what matches.
    called: bool,
    /// The messages that wait for readers of this filter.
    waiting: BTreeSet<u64>,
}

/// Where the messages of a topic go.
#[derive(Clone)]
pub(super) struct Destination {
    /// To a callback; else to readers of these filters.
    pub(super) called: bool,
    filters: Arc<[Arc<str>]>,
}

impl Routes {
    pub(super) fn add(&mut self, filter: &str, called: bool) {
        self.filters.entry(filter.into()).or_default().called = called;
        self.known.clear();
    }

    /// Forgets the filter. Messages that waited for its readers alone match no filter any more.
    pub(super) fn remove(&mut self, filter: &str) {
        let route = self.filters.remove(filter).unwrap_or_default();
        for number in route.waiting {
            let others = self.stored.get(&number);
            let waits = |filter: &Arc<str>| {
                let route = self.filters.get(filter);
                route.is_some_and(|route| route.waiting.contains(&number))
            };
            if !others.is_some_and(|filters| filters.iter().any(waits)) {
                self.stored.remove(&number);
            }
        }
        self.known.clear();
    }

    /// Where messages of this topic go; `None` if no filter matches.
    pub(super) fn find(&mut self, topic: &str) -> Option<Destination> {
        if self.filters.is_empty() {
            return None;
        }
        if let Some(known) = self.known.get(topic) {
            return known.clone();
        }
        let matching = || {
            let all = self.filters.iter();
            all.filter(|(filter, _)| topic::matches(filter.as_bytes(), topic.as_bytes()))
        };
        let filters: Arc<[_]> = matching().map(|(filter, _)| Arc::clone(filter)).collect();
        let called = matching().any(|(_, route)| route.called);
        let found = (!filters.is_empty()).then_some(Destination { called, filters });
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(topic.to_owned(), found.clone());
        found
    }

    /// The oldest message of one of these filters for which so many wait.
    pub(super) fn oldest_of_full(&self, readers: &Destination, most: usize) -> Option<u64> {
        let routes = readers.filters.iter().filter_map(|f| self.filters.get(f));
        let mut full = routes.filter(|route| route.waiting.len() >= most);
        full.next()?.waiting.first().copied()
    }

    /// A message waits for the readers of these filters.
    pub(super) fn store(&mut self, number: u64, readers: Destination) {
        for filter in &*readers.filters {
            if let Some(route) = self.filters.get_mut(filter) {
                route.waiting.insert(number);
            }
        }
        self.stored.insert(number, readers.filters);
    }

    /// A message does not wait any more.
    pub(super) fn release(&mut self, number: u64) {
        let filters = self.stored.remove(&number);
        for filter in filters.iter().flat_map(|filters| filters.iter()) {
            if let Some(route) = self.filters.get_mut(filter) {
                route.waiting.remove(&number);
            }
        }
    }

    /// The oldest message that waits for readers of this filter.
    pub(super) fn first(&self, filter: &str) -> Option<u64> {
        self.filters.get(filter)?.waiting.first().copied()
    }

    /// The filter for whose readers most messages wait.
    pub(super) fn fullest(&self) -> Option<(&str, usize)> {
        let waiting = self.filters.iter();
        waiting
            .map(|(filter, route)| (&**filter, route.waiting.len()))
            .max_by_key(|(_, waiting)| *waiting)
    }

    /// How many messages wait for readers of some filter.
    pub(super) fn stored(&self) -> usize {
        self.stored.len()
    }

    pub(super) fn has_stored(&self, number: u64) -> bool {
        self.stored.contains_key(&number)
    }
}
