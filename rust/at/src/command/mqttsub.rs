//! `AT+MQTTSUB` (manual 1.4).

use crate::qos::QoS;

/// A subscription to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttSub {
    /// The topic filter.
    pub filter: String,
    /// The highest quality of service wanted.
    pub qos: QoS,
    /// Deliver payloads as hex digits (M5311 only).
    pub hex: bool,
}
