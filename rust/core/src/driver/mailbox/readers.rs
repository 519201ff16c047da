//! The readers of filters: alone, or several of one filter, of whom all but the first get copies.

use std::cell::Cell;
use std::time::Duration;

use super::lanes::{Lane, Select};
use super::routes::is_copy;
use super::state::{State, weight};
use super::{Entry, Mailbox, Taken, Untaken};
use crate::Incoming;

impl Mailbox {
    /// Has messages that match this filter go to a callback from now on, or to readers of the filter.
    pub(in crate::driver) fn route(&self, filter: &str, called: bool) {
        self.lock().routes.add(filter, called);
    }

    /// Adds a further reader of a filter, who gets a copy of each message; returns what stands for the filter
    /// in the other methods. With `called`, a callback takes the messages of the filter itself from now on.
    pub(in crate::driver) fn route_copy(&self, filter: &str, called: bool) -> String {
        let mut state = self.lock();
        if called {
            state.routes.add(filter, true);
        }
        state.routes.add_copy(filter)
    }

    /// Forgets the filter; what waits for its readers can still be read by others, but for copies. Those
    /// who wait for it stop.
    pub(in crate::driver) fn unroute(&self, filter: &str) {
        let mut state = self.lock();
        state.unroute(filter);
        self.announce(&state, Select::MESSAGES.0);
    }

    /// Ends the waits of those who read with an older number than this gives.
    pub(in crate::driver) fn end_reads(&self) {
        let mut state = self.lock();
        state.reads_ended += 1;
        self.announce(&state, Select::MESSAGES.0);
    }

    /// How often [`end_reads`](Self::end_reads) was called.
    pub(in crate::driver) fn reads_ended(&self) -> u64 {
        self.lock().reads_ended
    }

    /// The oldest message that matches a routed filter and goes to no callback, or without a filter of any
    /// that is no copy. With a number of [`reads_ended`](Self::reads_ended) it stops waiting at the next.
    pub(in crate::driver) fn take_message(
        &self,
        filter: Option<&str>,
        timeout: Option<Duration>,
        since: Option<u64>,
    ) -> Taken<Entry> {
        let select = match filter {
            Some(key) if is_copy(key) => Select::COPIES,
            _ => Select::MESSAGES,
        };
        let first = |state: &State| match filter {
            Some(filter) => state.routes.first(filter),
            None => state.first(select).map(|(_, number)| number),
        };
        let over = |state: &State| match filter {
            Some(filter) if !state.routes.has(filter) => Some(Untaken::Unrouted),
            _ if since.is_some_and(|since| since != state.reads_ended) => Some(Untaken::ReadsEnded),
            _ => None,
        };
        let found = Cell::new(None);
        let takable = |state: &State| {
            found.set(first(state));
            found.get().is_some()
        };
        let mut state = self.wait_for(select, timeout, takable, over)?;
        let lane = if select == Select::COPIES {
            Lane::COPIES
        } else {
            Lane::Messages as usize
        };
        let taken = found
            .get()
            .and_then(|number| Some((number, state.remove(lane, number)?)));
        self.after_taking(&mut state);
        let (number, incoming) = taken.ok_or(Untaken::Nothing)?;
        Ok(Entry { number, incoming })
    }
}

impl State {
    /// Adds a copy for each further reader; the lane that takers have to look at, if any.
    pub(super) fn add_copies(&mut self, incoming: &Incoming) -> u16 {
        let Incoming::Message(message) = incoming else {
            return 0;
        };
        let mut lanes = 0;
        for reader in self.routes.copies_of(&message.topic) {
            if self.make_room_for(&reader) && self.make_room(Lane::COPIES, weight(incoming)) {
                self.routes.store(self.next, reader);
                self.insert(Lane::COPIES, self.next, incoming.clone());
                self.next += 1;
                lanes = 1 << Lane::COPIES;
            }
        }
        lanes
    }

    /// Forgets a filter, and the copies that only its reader would have taken.
    pub(super) fn unroute(&mut self, key: &str) {
        if is_copy(key) {
            for number in self.routes.waiting(key) {
                self.remove(Lane::COPIES, number);
            }
        }
        self.routes.remove(key);
    }
}
