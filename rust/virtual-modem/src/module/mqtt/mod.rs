//! The module's MQTT client: its commands, its state, its URCs.

mod acks;
mod configuration;
mod connection;
mod host;
mod publishing;
mod reconnecting;
mod settings;
mod subscribing;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use m531x_at::QoS;
use m531x_at::command::{Command, MqttCfg, MqttOpen};
use m531x_at::response::MqttStat;
use m531x_at::urc::{TimeoutKind, Urc};

use super::answer::{Answer, NOT_ALLOWED, UNKNOWN};
use super::{Module, NetworkAction};
use crate::firmware::Traits;
use crate::mqtt_client::{ClientEvent, MqttClient, NetRequest};
use acks::{Later, Request};

/// Manual 1.9.
const ACK_TIMEOUT: Duration = Duration::from_secs(10);

/// The client, if one is configured, and what is set without one.
#[derive(Debug)]
pub(super) struct Mqtt {
    client: Option<Box<Client>>,
    /// `AT+MQTTTO`.
    ack_timeout: Duration,
    /// `AT+MQTTPING`.
    ping_report: bool,
    /// `AT+MQTTREC`.
    reconnects: bool,
    /// For durations that are not known exactly.
    random: fastrand::Rng,
}

impl Mqtt {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            client: None,
            ack_timeout: ACK_TIMEOUT,
            ping_report: false,
            reconnects: true,
            random: fastrand::Rng::with_seed(seed ^ 0x4d51),
        }
    }

    pub(super) fn follow_traits(&mut self, traits: Traits) {
        if let Some(client) = &mut self.client {
            client.mqtt.set_traits(traits);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let client = self.client.as_ref()?;
        let late = client.later.iter().map(Later::at).min();
        [client.mqtt.poll_timeout(), client.state.due(), late]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn is_online(&self) -> bool {
        self.client
            .as_ref()
            .is_some_and(|client| client.state == State::Connected)
    }
}

/// What `AT+MQTTCFG` makes and `AT+MQTTDEL` frees.
#[derive(Debug)]
struct Client {
    cfg: MqttCfg,
    open: MqttOpen,
    mqtt: MqttClient,
    state: State,
    /// One counter for SUB, UNSUB and PUB, from 1 after each CFG (firmware).
    last_packet_id: u16,
    /// The list of `AT+MQTTSUB?`.
    subscriptions: Vec<Subscription>,
    /// What waits for an acknowledgement, by packet id.
    in_flight: BTreeMap<u16, Request>,
    /// Acks the faults hold back, and the timeouts they cause.
    later: Vec<Later>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Initialised,
    Disconnected,
    TcpConnecting,
    ConnectSent {
        since: Instant,
    },
    /// The broker closed the connection before its CONNACK; the client finds out by its timer.
    Hung {
        until: Instant,
    },
    Connected,
    Reconnecting {
        /// The number that `+MQTTREC` prints.
        attempt: u32,
        since: Instant,
        /// When the attempt begins; `None` while it goes on.
        wait_until: Option<Instant>,
    },
    /// The connection has ended; `+MQTTDISC` comes at this time.
    Ending {
        until: Instant,
        why: Ending,
    },
}

impl State {
    /// When something happens by itself.
    fn due(self) -> Option<Instant> {
        match self {
            Self::Hung { until } | Self::Ending { until, .. } => Some(until),
            Self::Reconnecting { wait_until, .. } => wait_until,
            _ => None,
        }
    }

    /// Whether a connection is being made.
    fn is_busy(self) -> bool {
        matches!(
            self,
            Self::TcpConnecting
                | Self::ConnectSent { .. }
                | Self::Hung { .. }
                | Self::Reconnecting { .. }
        )
    }

    /// The state that `AT+MQTTSTAT?` reports.
    fn stat(self, now: Instant, fine: bool) -> MqttStat {
        // A state that the client passes through at its next tick.
        let fresh = |since: Instant| now.saturating_duration_since(since) < Duration::from_secs(1);
        match self {
            Self::Initialised => MqttStat::Initialised,
            Self::Disconnected | Self::Ending { .. } => MqttStat::Disconnected,
            Self::TcpConnecting => MqttStat::TcpConnecting,
            Self::ConnectSent { since } if fine && fresh(since) => MqttStat::TcpConnected,
            Self::ConnectSent { .. } | Self::Hung { .. } => MqttStat::ConnectSent,
            Self::Connected => MqttStat::Connected,
            Self::Reconnecting { since, .. } if fine && !fresh(since) => MqttStat::ConnectSent,
            Self::Reconnecting { .. } => MqttStat::Reconnecting,
        }
    }
}

/// Why a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// `AT+MQTTDISC`.
    Asked,
    /// The broker closed it.
    LinkDead,
    /// CONNACK with a code other than 0.
    Refused,
    /// The broker's name has no address.
    NameUnknown,
    /// The last attempt to reconnect failed.
    GaveUp,
}

#[derive(Debug)]
struct Subscription {
    filter: String,
    /// Payloads arrive as hex digits (M5311, `AT+MQTTSUB=...,1`).
    hex: bool,
}

impl Client {
    /// The next packet id; one that something in flight has is skipped if 0 is.
    fn next_packet_id(&mut self, traits: &Traits) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1);
            // At most a few hundred requests fit in flight, so a free id is near.
            let usable =
                self.last_packet_id != 0 && !self.in_flight.contains_key(&self.last_packet_id);
            if usable || traits.id_zero {
                return self.last_packet_id;
            }
        }
    }
}

