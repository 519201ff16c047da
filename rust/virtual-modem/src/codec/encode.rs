//! Packets to bytes.

use mqtt_protocol_core::mqtt::packet::{Qos, SubEntry, SubOpts, v3_1_1};
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, MqttError, SubackReturnCode};

use super::{CodecError, Connect, Packet, Publish, is_topic_filter, is_topic_name};

/// Bytes that a remaining length can count.
const LARGEST: usize = 268_435_455;

impl Packet {
    /// The packet's bytes; an error when a field is outside MQTT's limits.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CodecError> {
        match self {
            Self::Connect(connect) => encode_connect(connect).map_err(named("CONNECT")),
            Self::ConnAck {
                session_present,
                code,
            } => encode_conn_ack(*session_present, *code).map_err(named("CONNACK")),
            Self::Publish(publish) => publish.encode(),
            Self::PubAck(id) => v3_1_1::Puback::builder()
                .packet_id(*id)
                .build()
                .map(|packet| packet.to_continuous_buffer())
                .map_err(named("PUBACK")),
            Self::PubRec(id) => v3_1_1::Pubrec::builder()
                .packet_id(*id)
                .build()
                .map(|packet| packet.to_continuous_buffer())
                .map_err(named("PUBREC")),
            Self::PubRel(id) => v3_1_1::Pubrel::builder()
                .packet_id(*id)
                .build()
                .map(|packet| packet.to_continuous_buffer())
                .map_err(named("PUBREL")),
            Self::PubComp(id) => v3_1_1::Pubcomp::builder()
                .packet_id(*id)
                .build()
                .map(|packet| packet.to_continuous_buffer())
                .map_err(named("PUBCOMP")),
            Self::Subscribe { packet_id, filters } => {
                encode_subscribe(*packet_id, filters).map_err(named("SUBSCRIBE"))
            }
            Self::SubAck { packet_id, codes } => {
                encode_sub_ack(*packet_id, codes).map_err(named("SUBACK"))
            }
            Self::Unsubscribe { packet_id, filters } => {
                encode_unsubscribe(*packet_id, filters).map_err(named("UNSUBSCRIBE"))
            }
            Self::UnsubAck(id) => v3_1_1::Unsuback::builder()
                .packet_id(*id)
                .build()
                .map(|packet| packet.to_continuous_buffer())
                .map_err(named("UNSUBACK")),
            Self::PingReq => Ok(v3_1_1::Pingreq::new().to_continuous_buffer()),
            Self::PingResp => Ok(v3_1_1::Pingresp::new().to_continuous_buffer()),
            Self::Disconnect => Ok(v3_1_1::Disconnect::new().to_continuous_buffer()),
        }
    }

    /// The same, with 0 for a packet id where it is 0, although MQTT forbids it (2.3.1).
    pub(crate) fn encode_with_any_id(&self) -> Result<Vec<u8>, CodecError> {
        let mut other = self.clone();
        let Some((id, place)) = other.packet_id_mut().filter(|(id, _)| **id == 0) else {
            return self.encode();
        };
        *id = 1;
        let mut bytes = other.encode()?;
        let digits = bytes.iter().skip(1).position(|byte| *byte < 0x80);
        let place = place + 2 + digits.unwrap_or(0);
        if let Some(id) = bytes.get_mut(place..place + 2) {
            id.fill(0);
        }
        Ok(bytes)
    }

    /// The packet id, if there is one, and where in the packet's body it stands.
    fn packet_id_mut(&mut self) -> Option<(&mut u16, usize)> {
        match self {
            Self::Publish(publish) => {
                (publish.qos > 0).then_some((&mut publish.packet_id, 2 + publish.topic.len()))
            }
            Self::PubAck(packet_id)
            | Self::PubRec(packet_id)
            | Self::PubRel(packet_id)
            | Self::PubComp(packet_id)
            | Self::UnsubAck(packet_id)
            | Self::Subscribe { packet_id, .. }
            | Self::SubAck { packet_id, .. }
            | Self::Unsubscribe { packet_id, .. } => Some((packet_id, 0)),
            Self::Connect(_)
            | Self::ConnAck { .. }
            | Self::PingReq
            | Self::PingResp
            | Self::Disconnect => None,
        }
    }
}

