//! What the thread of an outbox does with the engine.

use super::Engine;
use super::outbox::still_kept;
use super::state::Slot;
use crate::driver::outbox::Publisher;
use crate::driver::ticket::Ticket;
use crate::session::{OperationId, Outcome, Request};
use crate::{Error, Event, EventKind};

impl Publisher for Engine {
    fn begin_stored(&self, message: u64) {
        let mut state = self.lock();
        let slot = Slot {
            outcome: state.end.as_ref().map(|end| Err(still_kept(end))),
            ..Slot::default()
        };
        state.slots.insert(Ticket::Stored(message), slot);
    }

    fn end_stored(&self, message: u64, outcome: Result<Outcome, Error>) {
        let ticket = Ticket::Stored(message);
        let mut state = self.lock();
        if !state.has_outcome(ticket) {
            state.complete(ticket, outcome);
            self.wake_owner(&mut state);
        }
    }

    fn send_stored(&self, request: Request) -> Result<OperationId, Error> {
        let mut state = self.lock();
        if let Some(end) = &state.end {
            return Err(end.clone());
        }
        state.resume_clock();
        let now = state.now();
        let id = state.session.begin(now, request)?;
        state.outbox_sending.insert(id);
        self.drain_session(&mut state, now);
        self.wake_owner(&mut state);
        Ok(id)
    }

    fn keeps_session(&self) -> bool {
        self.lock().session.keeps_session()
    }

    fn has_unreleased(&self) -> bool {
        self.lock().session.has_unreleased()
    }

    fn report(&self, kind: EventKind, value: i64, text: String) {
        let _state = self.lock();
        self.push_event(Event::new(kind, value, text));
    }
}
