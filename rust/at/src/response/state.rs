//! The answer to `AT+MQTTSTAT?` (manual 1.3; 7 from firmware).

use super::{line, small_numbers};
use crate::fields::value;
use crate::profile::Profile;

const NAME: &str = "+MQTTSTAT";

/// The state of the module's MQTT client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MqttStat {
    /// 0: not initialised.
    NotInitialised,
    /// 1: initialised, that is configured.
    Initialised,
    /// 2: disconnected.
    Disconnected,
    /// 3: CONNECT sent.
    ConnectSent,
    /// 4: the module reconnects by itself.
    Reconnecting,
    /// 5: connected.
    Connected,
    /// 6: TCP is connecting.
    TcpConnecting,
    /// 7: TCP is connected (in firmware, not in the manual).
    TcpConnected,
    /// Any other number.
    Other(u8),
}

impl MqttStat {
    /// Reads `+MQTTSTAT:n`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let ([number], _) = small_numbers(value(text, NAME)?)?;
        Some(number.into())
    }

    /// The line as a module of this profile prints it.
    pub fn encode(self, profile: &Profile) -> String {
        line(NAME, u8::from(self), profile)
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
