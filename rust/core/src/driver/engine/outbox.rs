//! Publishes that an outbox keeps: their places among the operations, and their way to the session.
//!
//! Whoever waits for a stored message waits for an operation as always, under a number that the
//! session never gives. What the outbox sends is an operation of the session that nobody waits for;
//! its end goes to the outbox.

use std::sync::Arc;
use std::time::SystemTime;

use super::state::{EngineState, Slot};
use super::{Engine, closed};
use crate::driver::outbox::{Link, Outbox};
use crate::session::{OperationId, Outcome, Request, RequestKind};
use crate::{Error, Event, EventKind, Incoming, MqttState, QoS};

impl Engine {
    /// Has another outbox, or none, keep publishes from now on; gives the one so far.
    pub(in crate::driver) fn set_outbox(&self, outbox: Option<Arc<Outbox>>) -> Option<Arc<Outbox>> {
        let mut state = self.lock();
        let sending: Vec<_> = state.outbox_sending.drain().collect();
        for id in sending {
            self.abandon_locked(&mut state, id);
        }
        let before = std::mem::replace(&mut state.outbox, outbox);
        state.outbox_link = Link::default();
        state.tell_outbox();
        self.wake_owner(&mut state);
        before
    }

    pub(in crate::driver) fn outbox(&self) -> Option<Arc<Outbox>> {
        self.lock().outbox.clone()
    }

    /// Has the outbox keep this publish, if there is an outbox and it is a publish for it; the
    /// request comes back if not. When it is kept, it is on the disk.
    pub(in crate::driver) fn keep(
        &self,
        request: Request,
        needs_connection: bool,
    ) -> Result<Result<OperationId, Request>, Error> {
        let for_outbox = matches!(
            request.kind,
            RequestKind::Publish {
                qos: QoS::AtLeastOnce | QoS::ExactlyOnce,
                ..
            }
        );
        if !for_outbox {
            return Ok(Err(request));
        }
        let outbox = {
            let state = self.lock();
            let Some(outbox) = state.outbox.clone() else {
                return Ok(Err(request));
            };
            if state.closed {
                return Err(closed());
            }
            state.session.check(&request)?;
            outbox
        };
        outbox.keep(request, needs_connection).map(Ok)
    }

    /// Makes the place where the end of a stored message is waited for.
    pub(in crate::driver) fn begin_stored(&self, message: u64) -> OperationId {
        let id = OperationId::stored(message);
        let mut state = self.lock();
        let slot = Slot {
            outcome: state.end.as_ref().map(|end| Err(still_kept(end))),
            ..Slot::default()
        };
        state.slots.insert(id, slot);
        id
    }

    /// A stored message has ended, for whoever waits for it.
    pub(in crate::driver) fn end_stored(&self, message: u64, outcome: Result<Outcome, Error>) {
        let id = OperationId::stored(message);
        let mut state = self.lock();
        if !state.has_outcome(id) {
            state.complete(id, outcome);
            self.wake_owner(&mut state);
        }
    }

    /// Begins to publish a stored message.
    pub(in crate::driver) fn send_stored(&self, request: Request) -> Result<OperationId, Error> {
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

    /// Puts an event of the driver's own into the mailbox.
    pub(in crate::driver) fn report(&self, kind: EventKind, value: i64, text: String) {
        let mut incoming = Incoming::Event(Event::new(kind, value, text));
        incoming.stamp(SystemTime::now());
        // Under the lock, as for everything that goes into the mailbox.
        let _shared = self.lock();
        self.mailbox.push(incoming);
    }
}

impl EngineState {
    /// Tells the outbox whether it can send; to be called after every change of the session.
    pub(super) fn tell_outbox(&mut self) {
        let Some(outbox) = &self.outbox else {
            return;
        };
        let link = Link {
            connected: self.session.mqtt_state() == MqttState::Connected,
            expected: self.session.expects_connection(),
        };
        if link != self.outbox_link {
            self.outbox_link = link;
            outbox.link(link);
        }
    }
}

/// The error of a wait that ends while its message is kept.
pub(super) fn still_kept(error: &Error) -> Error {
    Error::new(
        error.code(),
        format!("{error}; the message stays in the outbox"),
    )
}
