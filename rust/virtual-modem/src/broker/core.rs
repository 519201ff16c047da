//! The broker without I/O: connections in, packets out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use super::BrokerOptions;
use super::connection::{Connection, ConnectionId};
use super::retained::Retained;
use super::routing::Message;
use super::session::Session;
use crate::codec::Packet;

/// What the network is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    Send(ConnectionId, Vec<u8>),
    /// Send what is due, then close. [`Core::handle_lost`] is not expected after it.
    Close(ConnectionId),
}

/// All of the broker's state.
///
/// Inputs are [`handle_accepted`](Self::handle_accepted), [`handle_bytes`](Self::handle_bytes),
/// [`handle_lost`](Self::handle_lost), [`handle_timeout`](Self::handle_timeout) and
/// [`set_congested`](Self::set_congested); after each poll [`poll_output`](Self::poll_output) until
/// there is none.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) options: BrokerOptions,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) sessions: HashMap<String, Session>,
    /// Which connection a client id is on.
    pub(super) online: HashMap<String, ConnectionId>,
    pub(super) retained: Retained,
    /// Numbers the client ids that clients leave to the broker.
    pub(super) nameless: u64,
    outputs: VecDeque<Output>,
}

impl Core {
    pub(super) fn new(options: BrokerOptions) -> Self {
        Self {
            options,
            connections: BTreeMap::new(),
            sessions: HashMap::new(),
            online: HashMap::new(),
            retained: Retained::default(),
            nameless: 0,
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn set_options(&mut self, options: BrokerOptions) {
        self.options = options;
    }

    pub(super) fn handle_accepted(&mut self, now: Instant, id: ConnectionId) {
        self.connections.insert(id, Connection::new(now));
    }

    /// Bytes of a client; what is no MQTT ends its connection.
    pub(super) fn handle_bytes(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.decoder.feed(bytes);
        }
        // Each packet may end the connection.
        while let Some(connection) = self.connections.get_mut(&id) {
            match connection.decoder.next_packet() {
                Ok(Some(packet)) => {
                    connection.received(now);
                    self.handle_packet(id, packet);
                }
                Ok(None) => return,
                Err(error) => self.handle_malformed(id, error),
            }
        }
    }

    /// The client is gone without the broker's doing.
    pub(super) fn handle_lost(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        let Some(client) = connection.client else {
            return;
        };
        self.online.remove(&client.id);
        if self.sessions.get(&client.id).is_some_and(|s| s.clean) {
            self.sessions.remove(&client.id);
        }
        if let Some(will) = client.will {
            self.route(will);
        }
    }

    /// Ends connections that have been silent for too long.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let silent: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.deadline().is_some_and(|at| at <= now))
            .map(|(&id, _)| id)
            .collect();
        for id in silent {
            self.close(id);
        }
    }

    /// Whether a connection takes no more for now.
    pub(super) fn set_congested(&mut self, id: ConnectionId, congested: bool) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.congested = congested;
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.connections
            .values()
            .filter_map(Connection::deadline)
            .min()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Ends a connection from this side; the will goes out unless DISCONNECT took it away.
    pub(super) fn close(&mut self, id: ConnectionId) {
        if self.connections.contains_key(&id) {
            self.outputs.push_back(Output::Close(id));
            self.handle_lost(id);
        }
    }

    /// Gives a message to everyone who subscribed to it, and keeps it if it is to be retained.
    pub(super) fn route(&mut self, message: Message) {
        if message.retain {
            self.retained.store(&message);
        }
        let mut packets = Vec::new();
        for (client_id, session) in &mut self.sessions {
            let Some(granted) = session.subscriptions.granted(&message.topic) else {
                continue;
            };
            let connection = self.online.get(client_id).copied();
            let copy = Message {
                qos: message.qos.min(granted),
                // RETAIN tells a new subscription from the old ones (3.3.1.3).
                retain: false,
                ..message.clone()
            };
            let congested = connection
                .and_then(|id| self.connections.get(&id))
                .is_some_and(|connection| connection.congested);
            if copy.qos == 0 && congested {
                continue;
            }
            let packet = session.deliver(copy, connection.is_some());
            packets.extend(connection.zip(packet));
        }
        for (id, packet) in packets {
            self.send(id, &packet);
        }
    }

    pub(super) fn send(&mut self, id: ConnectionId, packet: &Packet) {
        // All fields come from packets that were decoded or from here: they can be encoded.
        if let Ok(bytes) = packet.encode() {
            self.outputs.push_back(Output::Send(id, bytes));
        }
    }

    /// The session of a connection that has sent CONNECT.
    pub(super) fn session_of(&mut self, id: ConnectionId) -> Option<&mut Session> {
        let client = self.connections.get(&id)?.client.as_ref()?;
        self.sessions.get_mut(&client.id)
    }
}
