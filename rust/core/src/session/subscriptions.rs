//! The topic filters that are subscribed, or are being subscribed.

use m531x_at::command::QoS;
use m531x_at::{hex, topic};

/// The table of subscriptions as the module has it.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    entries: Vec<Subscription>,
    /// Whether the table is complete; not so while a client of before the session may be there.
    known: bool,
    changed: bool,
}

/// One subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub filter: String,
    pub qos: QoS,
    pub hex: bool,
    /// Whether the broker has granted it.
    pub live: bool,
    /// Only the health check wants it.
    pub unlisted: bool,
    /// Whether it is being ended.
    pub leaving: bool,
    /// An unsubscription of it was not answered: the module's table may have what the broker has not.
    pub unsure: bool,
}

impl Subscriptions {
    /// The module has no subscription, for sure.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.known = true;
        self.changed = true;
    }

    /// A subscription is being asked for; messages may come before it is granted.
    pub(super) fn ask(&mut self, filter: &str, qos: QoS, hex: bool) {
        self.changed = true;
        match self.entries.iter_mut().find(|s| s.filter == filter) {
            Some(entry) => {
                entry.qos = qos;
                entry.hex = hex;
                // It is the user's from now on, and not before the broker has granted him it.
                entry.live &= !std::mem::take(&mut entry.unlisted);
            }
            None => self.entries.push(Subscription {
                filter: filter.to_owned(),
                qos,
                hex,
                live: false,
                unlisted: false,
                leaving: false,
                unsure: false,
            }),
        }
    }

    /// A subscription that only the health check wants is being asked for.
    pub(super) fn ask_unlisted(&mut self, filter: &str) {
        if self.entries.iter().all(|s| s.filter != filter) {
            self.changed = true;
            self.entries.push(Subscription {
                filter: filter.to_owned(),
                qos: QoS::AtMostOnce,
                hex: false,
                live: false,
                unlisted: true,
                leaving: false,
                unsure: false,
            });
        }
    }

    /// The connection of the health check's subscription is gone.
    pub(super) fn drop_unlisted(&mut self) {
        self.entries.retain(|s| !s.unlisted);
        self.changed = true;
    }

    /// Whether the broker has granted this one, listed or not.
    pub(super) fn is_granted(&self, filter: &str) -> bool {
        self.entries.iter().any(|s| s.live && s.filter == filter)
    }

    /// Whether a message to this topic can come by a subscription of the user's.
    pub(super) fn is_wanted(&self, topic: &[u8]) -> bool {
        self.entries
            .iter()
            .any(|s| !s.unlisted && topic::matches(s.filter.as_bytes(), topic))
    }

    /// It is being ended, or not after all.
    pub(super) fn leave(&mut self, filter: &str, leaving: bool) {
        if let Some(entry) = self.entries.iter_mut().find(|s| s.filter == filter) {
            entry.leaving = leaving;
            entry.unsure |= leaving;
        }
    }

    /// The module has refused to end it, so nothing has gone to the broker.
    pub(super) fn stay(&mut self, filter: &str) {
        if let Some(entry) = self.entries.iter_mut().find(|s| s.filter == filter) {
            entry.leaving = false;
            entry.unsure = false;
        }
    }

    /// Whether the broker may have ended it while the module still lists it.
    pub(super) fn is_unsure(&self, filter: &str) -> bool {
        self.entries.iter().any(|s| s.unsure && s.filter == filter)
    }

    /// Whether it is in the table and not being ended.
    pub(super) fn wants(&self, filter: &str) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|s| s.filter == filter && !s.leaving)
    }

    /// The broker has granted it; an unsubscribing that was asked for before may have ended meanwhile.
    pub(super) fn grant(&mut self, filter: &str, qos: QoS, hex: bool) {
        self.ask(filter, qos, hex);
        self.grant_as_it_is(filter);
    }

    /// The broker has granted it, no matter who wants it.
    pub(super) fn grant_as_it_is(&mut self, filter: &str) {
        if let Some(entry) = self.entries.iter_mut().find(|s| s.filter == filter) {
            entry.live = true;
            entry.leaving = false;
            entry.unsure = false;
        }
    }

    /// It was not granted, and was not there before.
    pub(super) fn withdraw(&mut self, filter: &str) {
        self.entries.retain(|s| s.live || s.filter != filter);
        self.changed = true;
    }

    /// It has ended.
    pub(super) fn remove(&mut self, filter: &str) {
        self.entries.retain(|s| s.filter != filter);
        self.changed = true;
    }

    /// The granted subscriptions, oldest first.
    pub(super) fn live(&self) -> impl Iterator<Item = &Subscription> {
        self.entries.iter().filter(|s| s.live && !s.unlisted)
    }

    /// Whether the filters have changed since the last call and are known completely.
    pub(super) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changed) && self.known
    }

    /// All filters, those being asked for included.
    pub(super) fn filters(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|s| s.filter.as_str())
    }

    /// Those whose payloads come as hex digits.
    pub(super) fn hex_filters(&self) -> impl Iterator<Item = &str> {
        let hex = self.entries.iter().filter(|s| s.hex);
        hex.map(|s| s.filter.as_str())
    }

    /// The payload as published: that of a subscription with hex delivery is decoded, unless it is
    /// not hex after all.
    pub(super) fn payload(&self, topic: &[u8], payload: &[u8]) -> Vec<u8> {
        let first = self
            .entries
            .iter()
            .find(|s| topic::matches(s.filter.as_bytes(), topic));
        match first {
            Some(Subscription { hex: true, .. }) => {
                hex::decode(payload).unwrap_or_else(|_| payload.to_vec())
            }
            _ => payload.to_vec(),
        }
    }
}
