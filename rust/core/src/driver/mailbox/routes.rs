//! Which of a program's subscriptions a message is for: a callback, or readers of the filter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use m531x_at::topic;

use super::ordered::Ordered;

/// Enough for every device of a gateway, little enough never to matter.
const MOST_KNOWN: usize = 4096;

/// The subscriptions, and the messages that wait for readers of one.
#[derive(Default)]
pub(super) struct Routes {
    filters: BTreeMap<Arc<str>, Route>,
    /// The destinations of topics, as worked out so far.
    known: HashMap<String, Option<Destination>>,
    /// The filters of the messages that wait, by their numbers.
    stored: Ordered<Arc<[Arc<str>]>>,
    /// How many of the filters are those of further readers, and how many have been.
    copies: usize,
    numbered: u64,
}

/// Ends a filter in the key of a further reader: no filter has it.
const MARK: char = '\0';

/// Whether it is the key of a further reader, who gets a copy of each message.
pub(super) fn is_copy(key: &str) -> bool {
    key.contains(MARK)
}

#[derive(Default)]
struct Route {
    /// A callback takes what matches.
    called: bool,
    /// The messages that wait for readers of this filter.
    waiting: Ordered<()>,
}

/// Where the messages of a topic go.
#[derive(Clone)]
pub(super) struct Destination {
    /// To a callback; else to readers of these filters.
    pub(super) called: bool,
    /// To a further reader of a filter, as a copy.
    pub(super) copied: bool,
    filters: Arc<[Arc<str>]>,
}

impl Routes {
    pub(super) fn add(&mut self, filter: &str, called: bool) {
        self.filters.entry(filter.into()).or_default().called = called;
        self.known.clear();
    }

    /// A further reader of a filter, who gets a copy of every message that matches it from now on; its key
    /// stands for the filter elsewhere.
    pub(super) fn add_copy(&mut self, filter: &str) -> String {
        self.numbered += 1;
        self.copies += 1;
        let key = format!("{filter}{MARK}{}", self.numbered);
        self.filters.insert(key.as_str().into(), Route::default());
        key
    }

    /// Those who get copies of messages of this topic.
    pub(super) fn copies_of(&self, topic: &str) -> Vec<Destination> {
        if self.copies == 0 {
            return Vec::new();
        }
        let keys = self.filters.keys().filter(|key| {
            key.split_once(MARK)
                .is_some_and(|(filter, _)| topic::matches(filter.as_bytes(), topic.as_bytes()))
        });
        keys.map(|key| Destination {
            called: false,
            copied: true,
            filters: Arc::from([Arc::clone(key)]),
        })
        .collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.filters.contains_key(key)
    }

    /// The messages that wait for readers of this filter.
    pub(super) fn waiting(&self, key: &str) -> Vec<u64> {
        let route = self.filters.get(key);
        route.map_or(Vec::new(), |route| {
            route.waiting.iter().map(|(number, ())| number).collect()
        })
    }

    /// Forgets the filter. Messages that waited for its readers alone then match no filter.
    pub(super) fn remove(&mut self, filter: &str) {
        let Some(route) = self.filters.remove(filter) else {
            return;
        };
        self.copies -= usize::from(is_copy(filter));
        for (number, ()) in route.waiting {
            let others = self.stored.get(number);
            let waits = |filter: &Arc<str>| {
                let route = self.filters.get(filter);
                route.is_some_and(|route| route.waiting.contains(number))
            };
            if !others.is_some_and(|filters| filters.iter().any(waits)) {
                self.stored.remove(number);
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
            all.filter(|(filter, _)| !is_copy(filter))
                .filter(|(filter, _)| topic::matches(filter.as_bytes(), topic.as_bytes()))
        };
        let filters: Arc<[_]> = matching().map(|(filter, _)| Arc::clone(filter)).collect();
        let called = matching().any(|(_, route)| route.called);
        let found = (!filters.is_empty()).then_some(Destination {
            called,
            copied: false,
            filters,
        });
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
        full.next()?.waiting.first()
    }

    /// A message waits for the readers of these filters.
    pub(super) fn store(&mut self, number: u64, readers: Destination) {
        for filter in &*readers.filters {
            if let Some(route) = self.filters.get_mut(filter) {
                route.waiting.insert(number, ());
            }
        }
        self.stored.insert(number, readers.filters);
    }

    /// A message has stopped waiting.
    pub(super) fn release(&mut self, number: u64) {
        let filters = self.stored.remove(number);
        for filter in filters.iter().flat_map(|filters| filters.iter()) {
            if let Some(route) = self.filters.get_mut(filter) {
                route.waiting.remove(number);
            }
        }
    }

    /// The oldest message that waits for readers of this filter.
    pub(super) fn first(&self, filter: &str) -> Option<u64> {
        self.filters.get(filter)?.waiting.first()
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
        self.stored.contains(number)
    }
}
