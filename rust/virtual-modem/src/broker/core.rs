//! The broker without I/O: connections in, packets out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::BrokerOptions;
use super::budget::{Budget, MOST_CONNECTIONS, MOST_PARTIAL};
use super::connection::{Connection, ConnectionId};
use super::published::PublishedLog;
use super::retained::Retained;
use super::routing::Message;
use super::session::Session;
use crate::codec::{Packet, Publish};

/// What the network is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes.
    Send(ConnectionId, Vec<u8>),
    /// Send what is due, then close. [`Core::handle_lost`] is not expected after it.
    Close(ConnectionId),
}

/// The broker without I/O, thread or clock: all that [`EmbeddedBroker`](super::EmbeddedBroker) knows.
///
/// Inputs are [`handle_accepted`](Self::handle_accepted), [`handle_bytes`](Self::handle_bytes),
/// [`handle_lost`](Self::handle_lost), [`handle_timeout`](Self::handle_timeout) and
/// [`set_congested`](Self::set_congested); after each poll [`poll_output`](Self::poll_output) until
/// there is none.
///
/// ```
/// use std::time::Instant;
///
/// use m531x_virtual_modem::broker::{BrokerOptions, ConnectionId, Core, Output};
///
/// let now = Instant::now();
/// let mut broker = Core::new(BrokerOptions::default());
/// broker.handle_accepted(now, ConnectionId(1));
/// broker.handle_bytes(now, ConnectionId(1), b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a");
/// assert_eq!(
///     broker.poll_output(),
///     Some(Output::Send(ConnectionId(1), vec![0x20, 2, 0, 0])) // CONNACK, accepted
/// );
/// assert!(broker.is_online("a"));
/// ```
#[derive(Debug)]
pub struct Core {
    pub(super) options: BrokerOptions,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) sessions: BTreeMap<String, Session>,
    /// Which connection a client id is on.
    pub(super) online: BTreeMap<String, ConnectionId>,
    pub(super) retained: Retained,
    published: PublishedLog,
    /// When the packet in hand came.
    now: Option<Instant>,
    pub(super) budget: Budget,
    /// Bytes of all packets that have come in part.
    partial: usize,
    /// Numbers the client ids that clients leave to the broker.
    pub(super) nameless: u64,
    /// Counts the turns of shared subscriptions.
    turn: u64,
    outputs: VecDeque<Output>,
}

impl Core {
    /// A broker without a connection.
    pub fn new(options: BrokerOptions) -> Self {
        Self {
            options,
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            online: BTreeMap::new(),
            retained: Retained::default(),
            published: PublishedLog::default(),
            now: None,
            budget: Budget::default(),
            partial: 0,
            nameless: 0,
            turn: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Changes the behaviour towards packets that come from now on.
    pub fn set_options(&mut self, options: BrokerOptions) {
        self.options = options;
    }

    /// A client has opened a network connection, to be known by this number.
    pub fn handle_accepted(&mut self, now: Instant, id: ConnectionId) {
        self.connections.insert(id, Connection::new(now));
        if self.connections.len() > MOST_CONNECTIONS {
            self.close(id);
        }
    }

    /// Bytes of a client; what is no MQTT ends its connection.
    pub fn handle_bytes(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) {
        self.feed(id, bytes);
        while self.handle_next(now, id) {}
    }

    /// Bytes of a client, whose packets are handled one by one.
    pub(super) fn feed(&mut self, id: ConnectionId, bytes: &[u8]) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.decoder.feed(bytes);
        }
    }

    /// Handles one packet of this client; whether there may be more. Each may end the connection.
    pub(super) fn handle_next(&mut self, now: Instant, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else {
            return false;
        };
        match connection.decoder.next_packet() {
            Ok(Some(packet)) => {
                connection.received(now);
                self.now = Some(now);
                self.handle_packet(id, packet);
                true
            }
            Ok(None) => {
                let partial = connection.decoder.partial_len();
                self.partial += partial;
                self.partial -= std::mem::replace(&mut connection.partial, partial);
                if self.partial > MOST_PARTIAL {
                    self.close(id);
                }
                false
            }
            Err(error) => {
                self.handle_malformed(id, error);
                false
            }
        }
    }

