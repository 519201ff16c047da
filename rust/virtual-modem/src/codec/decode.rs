//! Bytes to packets.

use std::sync::Arc;

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{
    PacketBuildResult, PacketBuilder, PacketData, RawPacket,
};
use mqtt_protocol_core::mqtt::packet::v3_1_1;
use mqtt_protocol_core::mqtt::result_code::MqttError;

use super::{CodecError, Connect, Packet, Publish, Will, is_topic_filter, is_topic_name};

/// Splits a byte stream into packets.
pub(crate) struct Decoder {
    builder: PacketBuilder,
    limit: u32,
    tolerant: bool,
    input: Vec<u8>,
    consumed: usize,
    /// The bytes of the packet that is not complete yet.
    partial: Vec<u8>,
}

impl Decoder {
    /// `limit` is the size of the largest packet in bytes.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            builder: PacketBuilder::with_maximum_packet_size(limit),
            limit,
            tolerant: false,
            input: Vec::new(),
            consumed: 0,
            partial: Vec::new(),
        }
    }

    /// Passes over packets of unknown types, and takes 0 for a packet id.
    pub(crate) fn tolerant(mut self, tolerant: bool) -> Self {
        self.tolerant = tolerant;
        self
    }

    /// Adds received bytes; take packets until there is none before feeding more.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.input.drain(..self.consumed);
        self.consumed = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The next complete packet. After an error the stream cannot be trusted any further.
    pub(crate) fn next_packet(&mut self) -> Result<Option<Packet>, CodecError> {
        loop {
            let unread = &self.input[self.consumed..];
            let mut cursor = Cursor::new(unread);
            let result = self.builder.feed(&mut cursor);
            let read = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
            let read = read.min(unread.len());
            self.partial.extend_from_slice(&unread[..read]);
            self.consumed += read;
            match result {
                PacketBuildResult::Complete(raw) => {
                    self.partial.clear();
                    if self.tolerant && raw.packet_type() == RESERVED {
                        continue;
                    }
                    return parse(raw, self.tolerant).map(Some);
                }
                PacketBuildResult::Incomplete => return Ok(None),
                PacketBuildResult::Error(MqttError::PacketTooLarge) => {
                    return Err(CodecError::TooLarge { limit: self.limit });
                }
                PacketBuildResult::Error(_) => {
                    return Err(CodecError::Malformed("remaining length"));
                }
            }
        }
    }

    /// How many bytes of a packet have come that is not complete.
    pub(crate) fn partial_len(&self) -> usize {
        // The builder has them as well.
        2 * self.partial.len()
    }

    /// The PUBLISH of which a part has come, its header at least, and how many bytes are missing.
    pub(crate) fn partial_publish(&self) -> Option<(Publish, usize)> {
        let first = *self.partial.first()?;
        if first >> 4 != 3 {
            return None;
        }
        let digits = 1 + self.partial[1..].iter().position(|byte| *byte < 0x80)?;
        let length = self.partial[1..=digits]
            .iter()
            .rev()
            .fold(0, |length, digit| length << 7 | usize::from(digit & 0x7f));
        let body = &self.partial[digits + 1..];
        let missing = length.checked_sub(body.len()).filter(|left| *left > 0)?;
        let topic_end = 2 + usize::from(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
        let topic = std::str::from_utf8(body.get(2..topic_end)?).ok()?;
        let qos = first >> 1 & 3;
        let (packet_id, payload) = if qos == 0 {
            (0, body.get(topic_end..)?)
        } else {
            let id = body.get(topic_end..topic_end + 2)?;
            (
                u16::from_be_bytes([*id.first()?, *id.last()?]),
                body.get(topic_end + 2..)?,
            )
        };
        let publish = Publish {
            dup: first & 8 != 0,
            qos,
            retain: first & 1 != 0,
            packet_id,
            topic: topic_name(topic).ok()?.into(),
            payload: payload.into(),
        };
        Some((publish, missing))
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The packet type that MQTT 3.1.1 leaves unused.
const RESERVED: u8 = 15;

fn parse(raw: RawPacket, tolerant: bool) -> Result<Packet, CodecError> {
    let kind = raw.packet_type();
    let expected_flags = match kind {
        3 => raw.flags(),
        6 | 8 | 10 => 0b0010,
        _ => 0,
    };
    if raw.flags() != expected_flags {
        return Err(CodecError::Malformed("packet flags"));
    }
    let body = raw.data_as_slice();
    match kind {
        1 => connect(body),
        2 => conn_ack(body),
        3 => publish(raw, tolerant),
        4 => packet_id(body, "PUBACK", tolerant).map(Packet::PubAck),
        5 => packet_id(body, "PUBREC", tolerant).map(Packet::PubRec),
        6 => packet_id(body, "PUBREL", tolerant).map(Packet::PubRel),
        7 => packet_id(body, "PUBCOMP", tolerant).map(Packet::PubComp),
        8 => subscribe(body, tolerant),
        9 => sub_ack(body, tolerant),
        10 => unsubscribe(body, tolerant),
        11 => packet_id(body, "UNSUBACK", tolerant).map(Packet::UnsubAck),
        12 => empty(body, "PINGREQ", Packet::PingReq),
        13 => empty(body, "PINGRESP", Packet::PingResp),
        14 => empty(body, "DISCONNECT", Packet::Disconnect),
        _ => Err(CodecError::Malformed("packet type")),
    }
}

fn connect(body: &[u8]) -> Result<Packet, CodecError> {
    const WHAT: CodecError = CodecError::Malformed("CONNECT");
    let (parsed, consumed) = v3_1_1::Connect::parse(body).map_err(|error| match error {
        MqttError::UnsupportedProtocolVersion => CodecError::UnsupportedVersion,
        _ => WHAT,
    })?;
    // The flags stand after name and level; the codec reads them without judging them.
    let flags = *body.get(7).ok_or(WHAT)?;
    let will_qos = (flags >> 3) & 3;
    let will_fields_without_will = flags & 0b100 == 0 && flags & 0b0011_1000 != 0;
    if consumed != body.len() || flags & 1 != 0 || will_qos == 3 || will_fields_without_will {
        return Err(WHAT);
    }
    let will = match (parsed.will_topic(), parsed.will_payload()) {
        (Some(topic), Some(payload)) => Some(Will {
            topic: topic_name(topic)?.to_owned(),
            payload: payload.to_vec(),
            qos: will_qos,
            retain: parsed.will_retain(),
        }),
        _ => None,
    };
    if parsed.client_id().contains('\0') {
        return Err(WHAT);
    }
    Ok(Packet::Connect(Box::new(Connect {
        client_id: parsed.client_id().to_owned(),
        clean_session: parsed.clean_session(),
        keepalive: parsed.keep_alive(),
        will,
        username: parsed.user_name().map(str::to_owned),
        password: parsed.password().map(<[u8]>::to_vec),
    })))
}

fn conn_ack(body: &[u8]) -> Result<Packet, CodecError> {
    match *body {
        [flags @ 0..=1, _] => {
            let (parsed, _) =
                v3_1_1::Connack::parse(body).map_err(|_| CodecError::Malformed("CONNACK"))?;
            Ok(Packet::ConnAck {
                session_present: flags == 1,
                code: parsed.return_code() as u8,
            })
        }
        _ => Err(CodecError::Malformed("CONNACK")),
    }
}

fn publish(raw: RawPacket, tolerant: bool) -> Result<Packet, CodecError> {
    let flags = raw.flags();
    let body = match raw.data {
        PacketData::Publish(body) => body,
        PacketData::Normal(body) => Arc::from(body),
    };
    let (parsed, _) =
        v3_1_1::Publish::parse(flags, body).map_err(|_| CodecError::Malformed("PUBLISH"))?;
    let qos = parsed.qos() as u8;
    let packet_id = parsed.packet_id().unwrap_or(0);
    if (qos > 0 && packet_id == 0 && !tolerant) || (qos == 0 && parsed.dup()) {
        return Err(CodecError::Malformed("PUBLISH"));
    }
    Ok(Packet::Publish(Publish {
        dup: parsed.dup(),
        qos,
        retain: parsed.retain(),
        packet_id,
        topic: topic_name(parsed.topic_name())?.into(),
        payload: parsed.payload().as_slice().into(),
    }))
}

fn subscribe(body: &[u8], tolerant: bool) -> Result<Packet, CodecError> {
    const WHAT: CodecError = CodecError::Malformed("SUBSCRIBE");
    let (parsed, _) = v3_1_1::Subscribe::parse(body).map_err(|_| WHAT)?;
    let filters = parsed
        .entries()
        .iter()
        .map(|entry| {
            let qos = entry.sub_opts().to_buffer()[0];
            if qos > 2 || !is_topic_filter(entry.topic_filter()) {
                return Err(WHAT);
            }
            Ok((entry.topic_filter().to_owned(), qos))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Packet::Subscribe {
        packet_id: nonzero(parsed.packet_id(), "SUBSCRIBE", tolerant)?,
        filters,
    })
}

fn sub_ack(body: &[u8], tolerant: bool) -> Result<Packet, CodecError> {
    let (parsed, _) = v3_1_1::Suback::parse(body).map_err(|_| CodecError::Malformed("SUBACK"))?;
    Ok(Packet::SubAck {
        packet_id: nonzero(parsed.packet_id(), "SUBACK", tolerant)?,
        codes: parsed
            .return_codes()
            .iter()
            .map(|&code| code as u8)
            .collect(),
    })
}

fn unsubscribe(body: &[u8], tolerant: bool) -> Result<Packet, CodecError> {
    const WHAT: CodecError = CodecError::Malformed("UNSUBSCRIBE");
    let (parsed, _) = v3_1_1::Unsubscribe::parse(body).map_err(|_| WHAT)?;
    let filters: Vec<String> = parsed
        .entries()
        .iter()
        .map(|filter| filter.as_str().to_owned())
        .collect();
    if !filters.iter().all(|filter| is_topic_filter(filter)) {
        return Err(WHAT);
    }
    Ok(Packet::Unsubscribe {
        packet_id: nonzero(parsed.packet_id(), "UNSUBSCRIBE", tolerant)?,
        filters,
    })
}

fn packet_id(body: &[u8], what: &'static str, tolerant: bool) -> Result<u16, CodecError> {
    match *body {
        [high, low] => nonzero(u16::from_be_bytes([high, low]), what, tolerant),
        _ => Err(CodecError::Malformed(what)),
    }
}

fn nonzero(packet_id: u16, what: &'static str, tolerant: bool) -> Result<u16, CodecError> {
    if packet_id == 0 && !tolerant {
        return Err(CodecError::Malformed(what));
    }
    Ok(packet_id)
}

fn empty(body: &[u8], what: &'static str, packet: Packet) -> Result<Packet, CodecError> {
    if !body.is_empty() {
        return Err(CodecError::Malformed(what));
    }
    Ok(packet)
}

fn topic_name(name: &str) -> Result<&str, CodecError> {
    if !is_topic_name(name) {
        return Err(CodecError::Malformed("topic name"));
    }
    Ok(name)
}