impl Module {
    /// Obeys one of the MQTT commands; `line` for what its decoder does not keep.
    pub(super) fn mqtt_command(&mut self, now: Instant, command: Command, line: &[u8]) -> Answer {
        let answer = match command {
            Command::MqttCfg(cfg) => self.configure(cfg, line),
            Command::MqttCfgRead => self.read_configuration(),
            Command::MqttOpen(open) => self.open(now, open),
            Command::MqttStatRead => self.read_state(now),
            Command::MqttSub(sub) => self.subscribe(now, &sub),
            Command::MqttSubRead => self.read_subscriptions(),
            Command::MqttPub(publish) => self.publish(now, &publish),
            Command::MqttUnsub(unsub) => self.unsubscribe(now, &unsub),
            Command::MqttDisc => self.disconnect(now),
            Command::MqttDel => self.delete(now),
            Command::MqttTo(timeout) => self.set_ack_timeout(timeout),
            Command::MqttPing(ping) => self.set_ping_report(ping),
            Command::MqttRec(rec) => self.set_reconnecting(rec),
            _ => Err(UNKNOWN),
        };
        self.pump(now);
        answer
    }

    pub(super) fn mqtt_connected(&mut self, now: Instant) {
        if let Some(client) = &mut self.mqtt.client {
            if client.state == State::TcpConnecting {
                client.state = State::ConnectSent { since: now };
            }
            client.mqtt.handle_connected(now);
        }
        self.pump(now);
    }

    pub(super) fn mqtt_connect_failed(&mut self, now: Instant, why: &str) {
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.handle_connect_failed(now, why);
        }
        self.pump(now);
    }

    pub(super) fn mqtt_name_unknown(&mut self, now: Instant) {
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.abort();
        }
        self.fail_to_find(now);
        self.pump(now);
    }

    pub(super) fn mqtt_bytes(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.handle_bytes(now, bytes);
        }
        self.pump(now);
    }

    pub(super) fn mqtt_lost(&mut self, now: Instant, why: &str) {
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.handle_network_lost(now, why);
        }
        self.pump(now);
    }

    pub(super) fn handle_mqtt_timeout(&mut self, now: Instant) {
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.handle_timeout(now);
        }
        self.pump(now);
        self.handle_late_acks(now);
        self.handle_state_timeout(now);
        self.pump(now);
    }

    /// The effect of a power cut: the client is gone, without notice to the broker.
    pub(super) fn drop_mqtt(&mut self) {
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.abort();
        }
        self.drain_network();
        let seed = self.mqtt.random.u64(..);
        self.mqtt = Mqtt::new(seed);
    }

    /// The client, if its connection is up; what needs one is refused otherwise (manual 1.7).
    fn connected(&mut self) -> Result<&mut Client, u16> {
        match &mut self.mqtt.client {
            Some(client) if client.state == State::Connected => Ok(client),
            _ => Err(NOT_ALLOWED),
        }
    }

    /// The same for what has something to send: a link that is dead unreported has a number of its own.
    fn able_to_send(&mut self) -> Result<&mut Client, u16> {
        if let Some(client) = &self.mqtt.client {
            if let State::Ending {
                why: Ending::LinkDead,
                ..
            } = client.state
            {
                return Err(self.traits.dead_link);
            }
        }
        self.connected()
    }

    /// Turns what the MQTT client has to say into URCs, and what it wants sent into network actions.
    fn pump(&mut self, now: Instant) {
        while let Some(event) = self
            .mqtt
            .client
            .as_mut()
            .and_then(|client| client.mqtt.poll_event())
        {
            self.handle_event(now, event);
        }
        self.drain_network();
    }

    fn handle_event(&mut self, now: Instant, event: ClientEvent) {
        match event {
            ClientEvent::ConnAck {
                code,
                session_present,
            } => self.handle_connack(now, code, session_present),
            ClientEvent::Closed { .. } => self.handle_closed(now),
            ClientEvent::PingResponse => {
                if self.mqtt.ping_report {
                    self.urc(now, &Urc::PingResponse);
                }
            }
            ClientEvent::PingTimeout => self.urc(now, &Urc::Timeout(TimeoutKind::Ping)),
            ClientEvent::PingsLost => self.handle_pings_lost(now),
            ClientEvent::AckTimeout { kind, packet_id } => {
                self.handle_ack_timeout(now, kind, packet_id);
            }
            ClientEvent::Message {
                dup,
                qos,
                retain,
                packet_id,
                topic,
                payload,
                missing,
            } => {
                let numbers = (
                    dup,
                    QoS::try_from(qos).unwrap_or_default(),
                    retain,
                    packet_id,
                );
                self.print_message(now, numbers, &topic, &payload, missing);
            }
            ack => self.handle_ack(now, ack),
        }
    }

    /// Bytes first: they were meant for the connection that the request may end.
    fn drain_network(&mut self) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        while let Some(bytes) = client.mqtt.poll_transmit() {
            self.network.push_back(NetworkAction::Send(bytes));
        }
        while let Some(request) = client.mqtt.poll_net() {
            self.air.clear();
            self.network.push_back(match request {
                NetRequest::Connect { host, port, tls } => {
                    NetworkAction::Connect { host, port, tls }
                }
                NetRequest::Close => NetworkAction::Close,
            });
        }
    }

    fn client_or_refuse(&mut self) -> Result<&mut Client, u16> {
        self.mqtt.client.as_deref_mut().ok_or(NOT_ALLOWED)
    }
}
