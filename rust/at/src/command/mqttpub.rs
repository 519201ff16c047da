//! `AT+MQTTPUB` (manual 1.5).

use crate::qos::QoS;

/// A message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttPub {
    /// The topic name.
    pub topic: String,
    /// The quality of service.
    pub qos: QoS,
    /// Whether the broker retains it.
    pub retain: bool,
    /// Any bytes.
    pub payload: Vec<u8>,
}

/// The size of the PUBLISH packet in bytes.
pub fn publish_packet_size(topic: &[u8], payload_len: usize, qos: QoS) -> usize {
    let _ = (topic, payload_len, qos);
    todo!()
}
