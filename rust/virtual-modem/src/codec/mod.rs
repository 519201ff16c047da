//! MQTT 3.1.1 packets, both roles: `mqtt-protocol-core`'s codec with the checks it leaves to its
//! caller (reserved bits, trailing bytes, names and filters), in the few types we need.

mod decode;
mod encode;

use std::fmt;
use std::sync::Arc;

pub(crate) use decode::Decoder;
use m531x_at::topic;

/// One control packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    Connect(Box<Connect>),
    ConnAck {
        session_present: bool,
        code: u8,
    },
    Publish(Publish),
    PubAck(u16),
    PubRec(u16),
    PubRel(u16),
    PubComp(u16),
    Subscribe {
        packet_id: u16,
        filters: Vec<(String, u8)>,
    },
    SubAck {
        packet_id: u16,
        codes: Vec<u8>,
    },
    Unsubscribe {
        packet_id: u16,
        filters: Vec<String>,
    },
    UnsubAck(u16),
    PingReq,
    PingResp,
    Disconnect,
}

/// CONNECT's fields.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Connect {
    pub(crate) client_id: String,
    pub(crate) clean_session: bool,
    pub(crate) keepalive: u16,
    pub(crate) will: Option<Will>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Vec<u8>>,
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keepalive", &self.keepalive)
            .field("will", &self.will)
            .field("username", &self.username.as_ref().map(|_| "***"))
            .field("password", &self.password.as_ref().map(|_| "***"))
            .finish()
    }
}

/// CONNECT's will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// PUBLISH. Topic and payload are shared: a broker sends the same to many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publish {
    pub(crate) dup: bool,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// 0 exactly for QoS 0.
    pub(crate) packet_id: u16,
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Arc<[u8]>,
}

/// Why bytes are no packet, or fields make none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodecError {
    /// Says which packet or field.
    Malformed(&'static str),
    /// CONNECT with a protocol level other than 4.
    UnsupportedVersion,
    /// More bytes than the decoder's limit.
    TooLarge { limit: u32 },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::UnsupportedVersion => f.write_str("protocol level is not 4 (MQTT 3.1.1)"),
            Self::TooLarge { limit } => write!(f, "packet of more than {limit} bytes"),
        }
    }
}

impl std::error::Error for CodecError {}

/// Longest string that MQTT can carry, in bytes.
const LONGEST_STRING: usize = 65_535;

/// Whether this may be a topic name on the wire.
pub(crate) fn is_topic_name(name: &str) -> bool {
    topic::validate_name(name.as_bytes(), LONGEST_STRING).is_ok()
}

