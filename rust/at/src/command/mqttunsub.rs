//! `AT+MQTTUNSUB` (manual 1.6).

/// A subscription to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttUnsub {
    /// The topic filter.
    pub filter: String,
}
