//! What a connection to a cloud needs.

use std::sync::Arc;
use std::time::SystemTime;

use m531x_at::command::{MqttCfg, MqttOpen, connect_packet_size};
use m531x_at::profile::Model;

use super::invalid;
use super::rules::Rules;
use crate::{AskPassword, ConnectOptions, Error, Secret};

/// A login; clones are the same one.
#[derive(Clone, Debug)]
pub struct Login(Arc<Rules>);

impl Login {
    pub(super) fn new(rules: Rules) -> Self {
        Self(Arc::new(rules))
    }

    /// The broker of the cloud.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.0.username
    }

    /// A fresh password.
    pub fn password(&self) -> Secret {
        self.password_at(SystemTime::now())
    }

    /// A password that is fresh at this time.
    pub fn password_at(&self, now: SystemTime) -> Secret {
        self.0.password(now)
    }

    /// The bytes of the CONNECT packet without a will.
    pub fn size(&self) -> usize {
        let cfg = MqttCfg {
            host: self.0.host.clone(),
            port: 1883,
            client_id: self.0.client_id.clone(),
            keepalive: 60,
            username: Some(self.0.username.clone()),
            password: Some(self.password()),
            clean_session: true,
            tls: false,
        };
        let open = MqttOpen {
            username: true,
            password: true,
            will: None,
        };
        connect_packet_size(&cfg, &open)
    }

    /// Refuses a login that is longer than this, or than what the modules take: 256 bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument), with both sizes.
    pub fn check_size(&self, limit: Option<usize>) -> Result<(), Error> {
        let limit = limit.unwrap_or_else(|| Model::M5310A.profile().connect_limit);
        let size = self.size();
        if size <= limit {
            return Ok(());
        }
        Err(invalid(format!(
            "the CONNECT packet has {size} bytes and the module takes {limit}: use a shorter device name, or sha1 \
             as the hash function"
        )))
    }

    /// Options that connect with it, and with a fresh password at each connection and recovery.
    pub fn connect_options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new(self.host(), self.client_id());
        options.username = Some(self.username().to_owned());
        options.ask_password = Some(self.ask_password());
        options
    }

    /// The function that makes the passwords.
    pub fn ask_password(&self) -> AskPassword {
        let login = self.clone();
        AskPassword::with(move || Ok(login.password()))
    }
}
