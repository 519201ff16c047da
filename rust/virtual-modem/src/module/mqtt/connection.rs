//! `AT+MQTTOPEN`, `AT+MQTTSTAT?`, `AT+MQTTDISC` (manual 1.2, 1.3, 1.7), and what becomes of a connection.

use std::time::Instant;

use m531x_at::cme::CmeFamily;
use m531x_at::command::{MqttOpen, check_connect_packet};
use m531x_at::response::MqttStat;
use m531x_at::topic;
use m531x_at::urc::{OpenOutcome, TimeoutKind, Urc};

use super::super::Module;
use super::super::answer::{Answer, NOT_ALLOWED, WRONG_PARAMETERS, done, information};
use super::{Client, Ending, State, acks::Request};

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
        if !will_fits || check_connect_packet(&client.cfg, &open, profile.connect_limit).is_err() {
            return Err(WRONG_PARAMETERS);
        }
        client.open = open;
        client.state = State::TcpConnecting;
        self.dial(now);
        done()
    }

    pub(super) fn read_state(&self, now: Instant) -> Answer {
        let stat = match &self.mqtt.client {
            None => MqttStat::NotInitialised,
            Some(client) => client.state.stat(now, self.traits.fine_states),
        };
        information(stat.encode(self.profile))
    }

    /// Ends the connection with DISCONNECT, so that the broker keeps the will to itself.
    pub(super) fn disconnect(&mut self, now: Instant) -> Answer {
        let client = self.connected()?;
        client.mqtt.disconnect(now);
        self.end(now, Ending::Asked);
        done()
    }

    pub(super) fn handle_connack(&mut self, now: Instant, code: u8, session_present: bool) {
        let traits = self.traits;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        if code == 0 {
            client.state = State::Connected;
            if client.cfg.clean_session || !session_present || !traits.keeps_session {
                client.subscriptions.clear();
            }
            self.urc(now, &Urc::Open(OpenOutcome::Accepted));
            return;
        }
        // A refused module does not try again: the answer would be the same (manual 1.2).
        if !traits.insists {
            self.urc(now, &Urc::Open(OpenOutcome::Failed));
            self.end(now, Ending::Refused);
            return;
        }
        let was_reconnecting = matches!(client.state, State::Reconnecting { .. });
        client.state = State::Disconnected;
        client.forget_connection(traits.keeps_session);
        self.report_refusal(now, code, session_present);
        if was_reconnecting {
            self.urc(now, &Urc::Disc);
        }
    }

    /// The connection broke, or could not be made.
    pub(super) fn handle_closed(&mut self, now: Instant) {
        let traits = self.traits;
        let ack_timeout = self.mqtt.ack_timeout;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        match client.state {
            State::Initialised
            | State::Disconnected
            | State::Hung { .. }
            | State::Ending { .. } => {}
            State::TcpConnecting if !traits.insists => {
                client.state = State::Initialised;
                self.urc(now, &Urc::Open(OpenOutcome::Failed));
            }
            State::ConnectSent { since } if !traits.insists => {
                let until = since + ack_timeout;
                client.state = State::Hung { until };
            }
            State::Connected if traits.fin_without_rec => self.end(now, Ending::LinkDead),
            State::TcpConnecting | State::ConnectSent { .. } | State::Connected => {
                self.reconnect(now, 0);
            }
            State::Reconnecting { .. } if !traits.insists => self.give_up(now),
            State::Reconnecting { attempt, .. } => self.reconnect(now, attempt + 1),
        }
    }

    /// The name of the broker has no address.
    pub(super) fn fail_to_find(&mut self, now: Instant) {
        let insists = self.traits.insists;
        let Some(client) = &self.mqtt.client else {
            return;
        };
        match client.state {
            State::TcpConnecting if insists => self.reconnect(now, 0),
            State::TcpConnecting => self.end(now, Ending::NameUnknown),
            State::Reconnecting { attempt, .. } if insists => self.reconnect(now, attempt + 1),
            State::Reconnecting { .. } => self.give_up(now),
            _ => {}
        }
    }

    /// Three pings in a row were lost.
    pub(super) fn handle_pings_lost(&mut self, now: Instant) {
        if let Ok(client) = self.connected() {
            client.mqtt.abort();
            self.reconnect(now, 0);
        }
    }

    /// CONNACK, or the TCP connection, is late.
    pub(super) fn handle_connect_timeout(&mut self, now: Instant) {
        let traits = self.traits;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        let state = client.state;
        match state {
            State::Initialised | State::Disconnected | State::Connected | State::Ending { .. } => {}
            State::TcpConnecting | State::ConnectSent { .. } | State::Hung { .. } => {
                client.mqtt.abort();
                self.urc(now, &Urc::Timeout(TimeoutKind::Connect));
                self.reconnect(now, u32::from(traits.open_counts));
            }
            State::Reconnecting { attempt, .. } => {
                client.mqtt.abort();
                // The manual reports them by +MQTTREC alone (2.4).
                if traits.reports_attempts {
                    self.urc(now, &Urc::Timeout(TimeoutKind::Connect));
                }
                self.reconnect(now, attempt + 1);
            }
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
    pub(super) fn forget_connection(&mut self, keeps_session: bool) {
        self.later.clear();
        let kept = keeps_session && !self.cfg.clean_session;
        self.in_flight
            .retain(|_, request| kept && matches!(request, Request::Publish { .. }));
    }
}
