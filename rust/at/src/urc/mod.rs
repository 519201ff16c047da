//! Unsolicited result codes: what the module says by itself.
//!
//! [`Urc::parse`] knows every spelling found in the manual, the M5311 specification, firmware and
//! captures, and never allocates. One file per family.
//!
//! ```
//! use m531x_at::urc::{AckNumbers, Urc};
//!
//! let manual = Urc::parse(b"+MQTTPUBREC:10,0");
//! let elsewhere_in_the_manual = Urc::parse(b"+MQTTPUBREC: 0,14");
//! assert_eq!(manual, Some(Urc::PubRec(AckNumbers { first: 10, second: Some(0) })));
//! assert_eq!(elsewhere_in_the_manual, Some(Urc::PubRec(AckNumbers { first: 0, second: Some(14) })));
//! assert_eq!(Urc::parse(b"+CSQ:20,99"), None);
//! ```

mod acks;
mod boot;
mod connection;
mod network;
mod publish;
mod subscription;

pub use acks::AckNumbers;
pub use connection::{OpenOutcome, TimeoutKind};
pub use network::Registration;
pub use publish::Publish;

use crate::fields::{number, trim_start};
use crate::profile::Profile;

/// A line the module says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Urc<'a> {
    /// A message arrived; made by the framer alone, for the payload may hold line ends.
    Publish(Publish<'a>),
    /// How connecting ended, or that the module reconnected by itself.
    Open(OpenOutcome),
    /// The broker answered a subscription.
    SubAck {
        /// The packet id.
        packet_id: u16,
        /// 0 to 2 the granted QoS, 128 refused.
        code: u8,
        /// The filter, if the firmware prints it.
        filter: Option<&'a [u8]>,
    },
    /// The broker answered the end of a subscription.
    UnsubAck {
        /// The packet id.
        packet_id: u16,
        /// The filter, if the firmware prints it.
        filter: Option<&'a [u8]>,
    },
    /// QoS 1: published.
    PubAck(AckNumbers),
    /// QoS 2: received.
    PubRec(AckNumbers),
    /// QoS 2: released.
    PubRel(AckNumbers),
    /// QoS 2: published.
    PubComp(AckNumbers),
    /// The connection ended, for any cause.
    Disc,
    /// The module tries to reconnect.
    Rec {
        /// The number of the attempt, from 0.
        attempt: u32,
    },
    /// An ack is late.
    Timeout(TimeoutKind),
    /// The broker answered a ping.
    PingResponse,
    /// A line of the boot banner.
    Boot(&'a [u8]),
    /// `*ATREADY: 1`: booted and ready for commands (M5311).
    Ready,
    /// `+CEREG:stat[,...]`.
    Registration(Registration<'a>),
    /// `+CPIN: ...`.
    SimState(&'a [u8]),
    /// `+IP: ...`.
    Ip(&'a [u8]),
    /// `*GOTOSLEEP` (M5311).
    Sleep,
    /// `*MATWAKEUP`, `*WAKEUP` (M5311).
    Wake,
    /// `+CFUN: n`.
    Functionality(u8),
    /// `+CSCON:n`: whether the radio connection is up.
    RadioConnection {
        /// 1 is connected, 0 idle.
        mode: u8,
    },
    /// `+NPSMR:n`: whether the module is in power saving mode.
    PowerSaving {
        /// 1 is in power saving mode.
        mode: u8,
    },
}

impl<'a> Urc<'a> {
    /// Recognises a URC; does not allocate. `+MQTTPUBLISH` is the framer's and never recognised here.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        match line.first()? {
            b'+' => {
                let (name, value) = match memchr::memchr(b':', line) {
                    Some(colon) => (&line[..colon], trim_start(&line[colon + 1..])),
                    None => (line.trim_ascii_end(), &[][..]),
                };
                match name.strip_prefix(b"+MQTT") {
                    Some(name) => Self::parse_mqtt(name, value),
                    None => network::parse(line, name, value),
                }
            }
            b'*' => boot::parse_star(line),
            _ => boot::parse_banner(line),
        }
    }

    /// Appends the line as a module of this profile prints it, with the final CR LF and no CR LF in front.
    pub fn encode(&self, profile: &Profile, out: &mut Vec<u8>) {
        match self {
            Self::Publish(publish) => {
                publish.encode(profile, out);
                return;
            }
            Self::Boot(text) => out.extend_from_slice(text),
            Self::Ready => out.extend_from_slice(b"*ATREADY: 1"),
            Self::Sleep | Self::Wake => out.extend_from_slice(self.name().as_bytes()),
            _ => {
                start(self.name(), profile, out);
                self.encode_value(out);
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The name, such as `+MQTTSUBACK`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Publish(_) => "+MQTTPUBLISH",
            Self::Open(_) => "+MQTTOPEN",
            Self::SubAck { .. } => "+MQTTSUBACK",
            Self::UnsubAck { .. } => "+MQTTUNSUBACK",
            Self::PubAck(_) => "+MQTTPUBACK",
            Self::PubRec(_) => "+MQTTPUBREC",
            Self::PubRel(_) => "+MQTTPUBREL",
            Self::PubComp(_) => "+MQTTPUBCOMP",
            Self::Disc => "+MQTTDISC",
            Self::Rec { .. } => "+MQTTREC",
            Self::Timeout(_) => "+MQTTTO",
            Self::PingResponse => "+MQTTPINGRSP",
            Self::Boot(_) => "boot",
            Self::Ready => "*ATREADY",
            Self::Registration(_) => "+CEREG",
            Self::SimState(_) => "+CPIN",
            Self::Ip(_) => "+IP",
            Self::Sleep => "*GOTOSLEEP",
            Self::Wake => "*MATWAKEUP",
            Self::Functionality(_) => "+CFUN",
            Self::RadioConnection { .. } => "+CSCON",
            Self::PowerSaving { .. } => "+NPSMR",
        }
    }

    /// Whether the module has just started: it has lost all earlier settings.
    pub fn is_boot(&self) -> bool {
        matches!(self, Self::Boot(_) | Self::Ready)
    }

    fn parse_mqtt(name: &[u8], value: &'a [u8]) -> Option<Self> {
        match name {
            b"PUBACK" => AckNumbers::parse(value).map(Self::PubAck),
            b"PUBREC" => AckNumbers::parse(value).map(Self::PubRec),
            b"PUBREL" => AckNumbers::parse(value).map(Self::PubRel),
            b"PUBCOMP" => AckNumbers::parse(value).map(Self::PubComp),
            b"SUBACK" => subscription::parse_suback(value),
            b"UNSUBACK" => subscription::parse_unsuback(value),
            b"OPEN" | b"CONACK" => connection::parse_open(value).map(Self::Open),
            b"DISC" => is_ok_or_empty(value).then_some(Self::Disc),
            b"REC" => number(value.trim_ascii_end()).map(|attempt| Self::Rec { attempt }),
            b"TO" => number(value.trim_ascii_end()).map(|kind| Self::Timeout(kind.into())),
            // Manual 1.10 and 2.4 spell it differently, and both are real.
            b"PINGRSP" | b"PINGRESP" => is_ok_or_empty(value).then_some(Self::PingResponse),
            _ => None,
        }
    }

    fn encode_value(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open(outcome) => outcome.encode(out),
            Self::SubAck {
                packet_id,
                code,
                filter,
            } => {
                subscription::encode_suback(*packet_id, *code, *filter, out);
            }
            Self::UnsubAck { packet_id, filter } => {
                subscription::encode_unsuback(*packet_id, *filter, out);
            }
            Self::PubAck(numbers)
            | Self::PubRec(numbers)
            | Self::PubRel(numbers)
            | Self::PubComp(numbers) => numbers.encode(out),
            Self::Disc | Self::PingResponse => out.extend_from_slice(b"OK"),
            Self::Rec { attempt } => append_number(*attempt, out),
            Self::Timeout(kind) => append_number((*kind).into(), out),
            Self::Registration(registration) => registration.encode(out),
            Self::SimState(text) | Self::Ip(text) => out.extend_from_slice(text),
            Self::Functionality(level) => append_number((*level).into(), out),
            Self::RadioConnection { mode } | Self::PowerSaving { mode } => {
                append_number((*mode).into(), out);
            }
            Self::Publish(_) | Self::Boot(_) | Self::Ready | Self::Sleep | Self::Wake => {}
        }
    }
}

/// The name, the colon and the space the profile puts there.
fn start(name: &str, profile: &Profile, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    if profile.colon_space {
        out.push(b' ');
    }
}

fn append_number(number: u32, out: &mut Vec<u8>) {
    let mut divisor = 1;
    while number / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        // A remainder of a division by ten is one digit.
        out.push(b'0' + u8::try_from(number / divisor % 10).unwrap_or_default());
        divisor /= 10;
    }
}

fn is_ok_or_empty(value: &[u8]) -> bool {
    matches!(value.trim_ascii_end(), b"" | b"OK")
}