/// Whether this may be a topic filter on the wire.
pub(crate) fn is_topic_filter(filter: &str) -> bool {
    topic::validate_filter(filter.as_bytes(), LONGEST_STRING).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_packet() -> impl Strategy<Value = Packet> {
        let name = "[a-z中/]{1,20}";
        let id = 1..=u16::MAX;
        let will = (
            name,
            prop::collection::vec(any::<u8>(), 0..40),
            0..3_u8,
            any::<bool>(),
        )
            .prop_map(|(topic, payload, qos, retain)| Will {
                topic,
                payload,
                qos,
                retain,
            });
        let connect = (
            "[a-z]{0,9}",
            any::<bool>(),
            any::<u16>(),
            prop::option::of(will),
            prop::option::of("[a-z]{0,9}"),
            prop::option::of(prop::collection::vec(any::<u8>(), 0..9)),
        )
            .prop_map(
                |(client_id, clean_session, keepalive, will, username, password)| {
                    let password = password.filter(|_| username.is_some());
                    Packet::Connect(Box::new(Connect {
                        client_id,
                        clean_session,
                        keepalive,
                        will,
                        username,
                        password,
                    }))
                },
            );
        let publish = (
            any::<bool>(),
            0..3_u8,
            any::<bool>(),
            id.clone(),
            name,
            prop::collection::vec(any::<u8>(), 0..300),
        )
            .prop_map(|(dup, qos, retain, id, topic, payload)| {
                Packet::Publish(Publish {
                    dup: dup && qos > 0,
                    qos,
                    retain,
                    packet_id: if qos == 0 { 0 } else { id },
                    topic: topic.into(),
                    payload: payload.into(),
                })
            });
        prop_oneof![
            connect,
            (any::<bool>(), 0..6_u8).prop_map(|(session_present, code)| Packet::ConnAck {
                session_present,
                code
            }),
            publish,
            id.clone().prop_map(Packet::PubAck),
            id.clone().prop_map(Packet::PubRec),
            id.clone().prop_map(Packet::PubRel),
            id.clone().prop_map(Packet::PubComp),
            (id.clone(), prop::collection::vec((name, 0..3_u8), 1..4)).prop_map(
                |(packet_id, filters)| Packet::Subscribe {
                    packet_id,
                    filters: filters.into_iter().collect(),
                }
            ),
            (
                id.clone(),
                prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 128]), 1..4)
            )
                .prop_map(|(packet_id, codes)| Packet::SubAck { packet_id, codes }),
            (id.clone(), prop::collection::vec(name, 1..4))
                .prop_map(|(packet_id, filters)| Packet::Unsubscribe { packet_id, filters }),
            id.prop_map(Packet::UnsubAck),
            Just(Packet::PingReq),
            Just(Packet::PingResp),
            Just(Packet::Disconnect),
        ]
    }

    fn decode_all(decoder: &mut Decoder, bytes: &[u8]) -> Result<Vec<Packet>, CodecError> {
        decoder.feed(bytes);
        let mut packets = Vec::new();
        while let Some(packet) = decoder.next_packet()? {
            packets.push(packet);
        }
        Ok(packets)
    }

    proptest! {
        #[test]
        fn every_packet_survives_the_wire_in_any_chunking(
            packets in prop::collection::vec(any_packet(), 1..8),
            chunk in 1..50_usize,
        ) {
            let bytes: Vec<u8> = packets.iter().flat_map(|p| p.encode().unwrap()).collect();
            let mut decoder = Decoder::new(1 << 20);
            let mut seen = Vec::new();
            for part in bytes.chunks(chunk) {
                seen.extend(decode_all(&mut decoder, part).unwrap());
            }
            prop_assert_eq!(seen, packets);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode_all(&mut Decoder::new(1 << 20), &bytes);
        }

        #[test]
        fn a_damaged_packet_never_panics(
            packet in any_packet(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = packet.encode().unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decode_all(&mut Decoder::new(1 << 20), &bytes);
        }
    }

    #[test]
    fn reserved_bits_and_trailing_bytes_are_malformed() {
        for bytes in [
            &[0x41_u8, 2, 0, 1][..],         // PUBACK with flags
            &[0x60, 2, 0, 1],                // PUBREL without its flag
            &[0x40, 3, 0, 1, 0],             // PUBACK with a third byte
            &[0x40, 2, 0, 0],                // packet id 0
            &[0x36, 5, 0, 1, b'a', 0, 1],    // QoS 3
            &[0x38, 3, 0, 1, b'a'],          // DUP at QoS 0
            &[0x30, 3, 0, 1, b'#'],          // wildcard in a topic name
            &[0x30, 2, 0, 0],                // empty topic name
            &[0x30, 3, 0, 1, 0xff],          // no UTF-8
            &[0x82, 6, 0, 1, 0, 1, b'a', 3], // SUBSCRIBE at QoS 3
            &[0x82, 6, 0, 1, 0, 1, b'a', 4], // SUBSCRIBE with an option of MQTT 5
            &[0x82, 2, 0, 1],                // SUBSCRIBE without a filter
            &[0xc0, 1, 0],                   // PINGREQ with a body
            &[0x00, 0],                      // packet type 0
            &[0xf0, 0],                      // packet type 15
            &[0x30, 0xff, 0xff, 0xff, 0xff], // remaining length of five bytes
            &[0x20, 2, 2, 0],                // CONNACK with reserved flags
        ] {
            assert!(
                matches!(
                    decode_all(&mut Decoder::new(1 << 20), bytes),
                    Err(CodecError::Malformed(_))
                ),
                "{bytes:02x?}"
            );
        }
    }

    #[test]
    fn a_packet_over_the_limit_is_refused_by_its_header() {
        let error = decode_all(&mut Decoder::new(100), &[0x30, 0xff, 0xff, 0x7f]);
        assert_eq!(error, Err(CodecError::TooLarge { limit: 100 }));
    }
}
