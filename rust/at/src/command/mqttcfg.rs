//! `AT+MQTTCFG` (manual 1.1).

use std::fmt;

/// The parameters of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttCfg {
    /// Name or address of the broker.
    pub host: String,
    /// Its port, 1 to 65535.
    pub port: u16,
    /// The client id.
    pub client_id: String,
    /// Seconds between two pings of an idle connection; 0 is off.
    pub keepalive: u16,
    /// The user name, if the broker wants one.
    pub username: Option<String>,
    /// The password, if the broker wants one.
    pub password: Option<Secret>,
    /// Whether the broker forgets the session.
    pub clean_session: bool,
    /// Whether the module uses TLS.
    pub tls: bool,
}

/// A text that never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
