//! The MQTT client over its socket, driven until something happens.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use m531x_virtual_modem::mqtt_client::{
    ClientConfig, ClientEvent, MqttClient, NetRequest, Socket, SocketState, TlsPolicy,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// A message, in the fields that every peer reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
}

impl Received {
    pub fn new(topic: &str, payload: &[u8], qos: u8, retain: bool) -> Self {
        Self {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos,
            retain,
        }
    }
}

/// Configuration for a broker at `address`.
pub fn config(address: SocketAddr, client_id: &str) -> ClientConfig {
    ClientConfig {
        port: address.port(),
        ..ClientConfig::new(address.ip().to_string(), client_id)
    }
}

/// An [`MqttClient`] with its [`Socket`].
pub struct Client {
    pub mqtt: MqttClient,
    pub socket: Option<Socket>,
    pub tls: TlsPolicy,
    /// Whether messages are acknowledged as they are taken.
    pub acknowledges: bool,
    events: VecDeque<ClientEvent>,
    next_id: u16,
}

impl Client {
    pub fn new(config: ClientConfig) -> Self {
        Self {
            mqtt: MqttClient::new(config),
            socket: None,
            tls: TlsPolicy::AcceptAny,
            acknowledges: true,
            events: VecDeque::new(),
            next_id: 0,
        }
    }

    /// A clean session, accepted.
    pub fn connect(address: SocketAddr, client_id: &str) -> Self {
        let mut client = Self::new(config(address, client_id));
        client.open();
        client
    }

    /// Connects and expects to be accepted; whether the broker had a session.
    pub fn open(&mut self) -> bool {
        match self.start() {
            ClientEvent::ConnAck {
                code: 0,
                session_present,
            } => session_present,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Connects; the CONNACK, or why there was none.
    pub fn start(&mut self) -> ClientEvent {
        self.mqtt.start(Instant::now());
        self.wait("CONNACK", |event| {
            matches!(
                event,
                ClientEvent::ConnAck { .. } | ClientEvent::Closed { .. }
            )
        })
    }

    pub fn subscribe(&mut self, filter: &str, qos: u8) -> u8 {
        let id = self.id();
        self.mqtt.subscribe(Instant::now(), id, filter, qos);
        let event = self.wait("SUBACK", |event| {
            matches!(event, ClientEvent::SubAck { .. })
        });
        match event {
            ClientEvent::SubAck { packet_id, code } if packet_id == id => code,
            other => panic!("not our SUBACK {id}: {other:?}"),
        }
    }

    pub fn unsubscribe(&mut self, filter: &str) {
        let id = self.id();
        self.mqtt.unsubscribe(Instant::now(), id, filter);
        self.wait("UNSUBACK", |event| {
            *event == ClientEvent::UnsubAck { packet_id: id }
        });
    }

    /// Publishes and waits for what ends it at this QoS.
    pub fn publish(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) {
        let packet_id = self.publish_nowait(topic, payload, qos, retain);
        match (qos, packet_id) {
            (1, Some(packet_id)) => {
                self.wait("PUBACK", |event| {
                    *event == ClientEvent::PubAck { packet_id }
                });
            }
            (2, Some(packet_id)) => {
                self.wait("PUBREC", |event| {
                    *event == ClientEvent::PubRec { packet_id }
                });
                self.wait("PUBCOMP", |event| {
                    *event == ClientEvent::PubComp { packet_id }
                });
            }
            _ => self.pump(Instant::now()),
        }
    }

    pub fn publish_nowait(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) -> Option<u16> {
        let packet_id = (qos > 0).then(|| self.id());
        self.mqtt
            .publish(Instant::now(), packet_id, topic, payload, qos, retain);
        packet_id
    }

    /// The next message, acknowledged.
    pub fn message(&mut self) -> Received {
        let event = self.wait("a message", |event| {
            matches!(event, ClientEvent::Message { .. })
        });
        let ClientEvent::Message {
            qos,
            retain,
            packet_id,
            topic,
            payload,
            ..
        } = event
        else {
            unreachable!("waited for a message")
        };
        if self.acknowledges {
            self.mqtt.acknowledge(Instant::now(), qos, packet_id);
        }
        Received {
            topic: String::from_utf8(topic).unwrap(),
            payload,
            qos,
            retain,
        }
    }

    /// Everything the broker had for this client: what comes before a message to itself.
    pub fn messages_until_now(&mut self) -> Vec<Received> {
        let barrier = format!("barrier/{}", self.id());
        self.subscribe(&barrier, 0);
        self.publish(&barrier, b"", 0, false);
        let mut messages = Vec::new();
        loop {
            let message = self.message();
            if message.topic == barrier {
                return messages;
            }
            messages.push(message);
        }
    }

    /// Sends DISCONNECT and lets it go out.
    pub fn disconnect(&mut self) {
        self.mqtt.disconnect(Instant::now());
        self.pump(Instant::now());
    }

    /// Closes the connection without DISCONNECT.
    pub fn vanish(&mut self) {
        self.mqtt.abort();
        self.pump(Instant::now());
    }

    /// Runs until an event is wanted; unwanted ones before it are dropped, but messages are kept.
    pub fn wait(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&ClientEvent) -> bool,
    ) -> ClientEvent {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.mqtt.poll_event() {
                self.events.push_back(event);
            }
            if let Some(at) = self.events.iter().position(&mut wanted) {
                return self.events.remove(at).unwrap();
            }
            self.events.retain(|event| {
                matches!(
                    event,
                    ClientEvent::Message { .. } | ClientEvent::Closed { .. }
                )
            });
            assert!(
                Instant::now() < deadline,
                "no {what} in time; {:?}",
                self.events
            );
            self.pump(deadline);
        }
    }

