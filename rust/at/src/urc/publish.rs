//! `+MQTTPUBLISH`.

use crate::qos::QoS;

/// A message from the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Sent before.
    pub dup: bool,
    /// Quality of service.
    pub qos: QoS,
    /// A retained message.
    pub retain: bool,
    /// The packet id, 0 for QoS 0.
    pub packet_id: u16,
    /// The topic name.
    pub topic: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
    /// Fewer bytes came than were declared.
    pub truncated: bool,
    /// Topic and payload could be split in more than one way.
    pub ambiguous: bool,
}
