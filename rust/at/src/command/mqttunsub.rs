//! `AT+MQTTUNSUB` (manual 1.6).

use super::decode::{DecodeError, text_of};
use super::mqttsub::quoted_filter;
use crate::command_line::{ArgumentError, CommandLine};
use crate::fields::Fields;
use crate::profile::Profile;
use crate::topic;

/// A subscription to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttUnsub {
    /// The topic filter.
    pub filter: String,
}

impl MqttUnsub {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let filter = text_of(fields.next(), "topic filter")?;
        if !fields.is_done() || topic::validate_filter(filter.as_bytes(), usize::MAX).is_err() {
            return Err(DecodeError::Malformed("topic filter"));
        }
        Ok(Self { filter })
    }

    pub(super) fn encode(&self, profile: &Profile) -> Result<CommandLine, ArgumentError> {
        let mut line = CommandLine::new("AT+MQTTUNSUB=");
        quoted_filter(&mut line, &self.filter, profile)?;
        Ok(line)
    }
}
