//! The MQTT client itself.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::session::Session;
use super::timers::{AckTimers, KeepAlive, KeepAliveAction, LOST_PINGS};
use super::{AckKind, ClientConfig, ClientEvent, NetRequest};
use crate::codec::{Connect, Decoder, Packet, Will};
use crate::firmware::Traits;

/// Largest packet taken from a broker, in bytes. The firmware's own buffers are far smaller; a
/// caller that wants a module's limits applies them to the message.
const LARGEST_PACKET: u32 = 1 << 20;

/// An MQTT 3.1.1 client without I/O, thread or clock.
///
/// - **Inputs**: [`handle_connected`](Self::handle_connected),
///   [`handle_connect_failed`](Self::handle_connect_failed),
///   [`handle_network_lost`](Self::handle_network_lost), [`handle_bytes`](Self::handle_bytes) and
///   [`handle_timeout`](Self::handle_timeout).
/// - **Commands**: [`start`](Self::start), [`publish`](Self::publish),
///   [`subscribe`](Self::subscribe), [`unsubscribe`](Self::unsubscribe),
///   [`acknowledge`](Self::acknowledge), [`disconnect`](Self::disconnect), [`abort`](Self::abort).
/// - **Outputs**, to be polled after each of them until there are none:
///   [`poll_net`](Self::poll_net), [`poll_transmit`](Self::poll_transmit),
///   [`poll_event`](Self::poll_event), [`poll_timeout`](Self::poll_timeout).
///
/// The session (QoS 1 and 2 in flight, both ways) lives as long as this value unless
/// `clean_session` is set; what is unfinished is sent again, marked DUP, after the next CONNACK.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use m531x_virtual_modem::mqtt_client::{NetRequest, MqttClient, ClientConfig, ClientEvent};
///
/// let now = Instant::now();
/// let mut client = MqttClient::new(ClientConfig::new("127.0.0.1", "meter-7"));
/// client.start(now);
/// assert!(matches!(client.poll_net(), Some(NetRequest::Connect { port: 1883, .. })));
/// client.handle_connected(now);
/// assert_eq!(client.poll_transmit().unwrap()[0], 0x10); // CONNECT
/// client.handle_bytes(now, &[0x20, 2, 0, 0]); // CONNACK, accepted
/// assert_eq!(
///     client.poll_event(),
///     Some(ClientEvent::ConnAck { code: 0, session_present: false })
/// );
/// assert_eq!(client.poll_timeout(), Some(now + Duration::from_secs(60))); // first PINGREQ
/// ```
pub struct MqttClient {
    pub(super) config: ClientConfig,
    pub(super) phase: Phase,
    pub(super) decoder: Decoder,
    pub(super) session: Session,
    pub(super) timers: AckTimers,
    pub(super) keepalive: Option<KeepAlive>,
    /// When a packet that has come in part is given up; its rest is then passed over.
    pub(super) stalled: Option<Stalled>,
    /// From when the client counts its ticks.
    pub(super) epoch: Option<Instant>,
    pub(super) transmit: VecDeque<Vec<u8>>,
    pub(super) net: VecDeque<NetRequest>,
    pub(super) events: VecDeque<ClientEvent>,
}

/// A PUBLISH of which a part has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stalled {
    /// It is shown as it is if no more comes until then.
    Until(Instant),
    /// It was shown: its rest is nothing.
    Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    /// The network has been asked for a connection.
    Dialling,
    /// CONNECT has been sent.
    Handshake,
    Online,
}

impl MqttClient {
    /// A client that does nothing until [`start`](Self::start).
    pub fn new(config: ClientConfig) -> Self {
        Self {
            config,
            phase: Phase::Idle,
            decoder: Decoder::new(LARGEST_PACKET),
            session: Session::default(),
            timers: AckTimers::default(),
            keepalive: None,
            stalled: None,
            epoch: None,
            transmit: VecDeque::new(),
            net: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Changes what the next [`start`](Self::start) uses; the session state stays.
    pub fn set_config(&mut self, config: ClientConfig) {
        self.config = config;
    }

    /// Changes what the firmware does from now on.
    pub fn set_traits(&mut self, traits: Traits) {
        self.config.traits = traits;
    }

    /// Changes the ack timeout of packets sent from now on.
    pub fn set_ack_timeout(&mut self, timeout: Duration) {
        self.config.ack_timeout = timeout;
    }

    /// Asks for a connection ([`NetRequest::Connect`]) and sends CONNECT when it is up; also the way
    /// to reconnect. A connection that is still there is closed without DISCONNECT.
    pub fn start(&mut self, now: Instant) {
        self.abort();
        self.phase = Phase::Dialling;
        self.epoch = Some(now);
        self.net.push_back(NetRequest::Connect {
            host: self.config.host.clone(),
            port: self.config.port,
            tls: self.config.tls,
        });
        self.expect(now, AckKind::Connect, 0);
    }

    /// The network connection is up.
    pub fn handle_connected(&mut self, now: Instant) {
        if self.phase != Phase::Dialling {
            return;
        }
        if self.config.clean_session || !self.config.traits.keeps_session {
            self.session.clear();
        }
        let config = &self.config;
        let connect = Packet::Connect(Box::new(Connect {
            client_id: config.client_id.clone(),
            clean_session: config.clean_session,
            keepalive: config.keepalive,
            will: config.will.as_ref().map(|will| Will {
                topic: will.topic.clone(),
                payload: will.payload.clone(),
                qos: will.qos,
                retain: will.retain,
            }),
            username: config.username.clone(),
            password: config
                .username
                .as_ref()
                .and(config.password.as_ref())
                .map(|password| password.clone().into_bytes()),
        }));
        self.decoder = Decoder::new(LARGEST_PACKET).tolerant(config.traits.tolerant);
        self.phase = Phase::Handshake;
        self.expect(now, AckKind::Connect, 0);
        self.send(now, &connect);
    }

    /// The network connection could not be made.
    pub fn handle_connect_failed(&mut self, now: Instant, why: &str) {
        self.handle_network_lost(now, why);
    }

    /// The network connection is gone.
    pub fn handle_network_lost(&mut self, _now: Instant, why: &str) {
        if self.phase == Phase::Idle {
            return;
        }
        self.forget_connection();
        self.events.push_back(ClientEvent::Closed {
            why: why.to_owned(),
        });
    }

    /// Bytes came from the broker. What is no MQTT ends the connection with
    /// [`ClientEvent::Closed`].
    pub fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        if !matches!(self.phase, Phase::Handshake | Phase::Online) || bytes.is_empty() {
            return;
        }
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.received(now);
        }
        self.decoder.feed(bytes);
        // A packet may end the connection; what follows it is not looked at.
        while matches!(self.phase, Phase::Handshake | Phase::Online) {
            match self.decoder.next_packet() {
                Ok(Some(packet)) => self.handle_packet(now, packet),
                Ok(None) => break,
                Err(error) => self.fail(&format!("the broker sent a {error}")),
            }
        }
        self.watch_for_a_rest(now);
    }

