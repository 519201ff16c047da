//! Commands: from the host to the module.
//!
//! [`Command::encode`] is the host's half and refuses what cannot be sent; [`Command::decode`] is
//! the module's half and forgives what the modules forgive. One file per family.
//!
//! ```
//! use m531x_at::command::{Command, MqttPub, QoS};
//! use m531x_at::profile::Model;
//!
//! let publish = Command::MqttPub(MqttPub {
//!     topic: "pyr".into(),
//!     qos: QoS::AtLeastOnce,
//!     retain: false,
//!     payload: b"~zz\0".to_vec(),
//! });
//! let line = publish.encode(Model::M5310A.profile())?;
//! assert_eq!(line.as_bytes(), br#"AT+MQTTPUB="pyr",1,0,0,4,7E7A7A00"#);
//! assert_eq!(Command::decode(line.as_bytes()), Ok(publish));
//! # Ok::<(), m531x_at::command_line::ArgumentError>(())
//! ```

mod decode;
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
mod slow;

pub use crate::qos::QoS;
pub use decode::DecodeError;
pub use general::{General, RebootForm, SleepMode, Typed};
pub use grammar::Grammar;
pub use mqttcfg::{MqttCfg, Secret};
pub use mqttopen::{MqttOpen, Will, check_connect_packet, connect_packet_size};
pub use mqttping::MqttPing;
pub use mqttpub::{MqttPub, max_payload, publish_packet_size};
pub use mqttrec::MqttRec;
pub use mqttsub::MqttSub;
pub use mqttto::MqttTo;
pub use mqttunsub::MqttUnsub;
pub use slow::time_limit;

use crate::command_line::{ArgumentError, CommandLine, Line};
use crate::profile::Profile;

/// A command of the host, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// `AT+MQTTCFG=`: sets the broker, the client id and the credentials (manual 1.1).
    MqttCfg(MqttCfg),
    /// `AT+MQTTCFG?` (manual 1.1).
    MqttCfgRead,
    /// `AT+MQTTOPEN=`: connects; OK means accepted, the outcome is a URC (manual 1.2).
    MqttOpen(MqttOpen),
    /// `AT+MQTTSTAT?` (manual 1.3).
    MqttStatRead,
    /// `AT+MQTTSUB=`: subscribes (manual 1.4).
    MqttSub(MqttSub),
    /// `AT+MQTTSUB?`: lists the subscriptions (manual 1.4).
    MqttSubRead,
    /// `AT+MQTTPUB=`: publishes (manual 1.5).
    MqttPub(MqttPub),
    /// `AT+MQTTUNSUB=`: unsubscribes (manual 1.6).
    MqttUnsub(MqttUnsub),
    /// `AT+MQTTDISC`: disconnects; error 3 when not connected (manual 1.7).
    MqttDisc,
    /// `AT+MQTTDEL`: frees the client (manual 1.8).
    MqttDel,
    /// `AT+MQTTTO=`: sets the ack timeout (manual 1.9).
    MqttTo(MqttTo),
    /// `AT+MQTTPING=`: switches the report of ping responses (manual 1.10).
    MqttPing(MqttPing),
    /// `AT+MQTTREC=`: switches the module's own reconnecting (in no manual).
    MqttRec(MqttRec),
    /// Everything that is not MQTT.
    General(General),
}

impl Command {
    /// Recognises a line (without CR and LF) as the module does.
    ///
    /// `AT` and the name may be in either case; fields may be quoted or not.
    pub fn decode(line: &[u8]) -> Result<Self, DecodeError> {
        let (start, body) = line.split_at_checked(2).ok_or(DecodeError::Unknown)?;
        if !start.eq_ignore_ascii_case(b"AT") {
            return Err(DecodeError::Unknown);
        }
        let name_length = body
            .iter()
            .position(|byte| matches!(byte, b'=' | b'?'))
            .unwrap_or(body.len());
        let (name, form) = body.split_at(name_length);
        let name = name.trim_ascii_end().to_ascii_uppercase();
        let form = Form::of(form);
        match name.as_slice() {
            b"+MQTTCFG" => match form {
                Form::Set(arguments) => MqttCfg::decode(arguments).map(Self::MqttCfg),
                Form::Read => Ok(Self::MqttCfgRead),
                Form::Execute | Form::Other => WRONG_FORM,
            },
            b"+MQTTSUB" => match form {
                Form::Set(arguments) => MqttSub::decode(arguments).map(Self::MqttSub),
                Form::Read => Ok(Self::MqttSubRead),
                Form::Execute | Form::Other => WRONG_FORM,
            },
            b"+MQTTOPEN" => form.set(|arguments| MqttOpen::decode(arguments).map(Self::MqttOpen)),
            b"+MQTTPUB" => form.set(|arguments| MqttPub::decode(arguments).map(Self::MqttPub)),
            b"+MQTTUNSUB" => {
                form.set(|arguments| MqttUnsub::decode(arguments).map(Self::MqttUnsub))
            }
            b"+MQTTTO" => form.set(|arguments| MqttTo::decode(arguments).map(Self::MqttTo)),
            b"+MQTTPING" => form.set(|arguments| MqttPing::decode(arguments).map(Self::MqttPing)),
            b"+MQTTREC" => form.set(|arguments| MqttRec::decode(arguments).map(Self::MqttRec)),
            b"+MQTTSTAT" if form == Form::Read => Ok(Self::MqttStatRead),
            b"+MQTTDISC" if form == Form::Execute => Ok(Self::MqttDisc),
            b"+MQTTDEL" if form == Form::Execute => Ok(Self::MqttDel),
            b"+MQTTSTAT" | b"+MQTTDISC" | b"+MQTTDEL" => WRONG_FORM,
            _ => General::decode(body).map(Self::General),
        }
    }

