//! What m531x_set_u32 and m531x_set_string have set, and the connection made of it.

use std::time::Duration;

use m531x_core::{
    AskPassword, ConnectOptions, HealthCheck, OutboxOptions, QoS, Recovery, Secret, Will,
};

/// The settings of one modem.
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) ask_password: bool,
    pub(crate) keepalive: u16,
    pub(crate) clean_session: bool,
    pub(crate) tls: bool,
    pub(crate) will_topic: Option<String>,
    pub(crate) will_payload: String,
    pub(crate) will_qos: QoS,
    pub(crate) will_retain: bool,
    pub(crate) ack_timeout: u16,
    pub(crate) command_timeout: Duration,
    pub(crate) hex_delivery: bool,
    pub(crate) recovery: Recovery,
    /// With an empty path.
    pub(crate) outbox: OutboxOptions,
    /// Kept while it is off.
    pub(crate) health_check: HealthCheck,
}

impl Settings {
    pub(crate) fn connect_options(&self, host: &str, port: u16, client_id: &str) -> ConnectOptions {
        let mut options = ConnectOptions::new(host, client_id);
        options.port = if port == 0 { self.port } else { port };
        options.username.clone_from(&self.username);
        options.password.clone_from(&self.password);
        options.ask_password = self.ask_password.then(AskPassword::by_event);
        options.keepalive = self.keepalive;
        options.clean_session = self.clean_session;
        options.tls = self.tls;
        options.ack_timeout = self.ack_timeout;
        options.will = self.will_topic.as_ref().map(|topic| Will {
            topic: topic.clone(),
            payload: self.will_payload.clone().into_bytes(),
            qos: self.will_qos,
            retain: self.will_retain,
        });
        options
    }
}

impl Default for Settings {
    fn default() -> Self {
        let defaults = ConnectOptions::new("", "");
        Self {
            port: defaults.port,
            username: None,
            password: None,
            ask_password: false,
            keepalive: defaults.keepalive,
            clean_session: defaults.clean_session,
            tls: defaults.tls,
            will_topic: None,
            will_payload: String::new(),
            will_qos: QoS::default(),
            will_retain: false,
            ack_timeout: defaults.ack_timeout,
            command_timeout: Duration::from_secs(10),
            hex_delivery: false,
            recovery: Recovery::default(),
            outbox: OutboxOptions::new(""),
            health_check: HealthCheck::default(),
        }
    }
}
