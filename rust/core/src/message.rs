use std::time::SystemTime;

use m531x_at::command::QoS;

/// A publish that arrived from the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The topic; bytes that are not UTF-8 are replaced.
    pub topic: String,
    /// Exactly the bytes that arrived (decoded if the subscription asked for hex delivery).
    pub payload: Vec<u8>,
    /// The quality of service of this delivery.
    pub qos: QoS,
    /// Whether the broker sent it because it was retained.
    pub retain: bool,
    /// Whether the broker sent it again.
    pub dup: bool,
    /// The packet id; 0 for QoS 0.
    pub packet_id: u16,
    /// When it arrived, by the host's clock. The session leaves it at the epoch; the driver stamps
    /// it.
    pub timestamp: SystemTime,
    /// Whether fewer bytes arrived than the module declared.
    pub truncated: bool,
    /// Whether the boundary between topic and payload could not be determined.
    pub ambiguous: bool,
}

impl Message {
    /// The payload as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.payload)
    }
}
