//! `AT+MQTTPUB` (manual 1.5).

use super::Command;
use super::decode::{DecodeError, flag_of, qos_of, text_of};
use crate::command_line::{ArgumentError, CommandLine, check_length, check_topic_name};
use crate::fields::{Fields, trim_start, unquote};
use crate::hex;
use crate::profile::{Profile, PubFields};
use crate::qos::QoS;
use crate::topic;

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

impl MqttPub {
    /// Reads six fields, or the five that manuals before 1.4 and the ML302 have.
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let topic = text_of(fields.next(), "topic")?;
        let qos = qos_of(fields.next(), "QoS")?;
        let retain = flag_of(fields.next(), "retain")?;
        flag_of(fields.next(), "dup")?;
        let payload = decode_message(fields)?;
        if topic::validate_name(topic.as_bytes(), usize::MAX).is_err() {
            return Err(DecodeError::Malformed("topic"));
        }
        Ok(Self {
            topic,
            qos,
            retain,
            payload,
        })
    }

    pub(super) fn encode(&self, profile: &Profile) -> Result<CommandLine, ArgumentError> {
        check_topic_name("topic", &self.topic, profile.topic_limit)?;
        check_length(
            "the PUBLISH packet of topic and payload",
            publish_packet_size(self.topic.as_bytes(), self.payload.len(), self.qos),
            profile.publish_limit,
        )?;

        let mut line = CommandLine::new("AT+MQTTPUB=");
        // The module forces dup to 0, independent of the sent value (manual 1.5).
        line.quoted("topic", self.topic.as_bytes())?
            .number(u8::from(self.qos))
            .flag(self.retain)
            .flag(false);
        match (profile.pub_fields, is_plain(&self.payload)) {
            (PubFields::Six, true) => {
                line.number(0u8).quoted("payload", &self.payload)?;
            }
            // The length counts bytes, not digits: manual 1.5 says "1 is hex" but its every
            // example and every capture give the number of bytes.
            (PubFields::Six, false) => {
                line.number(self.payload.len() as u64).hex(&self.payload);
            }
            (PubFields::Five, true) => {
                line.quoted("payload", &self.payload)?;
            }
            (PubFields::Five, false) => {
                let what = "payloads other than plain ASCII text without \" and \\";
                return Err(ArgumentError::NotSupported {
                    what,
                    model: profile.model,
                });
            }
        }
        Ok(line)
    }
}

/// The size in bytes of the PUBLISH packet that a module makes of a message (MQTT 3.1.1, 3.3).
///
/// ```
/// use m531x_at::command::{QoS, publish_packet_size};
///
/// // Fixed header 2, topic 2 + 3, payload 5; QoS 1 adds the packet id.
/// assert_eq!(publish_packet_size(b"pyr", 5, QoS::AtMostOnce), 12);
/// assert_eq!(publish_packet_size(b"pyr", 5, QoS::AtLeastOnce), 14);
/// ```
pub fn publish_packet_size(topic: &[u8], payload_len: usize, qos: QoS) -> usize {
    let packet_id = if qos == QoS::AtMostOnce { 0 } else { 2 };
    with_fixed_header((2 + packet_id + topic.len()).saturating_add(payload_len))
}

/// The longest payload in bytes that can be published to a topic with any QoS: bytes of every kind if
/// `binary`, or else plain text, which takes half the room on the line.
///
/// ```
/// use m531x_at::command::max_payload;
/// use m531x_at::profile::Model;
///
/// let profile = Model::M5310A.profile();
/// assert_eq!(max_payload(profile, "meter/17", true), Ok(495));
/// assert_eq!(max_payload(profile, "meter/17", false), Ok(991));
/// ```
///
/// # Errors
///
/// The topic is wrong, or the model publishes no such payload.
pub fn max_payload(profile: &Profile, topic: &str, binary: bool) -> Result<usize, ArgumentError> {
    let check = |length: usize| {
        let publish = MqttPub {
            topic: topic.to_owned(),
            qos: QoS::ExactlyOnce,
            retain: false,
            payload: vec![if binary { 0 } else { b'a' }; length],
        };
        Command::MqttPub(publish).encode(profile).map(drop)
    };
    check(usize::from(binary))?;
    let (mut fits, mut too_long) = (0, profile.publish_limit.max(profile.line_limit));
    while too_long - fits > 1 {
        let length = usize::midpoint(fits, too_long);
        if check(length).is_ok() {
            fits = length;
        } else {
            too_long = length;
        }
    }
    Ok(fits)
}

/// Adds the packet's type byte and its remaining length, seven bits a byte (MQTT 3.1.1, 2.2).
pub(super) fn with_fixed_header(remaining: usize) -> usize {
    let length_bytes = match remaining {
        0..128 => 1,
        128..16_384 => 2,
        16_384..2_097_152 => 3,
        _ => 4,
    };
    remaining.saturating_add(1 + length_bytes)
}

/// Whether the payload can stand as text: printable ASCII, no quote, and no backslash, which some
/// AT parsers take for an escape.
fn is_plain(payload: &[u8]) -> bool {
    payload
        .iter()
        .all(|&byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}

fn decode_message(mut fields: Fields<'_>) -> Result<Vec<u8>, DecodeError> {
    const MISSING: DecodeError = DecodeError::Malformed("AT+MQTTPUB takes 6 fields");
    let rest = trim_start(fields.rest().ok_or(MISSING)?);
    let length = fields.next().ok_or(MISSING)?;
    if length.quoted {
        return Ok(unquote(rest).to_vec());
    }
    let declared = length.number().ok_or(MISSING)?;
    // The message is the last field and may hold commas; quotes around it are optional.
    let message = unquote(fields.rest().ok_or(MISSING)?);
    if declared == 0 {
        return Ok(message.to_vec());
    }
    let bytes = hex::decode(message).map_err(|_| DecodeError::Malformed("hex digits"))?;
    if bytes.len() as u64 != u64::from(declared) {
        return Err(DecodeError::Malformed(
            "the length is not the number of bytes",
        ));
    }
    Ok(bytes)
}