    /// One round: carries out what the MQTT client wants and waits for the socket until `deadline` at
    /// most.
    pub fn pump(&mut self, deadline: Instant) {
        self.carry_out();
        let now = Instant::now();
        let until = self
            .mqtt
            .poll_timeout()
            .map_or(deadline, |due| due.min(deadline));
        if let Some(socket) = &mut self.socket {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, socket.wants_read());
            flags.set(PollFlags::OUT, socket.wants_write());
            let left = until.saturating_duration_since(now);
            let timeout = Timespec {
                tv_sec: left.as_secs().try_into().unwrap(),
                tv_nsec: left.subsec_nanos().into(),
            };
            let mut fds: Vec<PollFd<'_>> = socket
                .fd()
                .map(|fd| PollFd::from_borrowed_fd(fd, flags))
                .into_iter()
                .collect();
            poll(&mut fds, Some(&timeout)).unwrap();
            socket.handle_ready();
        }
        self.carry_out();
        self.mqtt.handle_timeout(Instant::now());
    }

    fn carry_out(&mut self) {
        let now = Instant::now();
        if let Some(socket) = &mut self.socket {
            let bytes = socket.read();
            match socket.state().clone() {
                SocketState::Connecting => {}
                SocketState::Open => {
                    self.mqtt.handle_connected(now);
                    self.mqtt.handle_bytes(now, &bytes);
                }
                SocketState::Closed(why) => {
                    self.mqtt.handle_bytes(now, &bytes);
                    self.mqtt.handle_network_lost(now, &why);
                    self.socket = None;
                }
            }
        }
        while let Some(bytes) = self.mqtt.poll_transmit() {
            if let Some(socket) = &mut self.socket {
                socket.write(&bytes);
            }
        }
        while let Some(request) = self.mqtt.poll_net() {
            match request {
                NetRequest::Connect { host, port, tls } => {
                    let tls = tls.then(|| self.tls.clone());
                    self.socket = Some(Socket::start(&host, port, tls));
                }
                NetRequest::Close => {
                    if let Some(mut socket) = self.socket.take() {
                        socket.close();
                    }
                }
            }
        }
    }

    fn id(&mut self) -> u16 {
        self.next_id += 1;
        self.next_id
    }
}