    /// The line to send to a module of this profile, without the final CR; everything is checked first.
    pub fn encode(&self, profile: &Profile) -> Result<Line, ArgumentError> {
        self.encode_within(profile, profile.line_limit)
    }

    /// As [`Command::encode`], for a module whose line buffer takes `line_limit` bytes, CR included.
    pub fn encode_within(
        &self,
        profile: &Profile,
        line_limit: usize,
    ) -> Result<Line, ArgumentError> {
        let line = match self {
            Self::MqttCfg(cfg) => cfg.encode(profile)?,
            Self::MqttOpen(open) => open.encode(profile)?,
            Self::MqttSub(sub) => sub.encode(profile)?,
            Self::MqttPub(publish) => publish.encode(profile)?,
            Self::MqttUnsub(unsub) => unsub.encode(profile)?,
            Self::MqttTo(timeout) => timeout.encode()?,
            Self::MqttPing(ping) => ping.encode(),
            Self::MqttRec(rec) => rec.encode(profile)?,
            Self::MqttCfgRead => CommandLine::new("AT+MQTTCFG?"),
            Self::MqttStatRead => CommandLine::new("AT+MQTTSTAT?"),
            Self::MqttSubRead => CommandLine::new("AT+MQTTSUB?"),
            Self::MqttDisc => CommandLine::new("AT+MQTTDISC"),
            Self::MqttDel => CommandLine::new("AT+MQTTDEL"),
            Self::General(general) => return Line::raw(&general.text(), line_limit),
        };
        line.finish(line_limit)
    }

    /// The name with its prefix, such as `AT+MQTTPUB`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MqttCfg(_) | Self::MqttCfgRead => "AT+MQTTCFG",
            Self::MqttOpen(_) => "AT+MQTTOPEN",
            Self::MqttStatRead => "AT+MQTTSTAT",
            Self::MqttSub(_) | Self::MqttSubRead => "AT+MQTTSUB",
            Self::MqttPub(_) => "AT+MQTTPUB",
            Self::MqttUnsub(_) => "AT+MQTTUNSUB",
            Self::MqttDisc => "AT+MQTTDISC",
            Self::MqttDel => "AT+MQTTDEL",
            Self::MqttTo(_) => "AT+MQTTTO",
            Self::MqttPing(_) => "AT+MQTTPING",
            Self::MqttRec(_) => "AT+MQTTREC",
            Self::General(general) => general.name(),
        }
    }

    /// Which information lines belong to this command.
    pub fn grammar(&self) -> Grammar {
        Grammar::of(self)
    }

    /// Whether this information line is part of the answer; otherwise it is a URC or unknown.
    ///
    /// ```
    /// use m531x_at::command::{Command, General};
    ///
    /// let read = Command::General(General::RegistrationRead);
    /// assert!(read.accepts(b"+CEREG:0,1"));
    /// assert!(!read.accepts(b"+CEREG:1"), "one number is the URC");
    /// ```
    pub fn accepts(&self, line: &[u8]) -> bool {
        self.grammar().accepts(line)
    }
}

const WRONG_FORM: Result<Command, DecodeError> =
    Err(DecodeError::Malformed("the command has no such form"));

/// What follows the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    Execute,
    Read,
    Set(&'a [u8]),
    Other,
}

impl<'a> Form<'a> {
    fn of(text: &'a [u8]) -> Self {
        match text {
            b"" => Self::Execute,
            [b'?', rest @ ..] if rest.trim_ascii().is_empty() => Self::Read,
            b"=?" => Self::Other,
            [b'=', arguments @ ..] => Self::Set(arguments),
            _ => Self::Other,
        }
    }

    fn set(
        self,
        decode: impl FnOnce(&'a [u8]) -> Result<Command, DecodeError>,
    ) -> Result<Command, DecodeError> {
        match self {
            Self::Set(arguments) => decode(arguments),
            Self::Execute | Self::Read | Self::Other => WRONG_FORM,
        }
    }
}
