//! One packet of a client at a time.

use super::budget::{LONGEST_NAME, MOST_FILTERS, MOST_SESSIONS};
use super::connection::{Client, ConnectionId};
use super::core::Core;
use super::routing::Message;
use super::session::Session;
use crate::codec::{CodecError, Connect, Packet, Publish};

/// CONNACK return codes (MQTT 3.1.1, table 3.1).
const ACCEPTED: u8 = 0;
const BAD_VERSION: u8 = 1;
const BAD_CLIENT_ID: u8 = 2;
const UNAVAILABLE: u8 = 3;
const BAD_CREDENTIALS: u8 = 4;
const NOT_AUTHORISED: u8 = 5;
/// SUBACK's code for a refused filter.
const REFUSED: u8 = 0x80;

impl Core {
    pub(super) fn handle_packet(&mut self, id: ConnectionId, packet: Packet) {
        let connected = self
            .connections
            .get(&id)
            .is_some_and(|connection| connection.client.is_some());
        match packet {
            Packet::Connect(connect) if !connected => self.handle_connect(id, *connect),
            // Anything else before CONNECT, and a second CONNECT, is a violation (3.1).
            _ if !connected => self.close(id),
            Packet::Publish(publish) => self.handle_publish(id, publish),
            Packet::PubAck(packet_id) => self.handle_acknowledged(id, packet_id, 1),
            Packet::PubComp(packet_id) => self.handle_acknowledged(id, packet_id, 2),
            Packet::PubRec(packet_id) => {
                if let Some(session) = self.session_of(id) {
                    session.received(packet_id);
                }
                self.send(id, &Packet::PubRel(packet_id));
            }
            Packet::PubRel(packet_id) => {
                if let Some(session) = self.session_of(id) {
                    session.released(packet_id);
                }
                self.send_unless(
                    self.options.withhold.publish,
                    id,
                    &Packet::PubComp(packet_id),
                );
            }
            Packet::Subscribe { packet_id, filters } => {
                self.handle_subscribe(id, packet_id, &filters);
            }
            Packet::Unsubscribe { packet_id, filters } => {
                if let Some(session) = self.session_of(id) {
                    for filter in &filters {
                        session.subscriptions.remove(filter);
                    }
                }
                let withheld = self.options.withhold.unsubscribe;
                self.send_unless(withheld, id, &Packet::UnsubAck(packet_id));
            }
            Packet::PingReq => self.send_unless(self.options.withhold.ping, id, &Packet::PingResp),
            Packet::Disconnect => {
                let connection = self.connections.get_mut(&id);
                if let Some(client) = connection.and_then(|known| known.client.as_mut()) {
                    client.will = None;
                }
                self.close(id);
            }
            Packet::Connect(_)
            | Packet::ConnAck { .. }
            | Packet::SubAck { .. }
            | Packet::UnsubAck(_)
            | Packet::PingResp => self.close(id),
        }
    }

    /// Bytes that are no packet: the connection ends, after a word only where MQTT has one.
    pub(super) fn handle_malformed(&mut self, id: ConnectionId, error: CodecError) {
        let connected = self
            .connections
            .get(&id)
            .is_some_and(|connection| connection.client.is_some());
        if error == CodecError::UnsupportedVersion && !connected {
            self.refuse(id, BAD_VERSION);
        } else {
            self.close(id);
        }
    }

    fn handle_connect(&mut self, id: ConnectionId, connect: Connect) {
        if let Err(code) = self.admit(&connect) {
            self.refuse(id, code);
            return;
        }
        let client_id = if connect.client_id.is_empty() {
            self.nameless += 1;
            format!("auto-{}", self.nameless)
        } else {
            connect.client_id
        };
        if let Some(&older) = self.online.get(&client_id) {
            self.close(older);
        }
        if connect.clean_session {
            self.sessions.remove(&client_id);
        }
        let known = self.sessions.contains_key(&client_id);
        let charge = self.budget.charge(2 * client_id.len());
        let will = connect.will.map(|will| {
            let publish = Publish {
                dup: false,
                packet_id: 0,
                topic: will.topic.into(),
                payload: will.payload.into(),
                qos: will.qos,
                retain: will.retain,
            };
            Message::new(publish, &self.budget)
        });
        let room = known || self.sessions.len() < MOST_SESSIONS;
        let (Some(charge), true, true) = (charge, will.as_ref().is_none_or(Message::is_paid), room)
        else {
            self.refuse(id, UNAVAILABLE);
            return;
        };
        let session_present = self.sessions.contains_key(&client_id);
        let session = self
            .sessions
            .entry(client_id.clone())
            .or_insert_with(|| Session::new(connect.clean_session));
        let waiting = session.resume();
        self.online.insert(client_id.clone(), id);
        if let Some(connection) = self.connections.get_mut(&id) {
            let client = Client {
                id: client_id,
                _charge: charge,
                will,
            };
            connection.accept(client, connect.keepalive);
        }
        let answer = Packet::ConnAck {
            session_present,
            code: ACCEPTED,
        };
        self.send_unless(self.options.withhold.connect, id, &answer);
        for packet in waiting {
            self.send(id, &packet);
        }
    }

