//! What the client sends, and until when an answer is due.

use std::time::{Duration, Instant};

use super::client::Phase;
use super::{AckKind, MqttClient};
use crate::codec::{Packet, Publish};

impl MqttClient {
    /// Sends SUBSCRIBE with one filter; the answer is `ClientEvent::SubAck`. Ignored unless
    /// online.
    pub fn subscribe(&mut self, now: Instant, packet_id: u16, filter: &str, qos: u8) {
        let packet = Packet::Subscribe {
            packet_id,
            filters: vec![(filter.to_owned(), qos)],
        };
        self.request(now, AckKind::Subscribe, packet_id, &packet);
    }

    /// Sends UNSUBSCRIBE with one filter; the answer is `ClientEvent::UnsubAck`. Ignored unless
    /// online.
    pub fn unsubscribe(&mut self, now: Instant, packet_id: u16, filter: &str) {
        let packet = Packet::Unsubscribe {
            packet_id,
            filters: vec![filter.to_owned()],
        };
        self.request(now, AckKind::Unsubscribe, packet_id, &packet);
    }

    /// Sends PUBLISH; `packet_id` is `None` exactly for QoS 0.
    ///
    /// While offline QoS 1 and 2 wait for the next connection (if the session is not clean) and
    /// QoS 0 is dropped.
    pub fn publish(
        &mut self,
        now: Instant,
        packet_id: Option<u16>,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) {
        let publish = Publish {
            dup: false,
            qos,
            retain,
            packet_id: packet_id.unwrap_or(0),
            topic: topic.into(),
            payload: payload.into(),
        };
        let online = self.phase == Phase::Online;
        if online && !self.send(now, &Packet::Publish(publish.clone())) {
            return;
        }
        if (1..=2).contains(&qos) && packet_id.is_some() {
            if online {
                self.expect(now, AckKind::Publish, publish.packet_id);
            }
            self.session.add(publish, online);
        }
    }

    /// Acknowledges an inbound message: PUBACK for QoS 1, PUBREC for QoS 2 (PUBCOMP follows by
    /// itself), nothing for QoS 0 or for what is not waiting for it.
    pub fn acknowledge(&mut self, now: Instant, qos: u8, packet_id: u16) {
        // Offline only the session takes note: the broker will send the message again.
        let packet = self.session.acknowledge(qos, packet_id);
        if let Some(packet) = packet.filter(|_| self.phase == Phase::Online) {
            self.send(now, &packet);
        }
    }

    pub(super) fn expect(&mut self, now: Instant, kind: AckKind, packet_id: u16) {
        let deadline = match kind {
            AckKind::Connect => now + self.config.ack_timeout,
            _ => self.ack_deadline(now),
        };
        self.timers.expect(kind, packet_id, deadline);
    }

    /// When the acknowledgement of what is sent now counts as late: at a tick of the client's clock.
    pub(crate) fn ack_deadline(&self, sent: Instant) -> Instant {
        let deadline = sent + self.config.ack_timeout;
        let tick = self.config.traits.tick.as_nanos();
        let Some(epoch) = self.epoch.filter(|_| tick > 0) else {
            return deadline;
        };
        let into_tick = deadline.saturating_duration_since(epoch).as_nanos() % tick;
        let wait = if into_tick == 0 { 0 } else { tick - into_tick };
        deadline + Duration::from_nanos(u64::try_from(wait).unwrap_or_default())
    }

    /// Queues a packet; one that cannot be written ends the connection, as it would end at the
    /// broker.
    pub(super) fn send(&mut self, now: Instant, packet: &Packet) -> bool {
        let encoded = if self.config.traits.id_zero {
            packet.encode_with_any_id()
        } else {
            packet.encode()
        };
        match encoded {
            Ok(bytes) => {
                self.transmit.push_back(bytes);
                if let Some(keepalive) = &mut self.keepalive {
                    keepalive.sent(now);
                }
                true
            }
            Err(error) => {
                self.fail(&format!("cannot send a {error}"));
                false
            }
        }
    }

    fn request(&mut self, now: Instant, kind: AckKind, packet_id: u16, packet: &Packet) {
        if self.phase == Phase::Online && self.send(now, packet) {
            self.expect(now, kind, packet_id);
        }
    }
}
