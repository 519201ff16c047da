//! What the thread of an outbox does with the engine.

use std::time::SystemTime;

use super::Engine;
use super::kept::still_kept;
use super::shared::Slot;
use crate::session::{OperationId, Outcome, Request};
use crate::{Error, Event, EventKind, Incoming};

impl Engine {
    /// Makes the place where the end of a stored message is waited for.
    pub(in crate::driver) fn begin_kept(&self, message: u64) -> OperationId {
        let id = OperationId::kept(message);
        let mut shared = self.lock();
        let slot = Slot {
            outcome: shared.end.as_ref().map(|end| Err(still_kept(end))),
            ..Slot::default()
        };
        shared.slots.insert(id, slot);
        id
    }

    /// A stored message has ended, for whoever waits for it.
    pub(in crate::driver) fn end_kept(&self, message: u64, outcome: Result<Outcome, Error>) {
        let id = OperationId::kept(message);
        let mut shared = self.lock();
        if !shared.has_outcome(id) {
            shared.complete(id, outcome);
            self.tell_whoever_reads(&mut shared);
        }
    }

    /// Begins to publish a stored message.
    pub(in crate::driver) fn send_kept(&self, request: Request) -> Result<OperationId, Error> {
        let mut shared = self.lock();
        if let Some(end) = &shared.end {
            return Err(end.clone());
        }
        shared.thaw();
        let now = shared.now();
        let id = shared.session.begin(now, request)?;
        shared.kept.sending.insert(id);
        self.settle(&mut shared, now);
        self.tell_whoever_reads(&mut shared);
        Ok(id)
    }

    /// Puts an event of the driver's own into the queue.
    pub(in crate::driver) fn report(&self, kind: EventKind, value: i64, text: String) {
        let mut incoming = Incoming::Event(Event::new(kind, value, text));
        incoming.stamp(SystemTime::now());
        // Under the lock, as everything that goes into the queue.
        let _shared = self.lock();
        self.queue.push(incoming);
    }
}
