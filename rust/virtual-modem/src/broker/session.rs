//! What the broker remembers of a client: subscriptions, and messages on their way.

use std::collections::{BTreeMap, VecDeque};

use super::routing::{Message, Subscriptions};
use crate::codec::{Packet, Publish};

/// QoS 1 and 2 messages sent to a client and not yet acknowledged; more wait in the queue.
const WINDOW: usize = 100;
/// Messages that wait for one client, and bytes of those and what is in flight; what comes on top is
/// dropped.
const QUEUE_MESSAGES: usize = 1000;
const QUEUE_BYTES: usize = 2 << 20;
/// QoS 2 ids of a client that wait for its PUBREL at the same time.
const MOST_INCOMING: usize = 1000;

/// The broker's session state of one client id (MQTT 3.1.1, 4.1).
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) clean: bool,
    pub(super) subscriptions: Subscriptions,
    in_flight: Vec<InFlight>,
    queue: VecDeque<Message>,
    /// Bytes of what waits and of what is in flight.
    kept_bytes: usize,
    /// QoS 2 ids of the client that wait for its PUBREL, and what came under them.
    incoming: BTreeMap<u16, Message>,
    incoming_bytes: usize,
    last_id: u16,
}

#[derive(Debug)]
struct InFlight {
    packet_id: u16,
    message: Message,
    /// PUBREC has come: PUBREL is what is repeated.
    released: bool,
}

impl Session {
    pub(super) fn new(clean: bool) -> Self {
        Self {
            clean,
            ..Self::default()
        }
    }

    /// A message for this client, with QoS and RETAIN as they will be sent; what can go out now is
    /// returned.
    pub(super) fn deliver(&mut self, message: Message, online: bool) -> Option<Packet> {
        if message.qos == 0 {
            return online.then(|| Packet::Publish(outgoing(&message, 0, false)));
        }
        if !message.is_paid() || self.kept_bytes + message.bytes() > QUEUE_BYTES {
            return None;
        }
        if online && self.queue.is_empty() && self.in_flight.len() < WINDOW {
            self.kept_bytes += message.bytes();
            return Some(self.send(message));
        }
        if self.queue.len() < QUEUE_MESSAGES {
            self.kept_bytes += message.bytes();
            self.queue.push_back(message);
        }
        None
    }

    /// The client is back: what was in flight goes again (DUP), then what has waited.
    pub(super) fn resume(&mut self) -> Vec<Packet> {
        let again = self.in_flight.iter().map(|sent| {
            if sent.released {
                Packet::PubRel(sent.packet_id)
            } else {
                Packet::Publish(outgoing(&sent.message, sent.packet_id, true))
            }
        });
        let mut packets: Vec<Packet> = again.collect();
        packets.extend(self.refill());
        packets
    }

    /// PUBACK, or the PUBCOMP that ends QoS 2; what may go out in its place is returned.
    pub(super) fn acknowledged(&mut self, packet_id: u16, qos: u8) -> Vec<Packet> {
        let kept_bytes = &mut self.kept_bytes;
        self.in_flight.retain(|sent| {
            let stays = sent.packet_id != packet_id
                || sent.message.qos != qos
                || (qos == 2 && !sent.released);
            *kept_bytes -= if stays { 0 } else { sent.message.bytes() };
            stays
        });
        self.refill()
    }

    /// PUBREC.
    pub(super) fn received(&mut self, packet_id: u16) {
        for sent in &mut self.in_flight {
            if sent.packet_id == packet_id && sent.message.qos == 2 {
                sent.released = true;
            }
        }
    }

    /// A QoS 2 publish of the client; whether it is new. A client that has lost its memory uses ids
    /// again: another message under the same id is a new one, as mosquitto takes it too.
    pub(super) fn arrived(&mut self, packet_id: u16, message: &Message) -> bool {
        let older = self.incoming.remove(&packet_id);
        self.incoming_bytes -= older.as_ref().map_or(0, Message::bytes);
        while self.incoming.len() >= MOST_INCOMING || self.incoming_bytes > QUEUE_BYTES {
            // A client that never sends PUBREL gets every message through, if need be twice.
            let Some((_, forgotten)) = self.incoming.pop_first() else {
                break;
            };
            self.incoming_bytes -= forgotten.bytes();
        }
        self.incoming_bytes += message.bytes();
        self.incoming.insert(packet_id, message.clone());
        older.as_ref() != Some(message)
    }

    /// PUBREL.
    pub(super) fn released(&mut self, packet_id: u16) {
        let released = self.incoming.remove(&packet_id);
        self.incoming_bytes -= released.as_ref().map_or(0, Message::bytes);
    }

    fn refill(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        while self.in_flight.len() < WINDOW {
            let Some(message) = self.queue.pop_front() else {
                break;
            };
            packets.push(self.send(message));
        }
        packets
    }

    fn send(&mut self, message: Message) -> Packet {
        let packet_id = self.free_id();
        let packet = Packet::Publish(outgoing(&message, packet_id, false));
        self.in_flight.push(InFlight {
            packet_id,
            message,
            released: false,
        });
        packet
    }

    /// The window is far smaller than the number of ids, so one is free.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self
                .in_flight
                .iter()
                .any(|sent| sent.packet_id == self.last_id)
            {
                return self.last_id;
            }
        }
    }
}

fn outgoing(message: &Message, packet_id: u16, dup: bool) -> Publish {
    Publish {
        dup,
        qos: message.qos,
        retain: message.retain,
        packet_id,
        topic: message.topic.clone(),
        payload: message.payload.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::*;

    fn message(number: usize, qos: u8) -> Message {
        let publish = Publish {
            dup: false,
            packet_id: 0,
            topic: "t".into(),
            payload: number.to_string().into_bytes().into(),
            qos,
            retain: false,
        };
        Message::new(publish, &Budget::default())
    }

    fn id(packet: &Packet) -> u16 {
        match packet {
            Packet::Publish(publish) => publish.packet_id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_window_limits_what_is_in_flight_and_keeps_the_order() {
        let mut session = Session::new(true);
        let sent: Vec<Packet> = (0..250)
            .filter_map(|number| session.deliver(message(number, 1), true))
            .collect();
        assert_eq!(sent.len(), WINDOW);
        let mut order: Vec<Packet> = sent.clone();
        let mut next = 0;
        while next < order.len() {
            let acknowledged = id(&order[next]);
            order.extend(session.acknowledged(acknowledged, 1));
            next += 1;
        }
        let payloads: Vec<String> = order
            .iter()
            .map(|packet| match packet {
                Packet::Publish(publish) => String::from_utf8(publish.payload.to_vec()).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            payloads,
            (0..250).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_offline_queue_is_bounded() {
        let mut session = Session::new(false);
        for number in 0..QUEUE_MESSAGES + 5 {
            assert_eq!(session.deliver(message(number, 1), false), None);
        }
        assert_eq!(session.queue.len(), QUEUE_MESSAGES);
    }

    #[test]
    fn a_pubrec_survives_the_connection_as_pubrel() {
        let mut session = Session::new(false);
        let first = id(&session.deliver(message(1, 2), true).unwrap());
        let second = id(&session.deliver(message(2, 2), true).unwrap());
        session.received(first);
        let again = session.resume();
        assert_eq!(again[0], Packet::PubRel(first));
        assert!(matches!(&again[1], Packet::Publish(p) if p.dup && p.packet_id == second));
        session.acknowledged(second, 2);
        assert_eq!(
            session.resume().len(),
            2,
            "PUBCOMP before PUBREC counts for nothing"
        );
        session.acknowledged(first, 2);
        assert_eq!(session.resume().len(), 1);
    }
}