    /// The instant of [`poll_timeout`](Self::poll_timeout) has come; harmless when early.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.show_what_stalled(now);
        while let Some((kind, packet_id)) = self.timers.take_late(now) {
            if self.config.traits.forgets_late {
                self.timers.settle(kind, packet_id);
                if kind == AckKind::Publish {
                    self.session.forget(packet_id);
                }
            }
            self.events
                .push_back(ClientEvent::AckTimeout { kind, packet_id });
        }
        while let Some(action) = self
            .keepalive
            .as_mut()
            .and_then(|keepalive| keepalive.handle_timeout(now))
        {
            match action {
                KeepAliveAction::SendPing => self.send_ping(now),
                KeepAliveAction::PingLost { in_a_row } => {
                    self.events.push_back(ClientEvent::PingTimeout);
                    if in_a_row == LOST_PINGS {
                        self.events.push_back(ClientEvent::PingsLost);
                    }
                }
            }
        }
    }

    /// Sends DISCONNECT and asks for the connection to be closed; no `Closed` event follows.
    pub fn disconnect(&mut self, now: Instant) {
        if self.phase == Phase::Online {
            self.send(now, &Packet::Disconnect);
            let farewell = std::mem::take(&mut self.transmit);
            self.abort();
            self.transmit = farewell;
        } else {
            self.abort();
        }
    }

    /// Closes without DISCONNECT (pings lost, reboot): the broker will publish the will; no `Closed`
    /// event follows.
    pub fn abort(&mut self) {
        if self.phase != Phase::Idle {
            self.forget_connection();
            self.net.push_back(NetRequest::Close);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let ack = self.timers.poll_timeout();
        let ping = self.keepalive.as_ref().map(KeepAlive::poll_timeout);
        let stalled = match self.stalled {
            Some(Stalled::Until(at)) => Some(at),
            _ => None,
        };
        [ack, ping, stalled].into_iter().flatten().min()
    }

    /// What the network is to do.
    pub fn poll_net(&mut self) -> Option<NetRequest> {
        self.net.pop_front()
    }

    /// Bytes for the broker.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// What happened, in wire order.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Whether CONNACK has accepted this connection.
    pub fn is_online(&self) -> bool {
        self.phase == Phase::Online
    }

    pub(super) fn refused(&mut self, code: u8) {
        self.fail(&format!(
            "the broker refused the connection: {code} ({})",
            return_code_text(code)
        ));
    }

    /// Ends the connection because of what one of the two sides did.
    pub(super) fn fail(&mut self, why: &str) {
        self.abort();
        self.events.push_back(ClientEvent::Closed {
            why: why.to_owned(),
        });
    }

    fn send_ping(&mut self, now: Instant) {
        self.send(now, &Packet::PingReq);
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.ping_sent(now, self.config.ack_timeout);
        }
    }

    fn forget_connection(&mut self) {
        self.phase = Phase::Idle;
        self.keepalive = None;
        self.stalled = None;
        self.timers.clear();
        self.transmit.clear();
    }
}

impl fmt::Debug for MqttClient {
    /// Without the packets under way: CONNECT among them holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttClient")
            .field("config", &self.config)
            .field("phase", &self.phase)
            .field("transmit", &self.transmit.len())
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

/// What a CONNACK return code other than 0 means (MQTT 3.1.1, table 3.1).
fn return_code_text(code: u8) -> &'static str {
    match code {
        1 => "unacceptable protocol version",
        2 => "client id rejected",
        3 => "server unavailable",
        4 => "bad user name or password",
        5 => "not authorised",
        _ => "unknown return code",
    }
}
