//! Taking messages and events from the mailbox.

use std::time::Duration;

use super::state::Role;
use super::{Engine, closed};
use crate::driver::mailbox::{Entry, Select, Taken, Untaken, weight};
use crate::transport::Waiter;
use crate::{Error, ErrorCode, Event, Incoming, Message};

/// A batch ends with the entry that makes it so large: what it holds counts nowhere.
const LARGEST_BATCH: u64 = 1 << 20;

impl Engine {
    pub(in crate::driver) fn recv(
        &self,
        select: Select,
        timeout: Option<Duration>,
    ) -> Result<Option<Incoming>, Error> {
        self.recv_if(select, timeout, |_| Ok(()))
            .map(|taken| taken.map(|((), incoming)| incoming))
    }

    /// As [`recv`](Self::recv), but `look` sees the entry first; with an error of it the entry stays.
    pub(in crate::driver) fn recv_if<T>(
        &self,
        select: Select,
        timeout: Option<Duration>,
        look: impl FnOnce(&Incoming) -> Result<T, Error>,
    ) -> Result<Option<(T, Incoming)>, Error> {
        if self.is_closed() {
            return Err(closed());
        }
        let taken = self.mailbox.take_if(select, timeout, look);
        self.after_receiving();
        let taken = self.entry_of(taken?)?;
        Ok(taken.map(|(seen, entry)| (seen, entry.incoming)))
    }

    /// The oldest event of these kinds, when `look` has seen it.
    pub(in crate::driver) fn recv_event<T>(
        &self,
        kinds: u32,
        timeout: Option<Duration>,
        look: impl FnOnce(&Event) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.is_closed() {
            return Err(closed());
        }
        let taken = self.mailbox.take_event(kinds, timeout, look);
        self.after_receiving();
        self.entry_of(taken?)
    }

    /// The entry, or why there is none.
    fn entry_of<T>(&self, taken: Taken<T>) -> Result<Option<T>, Error> {
        match taken {
            Ok(entry) => Ok(Some(entry)),
            Err(Untaken::Nothing) => Ok(None),
            Err(Untaken::Cancelled) => Err(Error::new(
                ErrorCode::Cancelled,
                "the wait for a message was cancelled",
            )),
            Err(Untaken::ReadsEnded) => Err(Error::new(
                ErrorCode::Cancelled,
                "the connection was ended while messages were waited for",
            )),
            Err(Untaken::Unrouted) => Err(Error::new(
                ErrorCode::Closed,
                "the subscription has ended; subscribe again",
            )),
            Err(Untaken::End) => Err(self.why_ended()),
        }
    }

    pub(in crate::driver) fn recv_batch(
        &self,
        select: Select,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        if max == 0 {
            return Ok(0);
        }
        let Some(first) = self.recv(select, timeout)? else {
            return Ok(0);
        };
        let mut bytes = weight(&first);
        out.push(first);
        let mut count = 1;
        if count < max && bytes < LARGEST_BATCH {
            self.mailbox.take_more(select, |incoming| {
                bytes += weight(&incoming);
                out.push(incoming);
                count += 1;
                count < max && bytes < LARGEST_BATCH
            });
        }
        self.after_receiving();
        Ok(count)
    }

    /// The oldest message that matches a routed filter, or with `None` any that goes to no callback;
    /// also after the end, as long as there are some. With a number of `reads_ended` it stops waiting when
    /// the program ends what it reads.
    pub(in crate::driver) fn recv_message_of(
        &self,
        filter: Option<&str>,
        timeout: Option<Duration>,
        since: Option<u64>,
    ) -> Result<Option<Message>, Error> {
        let taken = self.mailbox.take_message(filter, timeout, since);
        self.after_receiving();
        let taken = self.entry_of(taken)?;
        Ok(taken.and_then(|entry| match entry.incoming {
            Incoming::Message(message) => Some(message),
            Incoming::Event(_) => None,
        }))
    }

    /// One entry if there is one, without waiting.
    pub(in crate::driver) fn try_take(&self, select: Select) -> Taken<Entry> {
        let taken = self.mailbox.take(select, Some(Duration::ZERO));
        self.after_receiving();
        taken
    }

    /// The caller has taken entries from the mailbox: what the session kept back for want of room may
    /// come, and the port may be read again.
    pub(in crate::driver) fn after_receiving(&self) {
        if !self.mailbox.has_room_again() {
            return;
        }
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        self.dispatch_outputs(&mut state);
        match state.role {
            Role::Reader => self.sync_reader(&mut state),
            Role::Leader => self.waiter.wake_leader(),
            Role::Vacant => {}
        }
    }
}
