//! The answer to `AT+MQTTCFG?`.

use crate::profile::Profile;

/// What the module says it is configured with; the password never is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigReadback {
    /// The broker; `None` when unset.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The client id.
    pub client_id: Option<String>,
    /// Keep-alive in seconds.
    pub keepalive: Option<u16>,
    /// The user name.
    pub username: Option<String>,
    /// Whether a password is set; its text is dropped while parsing.
    pub password_set: bool,
    /// Whether the broker forgets the session.
    pub clean_session: Option<bool>,
    /// Whether TLS is used; `None` when the module does not say.
    pub tls: Option<bool>,
}

impl ConfigReadback {
    /// Reads `+MQTTCFG:...` or `AT+MQTTCFG:...`.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let _ = line;
        todo!()
    }

    /// The line as a module of this profile prints it, password as stars.
    pub fn encode(&self, profile: &Profile) -> String {
        let _ = profile;
        todo!()
    }
}
