//! `AT+MQTTOPEN`, `AT+MQTTSTAT?`, `AT+MQTTDISC` (manual 1.2, 1.3, 1.7) and reconnecting (manual 2.4).

use std::time::{Duration, Instant};

use m531x_at::cme::CmeFamily;
use m531x_at::command::{MqttOpen, check_connect_packet};
use m531x_at::response::MqttStat;
use m531x_at::topic;
use m531x_at::urc::{OpenOutcome, TimeoutKind, Urc};

use super::super::Module;
use super::super::answer::{Answer, NOT_ALLOWED, WRONG_PARAMETERS, done, told};
use super::{Client, State, acks::Request};

/// How long the module waits before each attempt to reconnect (firmware); after the last it gives up.
const WAITS: [Duration; 3] = [
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

impl Module {
    /// Begins to connect; the outcome is a URC.
    pub(super) fn open(&mut self, now: Instant, open: MqttOpen) -> Answer {
        let profile = self.profile;
        let client = self.client_or_refuse()?;
        if !matches!(client.state, State::Initialised | State::Disconnected) {
            return Err(NOT_ALLOWED);
        }
        let will_fits = open.will.as_ref().is_none_or(|will| {
            topic::validate_name(will.topic.as_bytes(), profile.topic_limit).is_ok()
        });
        if !will_fits || check_connect_packet(&client.cfg, &open, profile).is_err() {
            return Err(WRONG_PARAMETERS);
        }
        client.open = open;
        client.state = State::TcpConnecting;
        self.dial(now);
        done()
    }

    pub(super) fn read_state(&self) -> Answer {
        let stat = match &self.mqtt.client {
            None => MqttStat::NotInitialised,
            Some(client) => client.state.into(),
        };
        told(stat.encode(self.profile))
    }

    /// Ends the connection with DISCONNECT, so that the broker keeps the will to itself.
    pub(super) fn disconnect(&mut self, now: Instant) -> Answer {
        let client = self.connected()?;
        client.uplink.disconnect(now);
        client.state = State::Disconnected;
        client.forget_connection();
        self.urc(now, &Urc::Disc);
        done()
    }

    pub(super) fn handle_connack(&mut self, now: Instant, code: u8, session_present: bool) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        if code == 0 {
            client.state = State::Connected;
            if client.cfg.clean_session || !session_present {
                client.subscriptions.clear();
            }
            self.urc(now, &Urc::Open(OpenOutcome::Accepted));
            return;
        }
        // A refused module does not try again: the answer would be the same (manual 1.2).
        let was_reconnecting = matches!(client.state, State::Reconnecting { .. });
        client.state = State::Disconnected;
        client.forget_connection();
        self.report_refusal(now, code, session_present);
        if was_reconnecting {
            self.urc(now, &Urc::Disc);
        }
    }

    /// The connection broke, or could not be made.
    pub(super) fn handle_closed(&mut self, now: Instant) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        match client.state {
            State::Initialised | State::Disconnected => {}
            State::TcpConnecting | State::ConnectSent | State::Connected => self.reconnect(now, 0),
            State::Reconnecting { attempt, .. } => self.reconnect(now, attempt + 1),
        }
    }

    /// Three pings in a row were lost.
    pub(super) fn handle_pings_lost(&mut self, now: Instant) {
        if let Ok(client) = self.connected() {
            client.uplink.abort();
            self.reconnect(now, 0);
        }
    }

    /// CONNACK, or the TCP connection, is late.
    pub(super) fn handle_connect_timeout(&mut self, now: Instant) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        let state = client.state;
        match state {
            State::Initialised | State::Disconnected | State::Connected => {}
            State::TcpConnecting | State::ConnectSent => {
                client.uplink.abort();
                self.urc(now, &Urc::Timeout(TimeoutKind::Connect));
                self.reconnect(now, 0);
            }
            // Attempts to reconnect are told by +MQTTREC alone (manual 2.4).
            State::Reconnecting { attempt, .. } => {
                client.uplink.abort();
                self.reconnect(now, attempt + 1);
            }
        }
    }

    pub(super) fn handle_reconnect_timeout(&mut self, now: Instant) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        if let State::Reconnecting {
            attempt,
            wait_until: Some(until),
        } = client.state
        {
            if until <= now {
                client.state = State::Reconnecting {
                    attempt,
                    wait_until: None,
                };
                self.urc(now, &Urc::Rec { attempt });
                self.dial(now);
            }
        }
    }

    /// Waits for the next attempt, or gives up.
    fn reconnect(&mut self, now: Instant, attempt: u32) {
        let reconnects = self.mqtt.reconnects;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        client.forget_connection();
        let wait = usize::try_from(attempt)
            .ok()
            .and_then(|attempt| WAITS.get(attempt))
            .filter(|_| reconnects);
        if let Some(wait) = wait {
            client.state = State::Reconnecting {
                attempt,
                wait_until: Some(now + *wait),
            };
        } else {
            client.state = State::Disconnected;
            self.urc(now, &Urc::Disc);
        }
    }

    fn dial(&mut self, now: Instant) {
        let Some(client) = &self.mqtt.client else {
            return;
        };
        let config = self.uplink_config(&client.cfg, &client.open);
        if let Some(client) = &mut self.mqtt.client {
            client.uplink.set_config(config);
            client.uplink.start(now);
        }
    }

    /// The M5310-A prints the return code as the outcome of OPEN, the M5311 as CONACK.
    fn report_refusal(&mut self, now: Instant, code: u8, session_present: bool) {
        if self.profile.cme_family == CmeFamily::Mt2625 {
            let line = format!("+MQTTCONACK: {code},{}\r\n", u8::from(session_present));
            self.urc_bytes(now, line.into_bytes());
        } else {
            let outcome = OpenOutcome::ReturnCode {
                code,
                session_present,
            };
            self.urc(now, &Urc::Open(outcome));
        }
    }
}

impl Client {
    /// What does not survive a connection: acks of subscribing, and of publishing unless the session
    /// is kept.
    fn forget_connection(&mut self) {
        self.later.clear();
        let clean = self.cfg.clean_session;
        self.in_flight
            .retain(|_, request| !clean && matches!(request, Request::Publish { .. }));
    }
}
