//! The uplink over its socket, driven until something happens.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use m531x_virtual_modem::uplink::{
    NetRequest, Socket, SocketState, TlsPolicy, Uplink, UplinkConfig, UplinkEvent,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// A message, in the fields that every peer can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

impl Received {
    pub(crate) fn new(topic: &str, payload: &[u8], qos: u8, retain: bool) -> Self {
        Self {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos,
            retain,
        }
    }
}

/// Configuration for a broker at `address`.
pub(crate) fn config(address: SocketAddr, client_id: &str) -> UplinkConfig {
    UplinkConfig {
        port: address.port(),
        ..UplinkConfig::new(address.ip().to_string(), client_id)
    }
}

/// An [`Uplink`] with its [`Socket`].
pub(crate) struct Client {
    pub(crate) uplink: Uplink,
    pub(crate) socket: Option<Socket>,
    pub(crate) tls: TlsPolicy,
    /// Whether messages are acknowledged as they are taken.
    pub(crate) acknowledges: bool,
    events: VecDeque<UplinkEvent>,
    next_id: u16,
}

impl Client {
    pub(crate) fn new(config: UplinkConfig) -> Self {
        Self {
            uplink: Uplink::new(config),
            socket: None,
            tls: TlsPolicy::AcceptAny,
            acknowledges: true,
            events: VecDeque::new(),
            next_id: 0,
        }
    }

    /// A clean session, accepted.
    pub(crate) fn connect(address: SocketAddr, client_id: &str) -> Self {
        let mut client = Self::new(config(address, client_id));
        client.open();
        client
    }

    /// Connects and expects to be accepted; whether the broker had a session.
    pub(crate) fn open(&mut self) -> bool {
        match self.start() {
            UplinkEvent::ConnAck {
                code: 0,
                session_present,
            } => session_present,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Connects; the CONNACK, or why there was none.
    pub(crate) fn start(&mut self) -> UplinkEvent {
        self.uplink.start(Instant::now());
        self.wait("CONNACK", |event| {
            matches!(
                event,
                UplinkEvent::ConnAck { .. } | UplinkEvent::Closed { .. }
            )
        })
    }

    pub(crate) fn subscribe(&mut self, filter: &str, qos: u8) -> u8 {
        let id = self.id();
        self.uplink.subscribe(Instant::now(), id, filter, qos);
        let event = self.wait("SUBACK", |event| {
            matches!(event, UplinkEvent::SubAck { .. })
        });
        match event {
            UplinkEvent::SubAck { packet_id, code } if packet_id == id => code,
            other => panic!("not our SUBACK {id}: {other:?}"),
        }
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) {
        let id = self.id();
        self.uplink.unsubscribe(Instant::now(), id, filter);
        self.wait("UNSUBACK", |event| {
            *event == UplinkEvent::UnsubAck { packet_id: id }
        });
    }

    /// Publishes and waits for what ends it at this QoS.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) {
        let packet_id = self.publish_nowait(topic, payload, qos, retain);
        match (qos, packet_id) {
            (1, Some(packet_id)) => {
                self.wait("PUBACK", |event| {
                    *event == UplinkEvent::PubAck { packet_id }
                });
            }
            (2, Some(packet_id)) => {
                self.wait("PUBREC", |event| {
                    *event == UplinkEvent::PubRec { packet_id }
                });
                self.wait("PUBCOMP", |event| {
                    *event == UplinkEvent::PubComp { packet_id }
                });
            }
            _ => self.pump(Instant::now()),
        }
    }

    pub(crate) fn publish_nowait(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) -> Option<u16> {
        let packet_id = (qos > 0).then(|| self.id());
        self.uplink
            .publish(Instant::now(), packet_id, topic, payload, qos, retain);
        packet_id
    }

    /// The next message, acknowledged.
    pub(crate) fn message(&mut self) -> Received {
        let event = self.wait("a message", |event| {
            matches!(event, UplinkEvent::Message { .. })
        });
        let UplinkEvent::Message {
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
            self.uplink.acknowledge(Instant::now(), qos, packet_id);
        }
        Received {
            topic: String::from_utf8(topic).unwrap(),
            payload,
            qos,
            retain,
        }
    }

    /// Everything the broker had for this client: what comes before a message to itself.
    pub(crate) fn messages_until_now(&mut self) -> Vec<Received> {
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
    pub(crate) fn disconnect(&mut self) {
        self.uplink.disconnect(Instant::now());
        self.pump(Instant::now());
    }

    /// Closes the connection without DISCONNECT.
    pub(crate) fn vanish(&mut self) {
        self.uplink.abort();
        self.pump(Instant::now());
    }

    /// Runs until an event is wanted; unwanted ones before it are dropped, but messages are kept.
    pub(crate) fn wait(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&UplinkEvent) -> bool,
    ) -> UplinkEvent {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.uplink.poll_event() {
                self.events.push_back(event);
            }
            if let Some(at) = self.events.iter().position(&mut wanted) {
                return self.events.remove(at).unwrap();
            }
            self.events.retain(|event| {
                matches!(
                    event,
                    UplinkEvent::Message { .. } | UplinkEvent::Closed { .. }
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

    /// One round: carries out what the uplink wants and waits for the socket until `deadline` at
    /// most.
    pub(crate) fn pump(&mut self, deadline: Instant) {
        self.carry_out();
        let now = Instant::now();
        let until = self
            .uplink
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
        self.uplink.handle_timeout(Instant::now());
    }

    fn carry_out(&mut self) {
        let now = Instant::now();
        if let Some(socket) = &mut self.socket {
            let bytes = socket.read();
            match socket.state().clone() {
                SocketState::Connecting => {}
                SocketState::Open => {
                    self.uplink.handle_connected(now);
                    self.uplink.handle_bytes(now, &bytes);
                }
                SocketState::Closed(why) => {
                    self.uplink.handle_bytes(now, &bytes);
                    self.uplink.handle_network_lost(now, &why);
                    self.socket = None;
                }
            }
        }
        while let Some(bytes) = self.uplink.poll_transmit() {
            if let Some(socket) = &mut self.socket {
                socket.write(&bytes);
            }
        }
        while let Some(request) = self.uplink.poll_net() {
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
