//! `+MQTTPUBLISH` (manual 1.11).

use super::{append_number, start};
use crate::profile::{Profile, TopicQuoting};
use crate::qos::QoS;

/// A message from the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// The broker sent it before.
    pub dup: bool,
    /// Quality of service.
    pub qos: QoS,
    /// The broker kept it from before the subscription.
    pub retain: bool,
    /// The packet id, 0 for QoS 0.
    pub packet_id: u16,
    /// The topic name, without quotes.
    pub topic: &'a [u8],
    /// The payload, exactly its bytes.
    pub payload: &'a [u8],
    /// Fewer bytes came than were declared.
    pub truncated: bool,
    /// Topic and payload could be split in more than one way.
    pub ambiguous: bool,
}

impl Publish<'_> {
    /// Appends the message as a module of this profile prints it, CR LF behind it.
    pub(super) fn encode(&self, profile: &Profile, out: &mut Vec<u8>) {
        start("+MQTTPUBLISH", profile, out);
        let numbers = [
            u32::from(self.dup),
            u32::from(u8::from(self.qos)),
            u32::from(self.retain),
            u32::from(self.packet_id),
        ];
        for number in numbers {
            append_number(number, out);
            out.push(b',');
        }
        let quote: &[u8] = match profile.publish_topic {
            TopicQuoting::Quoted => b"\"",
            TopicQuoting::Bare | TopicQuoting::Either => b"",
        };
        out.extend_from_slice(quote);
        out.extend_from_slice(self.topic);
        out.extend_from_slice(quote);
        out.push(b',');
        // A payload is at most what one MQTT packet holds (268 435 455 bytes), so it fits.
        append_number(u32::try_from(self.payload.len()).unwrap_or(u32::MAX), out);
        out.push(b',');
        out.extend_from_slice(self.payload);
        out.extend_from_slice(b"\r\n");
    }
}