impl Publish {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CodecError> {
        const WHAT: CodecError = CodecError::Malformed("PUBLISH");
        // The codec panics where the remaining length cannot be written.
        if !is_topic_name(&self.topic) || self.topic.len() + 4 + self.payload.len() > LARGEST {
            return Err(WHAT);
        }
        let mut builder = v3_1_1::Publish::builder()
            .topic_name(&*self.topic)
            .map_err(|_| WHAT)?
            .qos(quality(self.qos).map_err(|_| WHAT)?)
            .dup(self.dup)
            .retain(self.retain)
            .payload(&*self.payload);
        if self.qos > 0 {
            builder = builder.packet_id(self.packet_id);
        }
        builder
            .build()
            .map(|packet| packet.to_continuous_buffer())
            .map_err(|_| WHAT)
    }
}

fn named(what: &'static str) -> impl Fn(MqttError) -> CodecError {
    move |_| CodecError::Malformed(what)
}

fn quality(qos: u8) -> Result<Qos, MqttError> {
    Qos::try_from(qos).map_err(|_| MqttError::MalformedPacket)
}

fn encode_connect(connect: &Connect) -> Result<Vec<u8>, MqttError> {
    let mut builder = v3_1_1::Connect::builder()
        .client_id(connect.client_id.as_str())?
        .clean_session(connect.clean_session)
        .keep_alive(connect.keepalive);
    if let Some(will) = &connect.will {
        if !is_topic_name(&will.topic) {
            return Err(MqttError::TopicNameInvalid);
        }
        builder = builder.will_message(
            will.topic.as_str(),
            will.payload.clone(),
            quality(will.qos)?,
            will.retain,
        )?;
    }
    if let Some(username) = &connect.username {
        builder = builder.user_name(username.as_str())?;
    }
    if let Some(password) = &connect.password {
        builder = builder.password(password.clone())?;
    }
    Ok(builder.build()?.to_continuous_buffer())
}

fn encode_conn_ack(session_present: bool, code: u8) -> Result<Vec<u8>, MqttError> {
    let code = ConnectReturnCode::try_from(code).map_err(|_| MqttError::MalformedPacket)?;
    let packet = v3_1_1::Connack::builder()
        .session_present(session_present)
        .return_code(code)
        .build()?;
    Ok(packet.to_continuous_buffer())
}

fn encode_subscribe(packet_id: u16, filters: &[(String, u8)]) -> Result<Vec<u8>, MqttError> {
    let entries = filters
        .iter()
        .map(|(filter, qos)| {
            if !is_topic_filter(filter) {
                return Err(MqttError::TopicFilterInvalid);
            }
            SubEntry::new(filter.as_str(), SubOpts::new().set_qos(quality(*qos)?))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let packet = v3_1_1::Subscribe::builder()
        .packet_id(packet_id)
        .entries(entries)
        .build()?;
    Ok(packet.to_continuous_buffer())
}

fn encode_sub_ack(packet_id: u16, codes: &[u8]) -> Result<Vec<u8>, MqttError> {
    let codes = codes
        .iter()
        .map(|&code| SubackReturnCode::try_from(code).map_err(|_| MqttError::MalformedPacket))
        .collect::<Result<Vec<_>, _>>()?;
    let packet = v3_1_1::Suback::builder()
        .packet_id(packet_id)
        .return_codes(codes)
        .build()?;
    Ok(packet.to_continuous_buffer())
}

fn encode_unsubscribe(packet_id: u16, filters: &[String]) -> Result<Vec<u8>, MqttError> {
    if !filters.iter().all(|filter| is_topic_filter(filter)) {
        return Err(MqttError::TopicFilterInvalid);
    }
    let packet = v3_1_1::Unsubscribe::builder()
        .packet_id(packet_id)
        .entries(filters.iter().map(String::as_str))?
        .build()?;
    Ok(packet.to_continuous_buffer())
}
