//! One packet of the broker at a time.

use std::time::{Duration, Instant};

use super::client::{Phase, Stalled};
use super::session::Arrival;
use super::timers::KeepAlive;
use super::{AckKind, ClientEvent, MqttClient};
use crate::codec::{Packet, Publish};

impl MqttClient {
    pub(super) fn handle_packet(&mut self, now: Instant, packet: Packet) {
        if self.phase == Phase::Handshake {
            match packet {
                Packet::ConnAck {
                    session_present,
                    code,
                } => self.handle_conn_ack(now, session_present, code),
                _ => self.fail("the broker sent something else before CONNACK"),
            }
            return;
        }
        match packet {
            Packet::Publish(publish) => self.handle_publish(now, publish),
            Packet::PubAck(packet_id) => {
                if self.session.pub_ack(packet_id) {
                    self.timers.settle(AckKind::Publish, packet_id);
                    self.events.push_back(ClientEvent::PubAck { packet_id });
                }
            }
            Packet::PubRec(packet_id) => {
                let known = self.session.pub_rec(packet_id);
                let forgets = self.config.traits.forgets_late;
                if known && !forgets {
                    self.expect(now, AckKind::Publish, packet_id);
                }
                // Also for an id we do not know: the broker cannot finish without it.
                if known || !forgets {
                    self.send(now, &Packet::PubRel(packet_id));
                }
                if known {
                    self.events.push_back(ClientEvent::PubRec { packet_id });
                }
            }
            Packet::PubRel(packet_id) => {
                self.session.pub_rel(packet_id);
                self.send(now, &Packet::PubComp(packet_id));
            }
            Packet::PubComp(packet_id) => {
                if self.session.pub_comp(packet_id) {
                    self.timers.settle(AckKind::Publish, packet_id);
                    self.events.push_back(ClientEvent::PubComp { packet_id });
                }
            }
            Packet::SubAck { packet_id, codes } => {
                // One filter a SUBSCRIBE, so one code; a broker that sends more is read by its first.
                let code = codes.first().copied().unwrap_or(0x80);
                if self.timers.settle(AckKind::Subscribe, packet_id) {
                    self.events
                        .push_back(ClientEvent::SubAck { packet_id, code });
                }
            }
            Packet::UnsubAck(packet_id) => {
                if self.timers.settle(AckKind::Unsubscribe, packet_id) {
                    self.events.push_back(ClientEvent::UnsubAck { packet_id });
                }
            }
            Packet::PingResp => {
                if let Some(keepalive) = &mut self.keepalive {
                    keepalive.ping_answered();
                }
                self.events.push_back(ClientEvent::PingResponse);
            }
            Packet::ConnAck { .. }
            | Packet::Connect(_)
            | Packet::Subscribe { .. }
            | Packet::Unsubscribe { .. }
            | Packet::PingReq
            | Packet::Disconnect
                if self.config.traits.tolerant => {}
            Packet::ConnAck { .. } => self.fail("the broker sent a second CONNACK"),
            Packet::Connect(_)
            | Packet::Subscribe { .. }
            | Packet::Unsubscribe { .. }
            | Packet::PingReq
            | Packet::Disconnect => self.fail("the broker sent a packet that only clients send"),
        }
    }

    fn handle_conn_ack(&mut self, now: Instant, session_present: bool, code: u8) {
        self.timers.settle(AckKind::Connect, 0);
        self.events.push_back(ClientEvent::ConnAck {
            code,
            session_present,
        });
        if code != 0 {
            self.refused(code);
            return;
        }
        self.phase = Phase::Online;
        self.keepalive = KeepAlive::new(now, self.config.keepalive, &self.config.traits);
        self.session.resume(session_present);
        for packet in self.session.resend() {
            if let Packet::Publish(Publish { packet_id, .. }) | Packet::PubRel(packet_id) = packet {
                self.expect(now, AckKind::Publish, packet_id);
            }
            self.send(now, &packet);
        }
    }

    fn handle_publish(&mut self, now: Instant, publish: Publish) {
        if self.stalled.take() != Some(Stalled::Shown) {
            self.show(now, publish, 0);
        }
    }

    fn show(&mut self, now: Instant, publish: Publish, missing: usize) {
        let again = self.config.traits.repeated_qos2;
        let arrival = match publish.qos {
            0 => Arrival::Show,
            qos => self.session.arrived(qos, publish.packet_id, again),
        };
        match arrival {
            Arrival::Show => self.events.push_back(ClientEvent::Message {
                dup: publish.dup,
                qos: publish.qos,
                retain: publish.retain,
                packet_id: publish.packet_id,
                topic: publish.topic.as_bytes().to_vec(),
                payload: publish.payload.to_vec(),
                missing,
            }),
            Arrival::AcknowledgeAgain => {
                self.send(now, &Packet::PubRec(publish.packet_id));
            }
            Arrival::Ignore => {}
        }
    }

    /// Bytes came: how long the rest of a message may take from now on.
    pub(super) fn watch_for_a_rest(&mut self, now: Instant) {
        if self.stalled == Some(Stalled::Shown) {
            return;
        }
        let waits = self.phase == Phase::Online
            && self.config.traits.short_message
            && self.decoder.partial_publish().is_some();
        self.stalled = waits.then(|| Stalled::Until(now + PATIENCE));
    }

    /// Shows what has come of a message whose rest is late.
    pub(super) fn show_what_stalled(&mut self, now: Instant) {
        if !matches!(self.stalled, Some(Stalled::Until(at)) if at <= now) {
            return;
        }
        self.stalled = None;
        if let Some((publish, missing)) = self.decoder.partial_publish() {
            self.stalled = Some(Stalled::Shown);
            self.show(now, publish, missing);
        }
    }
}

/// How long the rest of a message may take (measured on the vendor's client).
const PATIENCE: Duration = Duration::from_secs(1);
