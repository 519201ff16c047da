//! Taking messages and events from the mailbox.

use std::time::Duration;

use super::state::Role;
use super::{Engine, closed};
use crate::driver::mailbox::{Received, weight};
use crate::{Error, Incoming};

/// A batch ends with the entry that makes it so large: what it holds counts nowhere.
const LARGEST_BATCH: u64 = 1 << 20;

impl Engine {
    pub(in crate::driver) fn recv(
        &self,
        timeout: Option<Duration>,
    ) -> Result<Option<Incoming>, Error> {
        if self.is_closed() {
            return Err(closed());
        }
        let received = self.mailbox.recv(timeout);
        self.after_receiving();
        received.into_result(|| self.why_ended())
    }

    pub(in crate::driver) fn recv_batch(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        if max == 0 {
            return Ok(0);
        }
        let Some(first) = self.recv(timeout)? else {
            return Ok(0);
        };
        let mut bytes = weight(&first);
        out.push(first);
        let mut count = 1;
        while count < max && bytes < LARGEST_BATCH {
            let Received::Entry(entry) = self.mailbox.try_recv() else {
                break;
            };
            bytes += weight(&entry);
            out.push(entry);
            count += 1;
        }
        self.after_receiving();
        Ok(count)
    }

    /// One entry if there is one, without waiting.
    pub(in crate::driver) fn try_recv(&self) -> Received {
        let received = self.mailbox.try_recv();
        self.after_receiving();
        received
    }

    /// The caller has taken entries from the mailbox: the port may be read again.
    pub(in crate::driver) fn after_receiving(&self) {
        if self.mailbox.has_room_again() {
            let mut state = self.lock();
            if state.role == Role::Reader && state.end.is_none() {
                self.sync_reader(&mut state);
            }
        }
    }
}
