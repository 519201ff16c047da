use std::fmt;

/// The state of the MQTT connection, as the module's URCs tell it.
///
/// The `OK` to a command changes nothing here: it says that the module accepted the command, not
/// that the broker answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum MqttState {
    /// No client is configured, or nothing is known yet.
    #[default]
    Off = 0,
    /// A client is configured and not connected.
    Configured = 1,
    /// The connection is being made.
    Connecting = 2,
    /// The broker has accepted the connection.
    Connected = 3,
    /// The connection broke and the module is trying to make it again by itself.
    ModuleReconnecting = 4,
    /// The connection is gone and nobody is making it again.
    Lost = 5,
}

impl MqttState {
    /// Every state, by number.
    pub const ALL: &'static [Self] = &[
        Self::Off,
        Self::Configured,
        Self::Connecting,
        Self::Connected,
        Self::ModuleReconnecting,
        Self::Lost,
    ];

    /// The state in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Configured => "configured",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::ModuleReconnecting => "module reconnecting",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for MqttState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
