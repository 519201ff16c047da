//! Publishes of QoS 2 that a process leaves unfinished at the broker.
//!
//! The broker holds their packet ids with a kept session and takes another publish with such an id for
//! a copy, which it acknowledges and does not deliver. The session knows the ids that it has left; of
//! those of an earlier process only the outbox knows that there are some.

use super::Worker;
use crate::driver::outbox::StoredMessage;
use crate::{Error, QoS};

impl Worker {
    /// How this message is sent now.
    pub(super) fn qos_of(&mut self, message: &StoredMessage) -> Result<QoS, Error> {
        if message.qos != QoS::ExactlyOnce {
            return Ok(message.qos);
        }
        // A new session at the broker holds nothing.
        self.inherited &= self.publisher.keeps_session();
        if self.inherited {
            return Ok(QoS::AtLeastOnce);
        }
        if !self.store.unfinished() {
            self.store.set_unfinished(true)?;
        }
        Ok(message.qos)
    }

    /// Forgets about unfinished publishes once there are none.
    pub(super) fn look_at_unfinished(&mut self) {
        let known = self.store.unfinished() && !self.inherited && self.sending.is_empty();
        if known && self.repair_at.is_none() && !self.publisher.has_unreleased() {
            if let Err(error) = self.store.set_unfinished(false) {
                self.file_failed(&error);
            }
        }
    }
}
