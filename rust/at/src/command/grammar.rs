//! Which information lines belong to the pending command.

use super::{Command, General};
use crate::response::{FinalResult, PsmReportLine, RadioConnectionLine, RegistrationLine};
use crate::topic;
use crate::urc::Urc;

/// The lines that are the answer of one command; every other line is an event.
///
/// A URC may come between any two lines of an answer, and some answers look like URCs
/// (`+CEREG: 0,1` is the answer to `AT+CEREG?`, `+CEREG: 1` is news from the network), so no list
/// of URC names can distinguish them: the pending command does.
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
pub struct Grammar {
    shapes: Vec<Shape>,
    /// Whether any final result of the standards ends it.
    any_result: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// Lines that start with one of these.
    Starts(&'static [&'static str]),
    /// `+NAME:` and bare text; the name with its sign.
    Named(String),
    /// Lines with a possible command name, and all lines that are no URC.
    Anything,
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
            return Self::new(Vec::new());
        };
        let mut grammar = Self::new(Vec::new());
        for part in split_commands(body) {
            let name = name_of(part);
            match Command::decode(format!("AT{part}").as_bytes()) {
                Ok(command) if !matches!(command, Command::General(General::Other(_))) => {
                    grammar.shapes.extend(Self::of(&command).shapes);
                }
                _ => {
                    grammar.any_result = true;
                    grammar.shapes.extend(shape_of_unknown(name));
                }
            }
        }
        grammar
    }

    fn new(shapes: Vec<Shape>) -> Self {
        Self {
            shapes,
            any_result: false,
        }
    }

    /// Whether this information line is part of the answer.
    pub fn accepts(&self, line: &[u8]) -> bool {
        self.shapes.iter().any(|shape| shape.accepts(line))
    }

    /// The final result in this line, if it can be that of the command.
    ///
    /// Any command is ended by `OK`, `ERROR` and `+CME ERROR`, and by a number, as after `ATV0`, that
    /// cannot be part of its answer. What else the standards know ends only commands that are not
    /// of the dialect, as a module may print it unasked.
    ///
    /// ```
    /// use m531x_at::command::Grammar;
    /// use m531x_at::response::FinalResult;
    ///
    /// let call = Grammar::for_line("ATD*99#");
    /// assert!(call.result(b"NO CARRIER").is_some());
    /// let signal = Grammar::for_line("AT+CSQ");
    /// assert_eq!(signal.result(b"NO CARRIER"), None);
    /// assert_eq!(signal.result(b"0"), Some(FinalResult::Ok));
    /// ```
    pub fn result(&self, line: &[u8]) -> Option<FinalResult> {
        let words = if self.any_result {
            FinalResult::parse_any(line)
        } else {
            FinalResult::parse(line)
        };
        words.or_else(|| FinalResult::parse_numeric(line).filter(|_| !self.accepts(line)))
    }

    pub(super) fn of(command: &Command) -> Self {
        let shape = match command {
            Command::MqttCfgRead => Shape::Starts(&["+MQTTCFG:", "AT+MQTTCFG:"]),
            Command::MqttStatRead => Shape::Starts(&["+MQTTSTAT:"]),
            Command::MqttSubRead => Shape::TopicList,
            Command::General(General::Other(text)) => {
                let shape = shape_of_unknown(name_of(text.expose()));
                return Self {
                    shapes: shape.into_iter().collect(),
                    any_result: true,
                };
            }
            Command::General(general) => {
                return Self::new(general_shape(general).into_iter().collect());
            }
            Command::MqttCfg(_)
            | Command::MqttOpen(_)
            | Command::MqttSub(_)
            | Command::MqttPub(_)
            | Command::MqttUnsub(_)
            | Command::MqttDisc
            | Command::MqttDel
            | Command::MqttTo(_)
            | Command::MqttPing(_)
            | Command::MqttRec(_) => return Self::new(Vec::new()),
        };
        Self::new(vec![shape])
    }
}

impl Shape {
    fn accepts(&self, line: &[u8]) -> bool {
        match self {
            Self::Starts(starts) => starts
                .iter()
                .any(|start| line.starts_with(start.as_bytes())),
            Self::Named(name) => accepts_named(name, line),
            Self::Anything => accepts_anything(line),
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
        | General::Reboot(_)
        | General::Other(_) => return None,
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
    })
}

/// What a command that is not of the dialect answers with.
fn shape_of_unknown(name: String) -> Option<Shape> {
    const LISTS: [&str; 5] = ["+CLAC", "&V", "&V0", "&V1", "+HELP"];
    if LISTS.iter().any(|list| name.eq_ignore_ascii_case(list)) {
        return Some(Shape::Anything);
    }
    // How results are printed has no answer but the result, perhaps as a number.
    let verbosity = ["V", "V0", "V1", "Q", "Q0", "Q1"];
    let silent = verbosity.iter().any(|one| name.eq_ignore_ascii_case(one));
    (!silent).then_some(Shape::Named(name))
}

/// A known URC stays a URC; the bare name of a command, which could be one, is an entry of the list.
fn accepts_anything(line: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+*^$%&#_-".contains(byte);
    let bare = line.iter().all(is_name);
    !line.is_empty() && FinalResult::parse(line).is_none() && (bare || Urc::parse(line).is_none())
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

pub(super) fn name_of(body: &str) -> String {
    body.split(['=', '?'])
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Splits at the semicolons outside quotes.
pub(super) fn split_commands(body: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    body.split(move |character| {
        quoted ^= character == '"';
        character == ';' && !quoted
    })
}
