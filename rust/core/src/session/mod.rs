//! The session: who waits for what, and until when.

mod mqtt_state;
mod options;
mod request;
mod stats;

use std::time::Instant;

pub use mqtt_state::MqttState;
pub use options::{ConnectOptions, OnAmbiguous, SessionConfig};
pub use request::{ModemInfo, OperationId, Outcome, Receipt, Request, RequestKind, Signal};
pub use stats::SessionStats;

use m531x_at::profile::Model;

use crate::{Error, Incoming};

/// The brain of a modem, without I/O.
pub struct Session {
    config: SessionConfig,
}

#[expect(
    unused_variables,
    clippy::unused_self,
    reason = "signatures come first"
)]
impl Session {
    /// A session that has not spoken to its module yet.
    pub fn new(config: SessionConfig) -> Self {
        Self { config }
    }

    /// Takes bytes that came from the module.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        todo!()
    }

    /// Does what is due; call it when the time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        todo!()
    }

    /// The port is gone: every operation fails, and so does every later one.
    pub fn handle_port_lost(&mut self, now: Instant, why: &str) {
        todo!()
    }

    /// Begins an operation; everything that can be checked is checked before anything is queued.
    pub fn begin(&mut self, now: Instant, request: Request) -> Result<OperationId, Error> {
        todo!()
    }

    /// The caller no longer waits: the operation gives no completion any more.
    pub fn abandon(&mut self, now: Instant, id: OperationId) {
        todo!()
    }

    /// The next bytes to send, a whole command at a time.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        todo!()
    }

    /// The next operation that has ended.
    pub fn poll_completion(&mut self) -> Option<(OperationId, Result<Outcome, Error>)> {
        todo!()
    }

    /// The next message or event, in wire order.
    pub fn poll_event(&mut self) -> Option<Incoming> {
        todo!()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// The state of the MQTT connection.
    pub fn mqtt_state(&self) -> MqttState {
        todo!()
    }

    /// The module's model, once known.
    pub fn model(&self) -> Option<Model> {
        self.config.model
    }

    /// The live subscriptions, oldest first.
    pub fn subscriptions(&self) -> Vec<String> {
        todo!()
    }

    /// The counters.
    pub fn stats(&self) -> SessionStats {
        todo!()
    }

    /// Whether no operation is in flight.
    pub fn idle(&self) -> bool {
        todo!()
    }
}