    fn admit(&self, connect: &Connect) -> Result<(), u8> {
        let length = connect.client_id.len();
        if (length == 0 && !connect.clean_session) || length > LONGEST_NAME {
            return Err(BAD_CLIENT_ID);
        }
        let Some(users) = &self.options.users else {
            return Ok(());
        };
        let Some(username) = &connect.username else {
            return Err(NOT_AUTHORISED);
        };
        let password = connect.password.as_deref().unwrap_or_default();
        match users.get(username) {
            Some(expected) if expected.as_bytes() == password => Ok(()),
            _ => Err(BAD_CREDENTIALS),
        }
    }

    fn refuse(&mut self, id: ConnectionId, code: u8) {
        let answer = Packet::ConnAck {
            session_present: false,
            code,
        };
        self.send_unless(self.options.withhold.connect, id, &answer);
        self.close(id);
    }

    fn handle_publish(&mut self, id: ConnectionId, publish: Publish) {
        let (qos, packet_id) = (publish.qos, publish.packet_id);
        let message = Message::new(publish, &self.budget);
        if qos > 0 && !message.is_paid() {
            // Not acknowledged, so the client has it still.
            self.close(id);
            return;
        }
        let new = qos < 2
            || self
                .session_of(id)
                .is_some_and(|session| session.arrived(packet_id, &message));
        if new {
            // Ahead of the acknowledgement, after which a test may look.
            self.note_published(&message);
        }
        let answer = match qos {
            0 => None,
            1 => Some(Packet::PubAck(packet_id)),
            _ => Some(Packet::PubRec(packet_id)),
        };
        if let Some(answer) = answer {
            self.send_unless(self.options.withhold.publish, id, &answer);
        }
        if new {
            self.route(message);
        }
    }

    fn handle_acknowledged(&mut self, id: ConnectionId, packet_id: u16, qos: u8) {
        let next = self
            .session_of(id)
            .map(|session| session.acknowledged(packet_id, qos))
            .unwrap_or_default();
        for packet in next {
            self.send(id, &packet);
        }
    }

    fn handle_subscribe(&mut self, id: ConnectionId, packet_id: u16, filters: &[(String, u8)]) {
        let mut codes = Vec::with_capacity(filters.len());
        let mut fresh = Vec::new();
        let budget = self.budget.clone();
        for (filter, wanted) in filters {
            if self.options.refused_filters.contains(filter) {
                codes.push(REFUSED);
                continue;
            }
            let granted = (*wanted).min(self.options.maximum_qos.unwrap_or(2));
            let subscribed = self
                .session_of(id)
                .is_some_and(|session| session.subscriptions.insert(filter, granted, &budget));
            if !subscribed {
                codes.push(REFUSED);
                continue;
            }
            codes.push(granted);
            // The same filter ten thousand times over is looked for once.
            if fresh.len() < MOST_FILTERS {
                fresh.push((filter.as_str(), granted));
            }
        }
        let retained = self.retained.matching(&fresh);
        let withheld = self.options.withhold.subscribe;
        self.send_unless(withheld, id, &Packet::SubAck { packet_id, codes });
        for message in retained {
            let packet = self
                .session_of(id)
                .and_then(|session| session.deliver(message, true));
            if let Some(packet) = packet {
                self.send(id, &packet);
            }
        }
    }

    fn send_unless(&mut self, withheld: bool, id: ConnectionId, packet: &Packet) {
        if !withheld {
            self.send(id, packet);
        }
    }
}
