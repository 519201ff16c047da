//! `AT+MQTTSUB` (manual 1.4).

use super::decode::{DecodeError, flag_of, qos_of, text_of};
use crate::command_line::{ArgumentError, CommandLine, check_topic_filter};
use crate::fields::Fields;
use crate::profile::Profile;
use crate::qos::QoS;
use crate::topic;

/// A subscription to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttSub {
    /// The topic filter.
    pub filter: String,
    /// The highest quality of service wanted.
    pub qos: QoS,
    /// Deliver payloads as hex digits (M5311 specification 2.4; other models refuse it).
    pub hex: bool,
}

impl MqttSub {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let filter = text_of(fields.next(), "topic filter")?;
        // Host programs leave the QoS out, and the modules take it.
        let qos = if fields.is_done() {
            QoS::AtMostOnce
        } else {
            qos_of(fields.next(), "QoS")?
        };
        let hex = match fields.next() {
            None => false,
            some => flag_of(some, "index")?,
        };
        if !fields.is_done() {
            return Err(DecodeError::Malformed("AT+MQTTSUB takes 1 to 3 fields"));
        }
        if topic::validate_filter(filter.as_bytes(), usize::MAX).is_err() {
            return Err(DecodeError::Malformed("topic filter"));
        }
        Ok(Self { filter, qos, hex })
    }

    pub(super) fn encode(&self, profile: &Profile) -> Result<CommandLine, ArgumentError> {
        if self.hex && !profile.hex_delivery {
            let what = "payloads delivered as hex";
            return Err(ArgumentError::NotSupported {
                what,
                model: profile.model,
            });
        }
        let mut line = CommandLine::new("AT+MQTTSUB=");
        quoted_filter(&mut line, &self.filter, profile)?.number(u8::from(self.qos));
        if self.hex {
            line.flag(true);
        }
        Ok(line)
    }
}

pub(super) fn quoted_filter<'a>(
    line: &'a mut CommandLine,
    filter: &str,
    profile: &Profile,
) -> Result<&'a mut CommandLine, ArgumentError> {
    check_topic_filter("topic filter", filter, profile.topic_limit)?;
    line.quoted("topic filter", filter.as_bytes())
}
