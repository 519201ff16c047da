//! The MQTT connection.

use super::Modem;
use crate::driver::Pending;
use crate::driver::convert::{config, done, state};
use crate::driver::start_up::seeded;
use crate::session::{RequestKind, Session};
use crate::{ConfigReadback, ConnectOptions, Error, MqttState, Recovery, Secret};

impl Modem {
    /// Configures the module's MQTT client and connects it to the broker.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Connect`](crate::ErrorCode::Connect) with the broker's return code if it refused, [`ErrorCode::Timeout`](crate::ErrorCode::Timeout),
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument), [`ErrorCode::Command`](crate::ErrorCode::Command).
    pub fn connect(&self, options: ConnectOptions) -> Result<(), Error> {
        self.run(RequestKind::Connect(options).into(), done)
    }

    /// Begins to [`connect`](Self::connect).
    pub fn start_connect(&self, options: ConnectOptions) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Connect(options).into(), done)
    }

    /// Answers the event [`PasswordWanted`](crate::EventKind::PasswordWanted), whose value is `number`,
    /// with a password or the reason why there is none; `None` answers any question. Returns
    /// whether a connect waits for it.
    ///
    /// ```
    /// # use m531x_core::{Error, ErrorCode, EventKind, Incoming, Modem, Secret};
    /// # fn token() -> Option<String> { None }
    /// # fn answer(modem: &Modem, incoming: &Incoming) {
    /// if let Incoming::Event(event) = incoming {
    ///     if event.kind == EventKind::PasswordWanted {
    ///         let none = || Error::new(ErrorCode::Connect, "the token server is away");
    ///         let password = token().map(Secret::new).ok_or_else(none);
    ///         modem.set_password(u64::try_from(event.value).ok(), password);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn set_password(&self, number: Option<u64>, password: Result<Secret, Error>) -> bool {
        self.engine().set_password(number, password)
    }

    /// Ends the MQTT connection; the client stays configured.
    pub fn disconnect(&self) -> Result<(), Error> {
        self.run(RequestKind::Disconnect.into(), done)
    }

    /// Begins to [`disconnect`](Self::disconnect).
    pub fn start_disconnect(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Disconnect.into(), done)
    }

    /// Removes the configured client from the module.
    pub fn delete(&self) -> Result<(), Error> {
        self.run(RequestKind::Delete.into(), done)
    }

    /// Begins to [`delete`](Self::delete).
    pub fn start_delete(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Delete.into(), done)
    }

    /// Asks the module for the state of its MQTT client.
    pub fn status(&self) -> Result<MqttState, Error> {
        self.run(RequestKind::Status.into(), state)
    }

    /// Begins to ask for the [`status`](Self::status).
    pub fn start_status(&self) -> Result<Pending<MqttState>, Error> {
        self.start(RequestKind::Status.into(), state)
    }

    /// The state of the MQTT connection as far as it is known here; nothing is sent.
    pub fn mqtt_state(&self) -> MqttState {
        self.engine().with_session(Session::mqtt_state)
    }

    /// Reads the configuration of the module's MQTT client back.
    pub fn config(&self) -> Result<ConfigReadback, Error> {
        self.run(RequestKind::Config.into(), config)
    }

    /// Begins to read the [`config`](Self::config).
    pub fn start_config(&self) -> Result<Pending<ConfigReadback>, Error> {
        self.start(RequestKind::Config.into(), config)
    }

    /// Changes whether and how a lost connection, or a port that vanished, is made again; at once.
    ///
    /// Turned off while one is being made, that ends, and what waits for it fails.
    ///
    /// # Errors
    ///
    /// As for [`Recovery::check`]; nothing was changed then.
    pub fn set_recovery(&self, recovery: Recovery) -> Result<(), Error> {
        recovery.check()?;
        self.engine().set_recovery(&seeded(recovery));
        Ok(())
    }

    /// Sets how long the module waits for an acknowledgement of the broker, in seconds.
    pub fn set_ack_timeout(&self, seconds: u16) -> Result<(), Error> {
        self.run(RequestKind::SetAckTimeout(seconds).into(), done)
    }

    /// Begins to [`set_ack_timeout`](Self::set_ack_timeout).
    pub fn start_set_ack_timeout(&self, seconds: u16) -> Result<Pending<()>, Error> {
        self.start(RequestKind::SetAckTimeout(seconds).into(), done)
    }

    /// Turns the event for every answered keep-alive ping on or off.
    pub fn set_ping_report(&self, report: bool) -> Result<(), Error> {
        self.run(RequestKind::SetPingReport(report).into(), done)
    }

    /// Begins to [`set_ping_report`](Self::set_ping_report).
    pub fn start_set_ping_report(&self, report: bool) -> Result<Pending<()>, Error> {
        self.start(RequestKind::SetPingReport(report).into(), done)
    }
}