    /// The client is gone without the broker's doing.
    pub fn handle_lost(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        self.partial -= connection.partial;
        let Some(client) = connection.client else {
            return;
        };
        self.online.remove(&client.id);
        if self.sessions.get(&client.id).is_some_and(|s| s.clean) {
            self.sessions.remove(&client.id);
        }
        if let Some(will) = client.will {
            self.note_published(&will);
            self.route(will);
        }
    }

    /// Ends connections that have been silent for too long.
    pub fn handle_timeout(&mut self, now: Instant) {
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
    pub fn set_congested(&mut self, id: ConnectionId, congested: bool) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.congested = congested;
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.connections
            .values()
            .filter_map(Connection::deadline)
            .min()
    }

    /// What the network is to do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether this client is connected.
    pub fn is_online(&self, client_id: &str) -> bool {
        self.online.contains_key(client_id)
    }

    /// The QoS granted to this filter of a client's, if it is subscribed.
    pub fn granted(&self, client_id: &str, filter: &str) -> Option<u8> {
        let session = self.sessions.get(client_id)?;
        session.subscriptions.granted_to(filter)
    }

    /// What clients have published so far, and will publish, wills included.
    pub fn published(&self) -> PublishedLog {
        self.published.clone()
    }

    /// Publishes as another client would; returns to how many subscribed clients it goes.
    pub fn publish(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> usize {
        let publish = Publish {
            dup: false,
            qos,
            retain,
            packet_id: 0,
            topic: topic.into(),
            payload: payload.into(),
        };
        self.route(Message::new(publish, &self.budget))
    }

    pub(super) fn note_published(&self, message: &Message) {
        // Without a packet there is no client that could publish.
        if let Some(now) = self.now {
            self.published.add(now, message);
        }
    }

    /// Ends a connection from this side; the will goes out unless DISCONNECT took it away.
    pub(super) fn close(&mut self, id: ConnectionId) {
        if self.connections.contains_key(&id) {
            self.outputs.push_back(Output::Close(id));
            self.handle_lost(id);
        }
    }

    /// Gives a message to everyone who subscribed to it, and to one of those who share a
    /// subscription; keeps it if it is to be retained. Returns to how many it goes.
    pub(super) fn route(&mut self, message: Message) -> usize {
        if message.retain {
            self.retained.store(&message);
        }
        let mut to: Vec<(String, u8)> = Vec::new();
        for (client_id, session) in &self.sessions {
            if let Some(granted) = session.subscriptions.granted(&message.topic) {
                to.push((client_id.clone(), granted));
            }
        }
        for (client_id, filter) in self.next_in_turn(&message) {
            self.turn += 1;
            let session = self.sessions.get_mut(&client_id);
            let granted = session.and_then(|s| s.subscriptions.serve(&filter, self.turn));
            to.extend(granted.map(|granted| (client_id, granted)));
        }
        let count = to.len();
        for (client_id, granted) in to {
            self.deliver(&client_id, &message, granted);
        }
        count
    }

    fn deliver(&mut self, client_id: &str, message: &Message, granted: u8) {
        let connection = self.online.get(client_id).copied();
        let copy = Message {
            qos: message.qos.min(granted),
            // RETAIN distinguishes a new subscription from old ones (3.3.1.3).
            retain: false,
            ..message.clone()
        };
        let congested = connection
            .and_then(|id| self.connections.get(&id))
            .is_some_and(|connection| connection.congested);
        if copy.qos == 0 && congested {
            return;
        }
        let session = self.sessions.get_mut(client_id);
        let packet = session.and_then(|session| session.deliver(copy, connection.is_some()));
        if let (Some(id), Some(packet)) = (connection, packet) {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::codec::{Connect, Publish, Will};

    #[derive(Clone, Debug)]
    enum Step {
        Accept,
        Bytes(usize, Vec<u8>),
        Lose(usize),
        Congest(usize, bool),
        Wait(u16),
    }

    fn packet() -> impl Strategy<Value = Vec<u8>> {
        let id = 1..4_u16;
        let name = prop::sample::select(vec!["a", "a/b", "$c"]);
        let filter = prop::sample::select(vec!["a", "a/+", "#", "$c/#", "$share/g/#"]);
        let publish = (
            any::<bool>(),
            0..3_u8,
            any::<bool>(),
            id.clone(),
            name.clone(),
            0..3_usize,
        );
        let encoded = |packet: Packet| packet.encode().unwrap();
        prop_oneof![
            2 => (any::<bool>(), 0..3_u16, any::<bool>(), 0..3_u8).prop_map(
                move |(clean_session, number, will, qos)| encoded(Packet::Connect(Box::new(Connect {
                    client_id: format!("client-{number}"),
                    clean_session,
                    keepalive: number * 7,
                    will: will.then(|| Will {
                        topic: "a".to_owned(),
                        payload: b"gone".to_vec(),
                        qos,
                        retain: clean_session,
                    }),
                    username: None,
                    password: None,
                })))
            ),
            4 => publish.prop_map(move |(dup, qos, retain, id, topic, length)| {
                encoded(Packet::Publish(Publish {
                    dup: dup && qos > 0,
                    qos,
                    retain,
                    packet_id: if qos > 0 { id } else { 0 },
                    topic: topic.into(),
                    payload: vec![b'x'; length].into(),
                }))
            }),
            2 => (id.clone(), filter.clone(), 0..3_u8).prop_map(move |(packet_id, filter, qos)| {
                encoded(Packet::Subscribe { packet_id, filters: vec![(filter.to_owned(), qos)] })
            }),
            1 => (id.clone(), filter).prop_map(move |(packet_id, filter)| {
                encoded(Packet::Unsubscribe { packet_id, filters: vec![filter.to_owned()] })
            }),
            1 => id.clone().prop_map(move |id| encoded(Packet::PubAck(id))),
            1 => id.clone().prop_map(move |id| encoded(Packet::PubRec(id))),
            1 => id.clone().prop_map(move |id| encoded(Packet::PubRel(id))),
            1 => id.prop_map(move |id| encoded(Packet::PubComp(id))),
            1 => Just(vec![0xc0, 0]),
            1 => Just(vec![0xe0, 0]),
            1 => prop::collection::vec(any::<u8>(), 0..30),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => Just(Step::Accept),
            8 => (0..4_usize, packet()).prop_map(|(at, bytes)| Step::Bytes(at, bytes)),
            1 => (0..4_usize).prop_map(Step::Lose),
            1 => (0..4_usize, any::<bool>()).prop_map(|(at, on)| Step::Congest(at, on)),
            1 => (0..40_u16).prop_map(Step::Wait),
        ]
    }

    proptest! {
        #[test]
        fn no_order_of_packets_panics_or_reaches_a_connection_that_is_gone(
            steps in prop::collection::vec(step(), 0..120),
        ) {
            let mut now = Instant::now();
            let mut core = Core::new(BrokerOptions::default());
            let mut open: BTreeSet<ConnectionId> = BTreeSet::new();
            let mut accepted = 0;
            for step in steps {
                let pick = |at: usize| open.iter().copied().nth(at);
                match step {
                    Step::Accept => {
                        open.insert(ConnectionId(accepted));
                        core.handle_accepted(now, ConnectionId(accepted));
                        accepted += 1;
                    }
                    Step::Bytes(at, bytes) => {
                        if let Some(id) = pick(at) {
                            core.handle_bytes(now, id, &bytes);
                        }
                    }
                    Step::Lose(at) => {
                        if let Some(id) = pick(at) {
                            open.remove(&id);
                            core.handle_lost(id);
                        }
                    }
                    Step::Congest(at, congested) => {
                        if let Some(id) = pick(at) {
                            core.set_congested(id, congested);
                        }
                    }
                    Step::Wait(seconds) => now += Duration::from_secs(seconds.into()),
                }
                core.handle_timeout(now);
                prop_assert!(core.poll_timeout().is_none_or(|due| due > now));
                while let Some(output) = core.poll_output() {
                    match output {
                        Output::Send(id, bytes) => {
                            prop_assert!(open.contains(&id));
                            prop_assert!(!bytes.is_empty());
                        }
                        Output::Close(id) => prop_assert!(open.remove(&id)),
                    }
                }
                prop_assert_eq!(core.connections.len(), open.len());
                prop_assert!(core.online.values().all(|id| open.contains(id)));
            }
        }
    }
}
