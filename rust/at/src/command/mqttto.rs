//! `AT+MQTTTO` (manual 1.9).

use super::decode::{DecodeError, number_of};
use crate::command_line::{ArgumentError, CommandLine};
use crate::fields::Fields;

/// The ack timeout; [`crate::command_line::check_keepalive`] checks it against the keep-alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MqttTo {
    /// Seconds, 1 to 65535; the module starts with 10.
    pub seconds: u16,
}

impl MqttTo {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let seconds = number_of(fields.next(), "timeout")?;
        if seconds == 0 || !fields.is_done() {
            return Err(DecodeError::Malformed("timeout"));
        }
        Ok(Self { seconds })
    }

    pub(super) fn encode(self) -> Result<CommandLine, ArgumentError> {
        if self.seconds == 0 {
            return Err(ArgumentError::OutOfRange {
                field: "ack timeout",
                value: 0,
                min: 1,
                max: u16::MAX.into(),
            });
        }
        let mut line = CommandLine::new("AT+MQTTTO=");
        line.number(self.seconds);
        Ok(line)
    }
}
