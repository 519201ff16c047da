//! `AT+MQTTPING` (manual 1.10).

use super::decode::{DecodeError, flag_of};
use crate::command_line::CommandLine;
use crate::fields::Fields;

/// Whether `+MQTTPINGRSP` is printed; the module starts with no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MqttPing {
    /// Print it.
    pub report: bool,
}

impl MqttPing {
    pub(super) fn decode(arguments: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(arguments);
        let report = flag_of(fields.next(), "report flag")?;
        if !fields.is_done() {
            return Err(DecodeError::Malformed("AT+MQTTPING takes 1 field"));
        }
        Ok(Self { report })
    }

    pub(super) fn encode(self) -> CommandLine {
        let mut line = CommandLine::new("AT+MQTTPING=");
        line.flag(self.report);
        line
    }
}
