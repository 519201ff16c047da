//! Publishes that an outbox keeps: their places among the operations, and their way to the session.
//!
//! A caller that waits for a stored message has a ticket as for an operation. What the outbox sends is
//! an operation of the session that no caller waits for; its end goes to the outbox (see `stored.rs`).

use std::sync::Arc;

use super::state::EngineState;
use super::{Engine, closed};
use crate::driver::outbox::{Link, Outbox};
use crate::session::{Request, RequestKind};
use crate::{Error, MqttState, QoS};

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
        state.notify_outbox();
        self.wake_owner(&mut state);
        before
    }

    pub(in crate::driver) fn outbox(&self) -> Option<Arc<Outbox>> {
        self.lock().outbox.clone()
    }

    /// The outbox that is to keep this request, if there is one and it is a publish for it; the request
    /// is checked then.
    pub(super) fn outbox_for(&self, request: &Request) -> Result<Option<Arc<Outbox>>, Error> {
        let for_outbox = matches!(
            request.kind,
            RequestKind::Publish {
                qos: QoS::AtLeastOnce | QoS::ExactlyOnce,
                ..
            }
        );
        if !for_outbox {
            return Ok(None);
        }
        let state = self.lock();
        let Some(outbox) = state.outbox.clone() else {
            return Ok(None);
        };
        if state.closed {
            return Err(closed());
        }
        state.session.check(request)?;
        Ok(Some(outbox))
    }
}

impl EngineState {
    /// Notifies the outbox whether it can send; to be called after every change of the session.
    pub(super) fn notify_outbox(&mut self) {
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
