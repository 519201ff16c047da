//! The MQTT connection.

use super::Modem;
use crate::driver::operation::{Connect, Disconnect, Status};
use crate::driver::start_up::seeded;
use crate::session::Session;
use crate::{ConnectOptions, Error, MqttState, Recovery, Secret};

impl Modem {
    /// Configures the module's MQTT client and connects it to the broker.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Connect`](crate::ErrorCode::Connect) with the broker's return code if it refused, [`ErrorCode::Timeout`](crate::ErrorCode::Timeout),
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument), [`ErrorCode::Command`](crate::ErrorCode::Command).
    pub fn connect(&self, options: ConnectOptions) -> Result<(), Error> {
        self.run(Connect(options))
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
        self.run(Disconnect)
    }

    /// Asks the module for the state of its MQTT client.
    pub fn status(&self) -> Result<MqttState, Error> {
        self.run(Status)
    }

    /// The state of the MQTT connection as far as it is known here; nothing is sent.
    pub fn mqtt_state(&self) -> MqttState {
        self.engine().with_session(Session::mqtt_state)
    }

    /// Whether the broker had kept the client's session when it accepted the last connection, without
    /// asking the module: `Some(false)` with a clean session, and `None` if the module did not report it.
    pub fn session_present(&self) -> Option<bool> {
        self.engine().with_session(Session::session_present)
    }

    /// The longest payload in bytes that can be published to a topic with any QoS: bytes of every kind if
    /// `binary`, or else plain text without `"` and `\`, which takes half the room on the line.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument) if the topic is wrong.
    pub fn max_payload(&self, topic: &str, binary: bool) -> Result<usize, Error> {
        self.engine()
            .with_session(|session| session.max_payload(topic, binary))
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
}
