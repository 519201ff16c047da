//! `AT+MQTTPING` (manual 1.10).

/// Whether `+MQTTPINGRSP` is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MqttPing {
    /// Print it.
    pub report: bool,
}
