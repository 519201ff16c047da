//! Which information lines belong to the pending command.

use super::{Command, General};
use crate::response::{FinalResult, PsmReportLine, RadioConnectionLine, RegistrationLine};
use crate::topic;
use crate::urc::Urc;

/// The lines that are the answer of one command; every other line is an event.
///
/// A URC may come between any two lines of an answer, and some answers look like URCs
/// (`+CEREG: 0,1` is the answer to `AT+CEREG?`, `+CEREG: 1` is news from the network), so no list
/// of URC names can tell them apart: the pending command does.
///
/// ```
/// use m531x_at::command::Grammar;
///
/// let grammar = Grammar::for_line("AT+CGMM");
/// assert!(grammar.accepts(b"M5310-A"));
/// assert!(!grammar.accepts(b"+MQTTDISC: OK"));
///
/// let unknown = Grammar::for_line("AT+XYZ=1");
/// assert!(unknown.accepts(b"+XYZ: 5"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar(Vec<Shape>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// Lines that start with one of these.
    Starts(&'static [&'static str]),
    /// `+NAME:` and bare text; the name with its sign.
    Named(String),
    TopicList,
    Registration,
    RadioConnection,
    PsmReport,
}

impl Grammar {
    /// The grammar for any line a user types; unknown commands own their `+NAME:` lines and bare text.
    ///
    /// Several commands in one line (`AT+CSQ;+CGATT?`) own the lines of each.
    pub fn for_line(line: &str) -> Self {
        let line = line.trim();
        let Some(body) = line
            .get(2..)
            .filter(|_| line[..2].eq_ignore_ascii_case("AT"))
        else {
            return Self(Vec::new());
        };
        let mut shapes = Vec::new();
        for part in split_commands(body) {
            let command = Command::decode(format!("AT{part}").as_bytes());
            match command {
                Ok(command) => shapes.extend(Self::of(&command).0),
                Err(_) => shapes.push(Shape::Named(name_of(part))),
            }
        }
        Self(shapes)
    }

    /// Whether this information line is part of the answer.
    pub fn accepts(&self, line: &[u8]) -> bool {
        self.0.iter().any(|shape| shape.accepts(line))
    }

    pub(super) fn of(command: &Command) -> Self {
        let shape = match command {
            Command::MqttCfgRead => Shape::Starts(&["+MQTTCFG:", "AT+MQTTCFG:"]),
            Command::MqttStatRead => Shape::Starts(&["+MQTTSTAT:"]),
            Command::MqttSubRead => Shape::TopicList,
            Command::General(general) => return Self(general_shape(general).into_iter().collect()),
            Command::MqttCfg(_)
            | Command::MqttOpen(_)
            | Command::MqttSub(_)
            | Command::MqttPub(_)
            | Command::MqttUnsub(_)
            | Command::MqttDisc
            | Command::MqttDel
            | Command::MqttTo(_)
            | Command::MqttPing(_)
            | Command::MqttRec(_) => return Self(Vec::new()),
        };
        Self(vec![shape])
    }
}

impl Shape {
    fn accepts(&self, line: &[u8]) -> bool {
        match self {
            Self::Starts(starts) => starts
                .iter()
                .any(|start| line.starts_with(start.as_bytes())),
            Self::Named(name) => accepts_named(name, line),
            Self::TopicList => accepts_topic(line),
            Self::Registration => RegistrationLine::parse(line).is_some(),
            Self::RadioConnection => RadioConnectionLine::parse(line).is_some(),
            Self::PsmReport => PsmReportLine::parse(line).is_some(),
        }
    }
}

fn general_shape(general: &General) -> Option<Shape> {
    Some(match general {
        General::At
        | General::Echo(_)
        | General::CmeeSet(_)
        | General::FunctionalitySet(_)
        | General::RegistrationSet(_)
        | General::AttachSet(_)
        | General::ConnectionStatusSet(_)
        | General::PsmReportSet(_)
        | General::SleepMode(_)
        | General::Reboot(_) => return None,
        General::CmeeRead => Shape::Starts(&["+CMEE:"]),
        General::FunctionalityRead => Shape::Starts(&["+CFUN:"]),
        General::PinRead => Shape::Starts(&["+CPIN:"]),
        General::SignalQuality => Shape::Starts(&["+CSQ:"]),
        General::AttachRead => Shape::Starts(&["+CGATT:"]),
        General::Address { .. } => Shape::Starts(&["+CGPADDR:"]),
        General::Clock => Shape::Starts(&["+CCLK:"]),
        General::RegistrationRead => Shape::Registration,
        General::ConnectionStatusRead => Shape::RadioConnection,
        General::PsmReportRead => Shape::PsmReport,
        General::Manufacturer
        | General::ModelId
        | General::Identification
        | General::SoftwareVersion
        | General::FirmwareVersion
        | General::Revision
        | General::Imei
        | General::Gsn
        | General::Imsi
        | General::Iccid(_) => Shape::Named(general.name()[2..].to_owned()),
        General::Other(text) => Shape::Named(name_of(text.expose())),
    })
}

/// A known URC stays a URC, even when it carries the command's name (`AT+MQTTREC?`).
fn accepts_named(name: &str, line: &[u8]) -> bool {
    if line.is_empty() || Urc::parse(line).is_some() || FinalResult::parse(line).is_some() {
        return false;
    }
    let own = line
        .get(..name.len())
        .is_some_and(|start| !name.is_empty() && start.eq_ignore_ascii_case(name.as_bytes()))
        && line.get(name.len()) == Some(&b':');
    own || !matches!(line[0], b'+' | b'*')
}

/// `+MQTTSUB:` and the raw topics below it (manual 1.4). No URC with a `+` is a legal filter.
fn accepts_topic(line: &[u8]) -> bool {
    line.starts_with(b"+MQTTSUB:")
        || (topic::validate_filter(line, usize::MAX).is_ok() && Urc::parse(line).is_none())
}

fn name_of(body: &str) -> String {
    body.split(['=', '?'])
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Splits at the semicolons outside quotes.
fn split_commands(body: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    body.split(move |character| {
        quoted ^= character == '"';
        character == ';' && !quoted
    })
}
