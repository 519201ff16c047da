//! Commands: from the host to the module.

mod general;
mod mqttcfg;
mod mqttopen;
mod mqttping;
mod mqttpub;
mod mqttrec;
mod mqttsub;
mod mqttto;
mod mqttunsub;

mod grammar;
mod line;
mod redact;

use std::fmt;

pub use crate::qos::QoS;
pub use general::{General, RebootForm, SleepMode};
pub use grammar::Grammar;
pub use line::Line;
pub use mqttcfg::{MqttCfg, Secret};
pub use mqttopen::{MqttOpen, Will, check_connect_packet, connect_packet_size};
pub use mqttping::MqttPing;
pub use mqttpub::{MqttPub, publish_packet_size};
pub use mqttrec::MqttRec;
pub use mqttsub::MqttSub;
pub use mqttto::MqttTo;
pub use mqttunsub::MqttUnsub;
pub use redact::redact;

use crate::argument::ArgumentError;
use crate::profile::Profile;

/// A command of the host, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// `AT+MQTTCFG=`: sets the broker, the client id and the credentials.
    MqttCfg(MqttCfg),
    /// `AT+MQTTCFG?`.
    MqttCfgRead,
    /// `AT+MQTTOPEN=`: connects.
    MqttOpen(MqttOpen),
    /// `AT+MQTTSTAT?`.
    MqttStatRead,
    /// `AT+MQTTSUB=`: subscribes.
    MqttSub(MqttSub),
    /// `AT+MQTTSUB?`.
    MqttSubRead,
    /// `AT+MQTTPUB=`: publishes.
    MqttPub(MqttPub),
    /// `AT+MQTTUNSUB=`: unsubscribes.
    MqttUnsub(MqttUnsub),
    /// `AT+MQTTDISC`: disconnects.
    MqttDisc,
    /// `AT+MQTTDEL`: frees the client.
    MqttDel,
    /// `AT+MQTTTO=`: sets the ack timeout.
    MqttTo(MqttTo),
    /// `AT+MQTTPING=`: switches the report of ping responses.
    MqttPing(MqttPing),
    /// `AT+MQTTREC=`: switches the module's own reconnecting.
    MqttRec(MqttRec),
    /// Everything that is not MQTT.
    General(General),
}

impl Command {
    /// Recognises a line (without CR and LF) as the module does.
    pub fn decode(line: &[u8]) -> Result<Self, DecodeError> {
        let _ = line;
        todo!()
    }

    /// The line to send to a module of this profile, without the final CR; everything is checked first.
    pub fn encode(&self, profile: &Profile) -> Result<Line, ArgumentError> {
        let _ = profile;
        todo!()
    }

    /// The name with its prefix, such as `AT+MQTTPUB`.
    pub fn name(&self) -> &'static str {
        todo!()
    }

    /// Which information lines belong to this command.
    pub fn grammar(&self) -> Grammar {
        todo!()
    }

    /// Whether this information line is part of the answer; otherwise it is a URC or unknown.
    pub fn accepts(&self, line: &[u8]) -> bool {
        self.grammar().accepts(line)
    }
}

/// Why a line is not a command of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// No command has this name.
    Unknown,
    /// The command is known, the arguments are wrong: which, in words.
    Malformed(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no command of this dialect"),
            Self::Malformed(what) => write!(f, "malformed command: {what}"),
        }
    }
}

impl std::error::Error for DecodeError {}
