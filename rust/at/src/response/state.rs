//! The answer to `AT+MQTTSTAT?`.

use crate::profile::Profile;

/// The state of the module's MQTT client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MqttStat {
    /// 0.
    NotInitialised,
    /// 1: configured.
    Initialised,
    /// 2.
    Disconnected,
    /// 3: CONNECT sent.
    ConnectSent,
    /// 4: the module reconnects.
    Reconnecting,
    /// 5.
    Connected,
    /// 6.
    TcpConnecting,
    /// 7 (firmware only).
    TcpConnected,
    /// Any other number.
    Other(u8),
}

impl MqttStat {
    /// Reads `+MQTTSTAT:n`.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let _ = line;
        todo!()
    }

    /// The line as a module of this profile prints it.
    pub fn encode(self, profile: &Profile) -> String {
        let _ = profile;
        todo!()
    }
}

impl From<u8> for MqttStat {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::NotInitialised,
            1 => Self::Initialised,
            2 => Self::Disconnected,
            3 => Self::ConnectSent,
            4 => Self::Reconnecting,
            5 => Self::Connected,
            6 => Self::TcpConnecting,
            7 => Self::TcpConnected,
            other => Self::Other(other),
        }
    }
}

impl From<MqttStat> for u8 {
    fn from(stat: MqttStat) -> Self {
        match stat {
            MqttStat::NotInitialised => 0,
            MqttStat::Initialised => 1,
            MqttStat::Disconnected => 2,
            MqttStat::ConnectSent => 3,
            MqttStat::Reconnecting => 4,
            MqttStat::Connected => 5,
            MqttStat::TcpConnecting => 6,
            MqttStat::TcpConnected => 7,
            MqttStat::Other(other) => other,
        }
    }
}
