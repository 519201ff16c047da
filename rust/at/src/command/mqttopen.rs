//! `AT+MQTTOPEN` (manual 1.2).

use super::decode::{DecodeError, flag_of, qos_of, text_of};
use super::{MqttCfg, Secret};
use crate::command_line::{
    ArgumentError, CommandLine, check_length, check_quotable, check_topic_name,
};
use crate::fields::{Fields, unquote};
use crate::profile::Profile;
use crate::qos::QoS;
use crate::topic;

/// What the CONNECT packet holds besides the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MqttOpen {
    /// Send the user name of `AT+MQTTCFG`.
    pub username: bool,
    /// Send the password of `AT+MQTTCFG`.
    pub password: bool,
    /// The message the broker publishes when the connection breaks.
    pub will: Option<Will>,
}

impl MqttOpen {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let username = flag_of(fields.next(), "user name flag")?;
        let password = flag_of(fields.next(), "password flag")?;
        let has_will = flag_of(fields.next(), "will flag")?;
        // Host programs send three fields or five where there is no will.
        let (retain, qos) = if fields.is_done() {
            (false, QoS::AtMostOnce)
        } else {
            (
                flag_of(fields.next(), "will retain")?,
                qos_of(fields.next(), "will QoS")?,
            )
        };
        let will = if fields.is_done() && !has_will {
            None
        } else {
            let topic = text_of(fields.next(), "will topic")?;
            let payload = will_payload(fields, has_will)?;
            if has_will && topic::validate_name(topic.as_bytes(), usize::MAX).is_err() {
                return Err(DecodeError::Malformed("will topic"));
            }
            has_will.then(|| Will {
                topic,
                payload: payload.to_vec(),
                qos,
                retain,
            })
        };
        Ok(Self {
            username,
            password,
            will,
        })
    }

    pub(super) fn encode(&self, profile: &Profile) -> Result<CommandLine, ArgumentError> {
        let mut line = CommandLine::new("AT+MQTTOPEN=");
        line.flag(self.username)
            .flag(self.password)
            .flag(self.will.is_some());
        // All seven fields are sent always: the firmware counts them.
        let Some(will) = &self.will else {
            line.flag(false)
                .number(0u8)
                .quoted("will topic", b"")?
                .quoted("will payload", b"")?;
            return Ok(line);
        };
        check_topic_name("will topic", &will.topic, profile.topic_limit)?;
        check_quotable("will payload", &will.payload)?;
        if let Err(error) = std::str::from_utf8(&will.payload) {
            let offset = error.valid_up_to();
            let byte = will.payload[offset];
            return Err(ArgumentError::ForbiddenByte {
                field: "will payload",
                byte,
                offset,
            });
        }
        line.flag(will.retain)
            .number(u8::from(will.qos))
            .quoted("will topic", will.topic.as_bytes())?
            .quoted("will payload", &will.payload)?;
        Ok(line)
    }
}

/// The last field. A message without quotes is the rest of the line and may hold commas; where there is
/// none, or quotes end it, a comma begins a field too many.
fn will_payload(mut fields: Fields<'_>, has_will: bool) -> Result<&[u8], DecodeError> {
    const COUNT: DecodeError = DecodeError::Malformed("AT+MQTTOPEN takes 3, 5 or 7 fields");
    let rest = fields.rest().ok_or(COUNT)?.trim_ascii();
    let field = fields.next().ok_or(COUNT)?;
    if fields.is_done() {
        return Ok(unquote(rest));
    }
    if field.quoted || !has_will {
        return Err(COUNT);
    }
    Ok(rest)
}

/// A will message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// The topic name.
    pub topic: String,
    /// The payload; this command has no hex form, so UTF-8 text without control bytes and `"`.
    pub payload: Vec<u8>,
    /// The quality of service.
    pub qos: QoS,
    /// Whether the broker retains it.
    pub retain: bool,
}

/// The size in bytes of the CONNECT packet that a module makes of both commands (MQTT 3.1.1, 3.1).
pub fn connect_packet_size(cfg: &MqttCfg, open: &MqttOpen) -> usize {
    // Protocol name, level, flags and keep-alive.
    const VARIABLE_HEADER: usize = 10;
    let username = cfg
        .username
        .as_ref()
        .filter(|_| open.username)
        .map(String::len);
    let password = cfg
        .password
        .as_ref()
        .filter(|_| open.password)
        .map(|p| Secret::expose(p).len());
    let will = open.will.as_ref();
    let strings = [
        Some(cfg.client_id.len()),
        will.map(|will| will.topic.len()),
        will.map(|will| will.payload.len()),
        username,
        password,
    ];
    super::mqttpub::with_fixed_header(
        VARIABLE_HEADER
            + strings
                .into_iter()
                .flatten()
                .map(|length| 2 + length)
                .sum::<usize>(),
    )
}

/// Checks the CONNECT packet against a limit in bytes, such as that of the module's profile.
///
/// Both commands pass alone, and the connection fails only later: the buffer in which the module
/// builds the packet is what overflows.
pub fn check_connect_packet(
    cfg: &MqttCfg,
    open: &MqttOpen,
    limit: usize,
) -> Result<(), ArgumentError> {
    let size = connect_packet_size(cfg, open);
    check_length(
        "the CONNECT packet of client id, user name, password and will",
        size,
        limit,
    )
}
