//! `AT+MQTTREC` (undocumented; seen in host programs).

/// Whether the module reconnects by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MqttRec {
    /// Reconnect by itself.
    pub enabled: bool,
}
