//! `AT+MQTTOPEN` (manual 1.2).

use super::MqttCfg;
use crate::argument::ArgumentError;
use crate::profile::Profile;
use crate::qos::QoS;

/// What the CONNECT packet holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MqttOpen {
    /// Send the user name of `AT+MQTTCFG`.
    pub username: bool,
    /// Send the password of `AT+MQTTCFG`.
    pub password: bool,
    /// The message the broker publishes when the connection breaks.
    pub will: Option<Will>,
}

/// A will message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// The topic.
    pub topic: String,
    /// The payload; this command has no hex form, so printable text only.
    pub payload: Vec<u8>,
    /// The quality of service.
    pub qos: QoS,
    /// Whether the broker retains it.
    pub retain: bool,
}

/// The size of the CONNECT packet in bytes.
pub fn connect_packet_size(cfg: &MqttCfg, open: &MqttOpen) -> usize {
    let _ = (cfg, open);
    todo!()
}

/// Checks the CONNECT packet against the module's limit.
pub fn check_connect_packet(
    cfg: &MqttCfg,
    open: &MqttOpen,
    profile: &Profile,
) -> Result<(), ArgumentError> {
    let _ = (cfg, open, profile);
    todo!()
}
