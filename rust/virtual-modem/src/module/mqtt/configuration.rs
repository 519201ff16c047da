//! `AT+MQTTCFG` and `AT+MQTTDEL` (manual 1.1 and 1.8).

use std::collections::BTreeMap;
use std::time::Instant;

use m531x_at::cme::CmeFamily;
use m531x_at::command::{MqttCfg, MqttOpen, Secret};
use m531x_at::profile::CfgFields;
use m531x_at::response::ConfigReadback;
use m531x_at::urc::Urc;

use super::super::Module;
use super::super::answer::{Answer, NOT_ALLOWED, WRONG_PARAMETERS, done, information};
use super::{ACK_TIMEOUT, Client, State};
use crate::mqtt_client::{ClientConfig, MqttClient};

impl Module {
    /// Makes a client; an old one has to be deleted before.
    pub(super) fn configure(&mut self, cfg: MqttCfg, line: &[u8]) -> Answer {
        let most = match self.profile.cfg_fields {
            CfgFields::Seven => 7,
            CfgFields::Eight => 8,
            CfgFields::Nine => 9,
        };
        if field_count(line) > most || (cfg.tls && !self.profile.encrypt_field) {
            return Err(WRONG_PARAMETERS);
        }
        self.break_in();
        if self.mqtt.client.is_some() {
            return Err(match self.profile.cme_family {
                // "Still configured".
                CmeFamily::Mn316 => 8002,
                _ => NOT_ALLOWED,
            });
        }
        self.mqtt.ack_timeout = ACK_TIMEOUT;
        self.mqtt.ping_report = false;
        let open = MqttOpen::default();
        let mqtt = MqttClient::new(self.mqtt_config(&cfg, &open));
        self.mqtt.client = Some(Box::new(Client {
            cfg,
            open,
            mqtt,
            state: State::Initialised,
            last_packet_id: 0,
            subscriptions: Vec::new(),
            in_flight: BTreeMap::new(),
            later: Vec::new(),
        }));
        done()
    }

    /// Frees a client that is busy, where CFG is what breaks in; the command that it is part of has
    /// nothing wrong.
    fn break_in(&mut self) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        if self.traits.busy && client.state.is_busy() {
            client.mqtt.abort();
            self.drain_network();
            self.mqtt.client = None;
        }
    }

    pub(super) fn read_configuration(&self) -> Answer {
        let readback = match &self.mqtt.client {
            None => ConfigReadback::default(),
            Some(client) => {
                let cfg = &client.cfg;
                ConfigReadback {
                    host: Some(cfg.host.clone()),
                    port: Some(cfg.port),
                    client_id: Some(cfg.client_id.clone()),
                    keepalive: Some(cfg.keepalive),
                    username: cfg.username.clone(),
                    password_set: cfg.password.is_some(),
                    clean_session: Some(cfg.clean_session),
                    tls: Some(cfg.tls),
                }
            }
        };
        information(readback.encode(self.profile))
    }

    /// Frees the client; a connection that is up ends first. Not an error without a client: the manual
    /// names none.
    pub(super) fn delete(&mut self, now: Instant) -> Answer {
        let busy = self.traits.busy;
        if let Some(client) = &mut self.mqtt.client {
            let refused =
                matches!(client.state, State::Ending { .. }) || (busy && client.state.is_busy());
            if refused {
                return Err(NOT_ALLOWED);
            }
            let was_connected = client.state == State::Connected;
            client.mqtt.disconnect(now);
            self.drain_network();
            self.mqtt.client = None;
            if was_connected {
                self.urc(now, &Urc::Disc);
            }
        }
        done()
    }

    pub(super) fn mqtt_config(&self, cfg: &MqttCfg, open: &MqttOpen) -> ClientConfig {
        let will = open
            .will
            .as_ref()
            .map(|will| crate::mqtt_client::ClientWill {
                topic: will.topic.clone(),
                payload: will.payload.clone(),
                qos: will.qos.into(),
                retain: will.retain,
            });
        ClientConfig {
            port: cfg.port,
            tls: cfg.tls,
            username: cfg.username.clone().filter(|_| open.username),
            password: cfg
                .password
                .as_ref()
                .filter(|_| open.password)
                .map(|password| Secret::expose(password).to_owned()),
            keepalive: cfg.keepalive,
            clean_session: cfg.clean_session,
            will,
            ack_timeout: self.mqtt.ack_timeout,
            traits: self.traits,
            ..ClientConfig::new(cfg.host.clone(), cfg.client_id.clone())
        }
    }
}

/// How many fields stand behind the `=`; a comma between quotes separates nothing.
fn field_count(line: &[u8]) -> usize {
    let arguments = line.iter().skip_while(|byte| **byte != b'=');
    let mut quoted = false;
    let commas = arguments.filter(|byte| {
        quoted ^= **byte == b'"';
        !quoted && **byte == b','
    });
    commas.count() + 1
}
