//! `AT+MQTTTO` (manual 1.9).

/// The ack timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MqttTo {
    /// Seconds, at least 1; the module starts with 10.
    pub seconds: u16,
}
