//! What a connection is made with.

use std::fmt;
use std::time::Duration;

use crate::firmware::{Firmware, Traits};
use m531x_at::profile::Model;

/// What [`MqttClient`](super::MqttClient) puts into its CONNECT packet, and where it asks to be connected.
#[derive(Clone)]
pub struct ClientConfig {
    /// Name or address of the broker.
    pub host: String,
    /// TCP port of the broker.
    pub port: u16,
    /// Whether the connection is to be made over TLS.
    pub tls: bool,
    /// The client id; empty lets the broker choose one (it then wants a clean session).
    pub client_id: String,
    /// The user name, sent only when set.
    pub username: Option<String>,
    /// The password, sent only together with a user name (MQTT 3.1.1, 3.1.2.9).
    pub password: Option<String>,
    /// Seconds without traffic after which a PINGREQ goes out; 0 turns the keep-alive off.
    pub keepalive: u16,
    /// Whether both sides forget the session at the start and at the end.
    pub clean_session: bool,
    /// The message the broker publishes when this client vanishes without DISCONNECT.
    pub will: Option<ClientWill>,
    /// How long an acknowledgement may take before it is reported late (`AT+MQTTTO`).
    pub ack_timeout: Duration,
    /// What the firmware does where MQTT or the manual leave a choice.
    pub traits: Traits,
}

impl ClientConfig {
    /// Port 1883, no TLS, no user, no will, a clean session, 60 s keep-alive, 10 s ack timeout, the
    /// manual's traits.
    pub fn new(host: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 1883,
            tls: false,
            client_id: client_id.into(),
            username: None,
            password: None,
            keepalive: 60,
            clean_session: true,
            will: None,
            ack_timeout: Duration::from_secs(10),
            traits: Firmware::Manual.traits(Model::M5310A.profile()),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("client_id", &self.client_id)
            .field("username", &self.username.as_ref().map(|_| "***"))
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("keepalive", &self.keepalive)
            .field("clean_session", &self.clean_session)
            .field("will", &self.will)
            .field("ack_timeout", &self.ack_timeout)
            .finish_non_exhaustive()
    }
}

/// The message that the broker publishes when the client vanishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientWill {
    /// Topic name, without wildcards.
    pub topic: String,
    /// Payload, at most 65535 bytes.
    pub payload: Vec<u8>,
    /// Quality of service, 0 to 2.
    pub qos: u8,
    /// Whether the broker retains the will.
    pub retain: bool,
}
