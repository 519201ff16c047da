//! `AT+MQTTCFG` (manual 1.1).

use std::fmt;

use super::decode::{DecodeError, flag_of, number_of, text_of};
use crate::command_line::{
    ArgumentError, CommandLine, check_client_id, check_host, check_port, check_quotable, shown_host,
};
use crate::fields::Fields;
use crate::profile::{CfgFields, Profile};

/// The parameters of the connection.
#[derive(Clone, PartialEq, Eq)]
pub struct MqttCfg {
    /// Name or address of the broker.
    pub host: String,
    /// Its port, 1 to 65535.
    pub port: u16,
    /// The client id, not empty.
    pub client_id: String,
    /// Seconds between two pings of an idle connection, 0 to 65535; 0 is off.
    pub keepalive: u16,
    /// The user name, if the broker wants one; an empty field on the wire when `None`.
    pub username: Option<String>,
    /// The password, if the broker wants one; an empty field on the wire when `None`.
    pub password: Option<Secret>,
    /// Whether the broker forgets the session.
    pub clean_session: bool,
    /// Whether the module uses TLS; the M5310-A cannot (manual 1.1).
    pub tls: bool,
}

impl MqttCfg {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let host = text_of(fields.next(), "host")?;
        let port = number_of(fields.next(), "port")?;
        let client_id = text_of(fields.next(), "client id")?;
        let keepalive = number_of(fields.next(), "keep-alive")?;
        let username = text_of(fields.next(), "user name")?;
        let password = text_of(fields.next(), "password")?;
        let clean_session = flag_of(fields.next(), "clean session")?;
        let tls = match fields.next() {
            None => false,
            some => flag_of(some, "encrypt")?,
        };
        // The ninth field of the ML302 has no public meaning.
        let _ninth = fields.next();
        if !fields.is_done() {
            return Err(DecodeError::Malformed("AT+MQTTCFG takes 7 to 9 fields"));
        }
        // An empty host passes: the module finds out when it asks for its address.
        if port == 0 || client_id.is_empty() {
            return Err(DecodeError::Malformed(
                "port and client id may not be empty",
            ));
        }
        Ok(Self {
            host,
            port,
            client_id,
            keepalive,
            username: Some(username).filter(|text| !text.is_empty()),
            password: Some(password)
                .filter(|text| !text.is_empty())
                .map(Secret::new),
            clean_session,
            tls,
        })
    }

    pub(super) fn encode(&self, profile: &Profile) -> Result<CommandLine, ArgumentError> {
        check_host(&self.host)?;
        check_port(self.port)?;
        check_client_id(&self.client_id)?;
        if self.tls && !profile.encrypt_field {
            return Err(ArgumentError::NotSupported {
                what: "TLS",
                model: profile.model,
            });
        }
        let username = self.username.as_deref().unwrap_or_default();
        let password = self
            .password
            .as_ref()
            .map(Secret::expose)
            .unwrap_or_default();
        check_quotable("user name", username.as_bytes())?;
        check_quotable("password", password.as_bytes())?;

        let mut line = CommandLine::new("AT+MQTTCFG=");
        line.quoted("host", self.host.as_bytes())?
            .number(self.port)
            .quoted("client id", self.client_id.as_bytes())?
            .number(self.keepalive)
            .quoted("user name", username.as_bytes())?
            .quoted("password", password.as_bytes())?
            .flag(self.clean_session);
        match profile.cfg_fields {
            CfgFields::Seven => {}
            CfgFields::Eight => {
                line.flag(self.tls);
            }
            CfgFields::Nine => {
                line.flag(self.tls).flag(false);
            }
        }
        Ok(line)
    }
}

impl fmt::Debug for MqttCfg {
    /// Without the password, and without a host that may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttCfg")
            .field("host", &shown_host(&self.host))
            .field("port", &self.port)
            .field("client_id", &self.client_id)
            .field("keepalive", &self.keepalive)
            .field("username", &self.username)
            .field("password", &self.password)
            .field("clean_session", &self.clean_session)
            .field("tls", &self.tls)
            .finish()
    }
}

/// A text that never shows in `Debug`.
///
/// ```
/// use m531x_at::command::Secret;
///
/// let password = Secret::new("hunter2");
/// assert_eq!(format!("{password:?}"), "***");
/// assert_eq!(password.expose(), "hunter2");
/// ```
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
