//! The MQTT client itself.

use std::time::{Duration, Instant};

use super::{NetRequest, UplinkConfig, UplinkEvent};

/// An MQTT 3.1.1 client without I/O, thread or clock.
#[derive(Debug)]
pub struct Uplink;

#[expect(
    unused_variables,
    clippy::unused_self,
    clippy::missing_const_for_fn,
    clippy::needless_pass_by_ref_mut
)]
impl Uplink {
    /// A client that does nothing until [`start`](Self::start).
    pub fn new(config: UplinkConfig) -> Self {
        todo!()
    }

    /// Changes what the next [`start`](Self::start) uses; the session state stays.
    pub fn set_config(&mut self, config: UplinkConfig) {
        todo!()
    }

    /// Changes the ack timeout of packets sent from now on.
    pub fn set_ack_timeout(&mut self, timeout: Duration) {
        todo!()
    }

    /// Asks for a connection ([`NetRequest::Connect`]) and sends CONNECT when it is up; also the way
    /// to reconnect.
    pub fn start(&mut self, now: Instant) {
        todo!()
    }

    /// The network connection is up.
    pub fn handle_connected(&mut self, now: Instant) {
        todo!()
    }

    /// The network connection could not be made.
    pub fn handle_connect_failed(&mut self, now: Instant, why: &str) {
        todo!()
    }

    /// The network connection is gone.
    pub fn handle_network_lost(&mut self, now: Instant, why: &str) {
        todo!()
    }

    /// Bytes came from the broker.
    pub fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        todo!()
    }

    /// The instant of [`poll_timeout`](Self::poll_timeout) has come; harmless when early.
    pub fn handle_timeout(&mut self, now: Instant) {
        todo!()
    }

    /// Sends SUBSCRIBE with one filter; the answer is [`UplinkEvent::SubAck`].
    pub fn subscribe(&mut self, now: Instant, packet_id: u16, filter: &str, qos: u8) {
        todo!()
    }

    /// Sends UNSUBSCRIBE with one filter; the answer is [`UplinkEvent::UnsubAck`].
    pub fn unsubscribe(&mut self, now: Instant, packet_id: u16, filter: &str) {
        todo!()
    }

    /// Sends PUBLISH; `packet_id` is `None` exactly for QoS 0.
    pub fn publish(
        &mut self,
        now: Instant,
        packet_id: Option<u16>,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) {
        todo!()
    }

    /// Acknowledges an inbound message: PUBACK for QoS 1, PUBREC for QoS 2 (PUBCOMP follows by
    /// itself), nothing for QoS 0.
    pub fn acknowledge(&mut self, now: Instant, qos: u8, packet_id: u16) {
        todo!()
    }

    /// Sends DISCONNECT and asks for the connection to be closed; no `Closed` event follows.
    pub fn disconnect(&mut self, now: Instant) {
        todo!()
    }

    /// Closes without DISCONNECT (pings lost, reboot): the broker will publish the will; no `Closed`
    /// event follows.
    pub fn abort(&mut self) {
        todo!()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// What the network is to do.
    pub fn poll_net(&mut self) -> Option<NetRequest> {
        todo!()
    }

    /// Bytes for the broker.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        todo!()
    }

    /// What happened, in wire order.
    pub fn poll_event(&mut self) -> Option<UplinkEvent> {
        todo!()
    }
}
