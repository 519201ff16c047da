//! `AT+MQTTREC` (in no manual; firmware of 2016 and a host program of the M5310-A).

use super::decode::{DecodeError, flag_of};
use crate::command_line::{ArgumentError, CommandLine};
use crate::fields::Fields;
use crate::profile::Profile;

/// Whether the module reconnects by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MqttRec {
    /// Reconnect by itself.
    pub enabled: bool,
}

impl MqttRec {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let enabled = flag_of(fields.next(), "reconnect flag")?;
        if !fields.is_done() {
            return Err(DecodeError::Malformed("AT+MQTTREC takes 1 field"));
        }
        Ok(Self { enabled })
    }

    pub(super) fn encode(self, profile: &Profile) -> Result<CommandLine, ArgumentError> {
        if !profile.reconnect_switch {
            return Err(ArgumentError::NotSupported {
                what: "AT+MQTTREC",
                model: profile.model,
            });
        }
        let mut line = CommandLine::new("AT+MQTTREC=");
        line.flag(self.enabled);
        Ok(line)
    }
}
