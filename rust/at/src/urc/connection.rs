//! `+MQTTOPEN`, `+MQTTCONACK` and `+MQTTTO` (manual 1.2, 1.9; M5311 specification; firmware).

use super::append_number;
use crate::fields::Fields;

/// How `AT+MQTTOPEN` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// `OK` (manual 1.2).
    Accepted,
    /// `FAIL` (firmware, M5311 specification).
    Failed,
    /// The code of CONNACK (M5311 specification): 0 accepted, 1 to 5 refused (MQTT 3.1.1, 3.2.2.3).
    ReturnCode {
        /// The code.
        code: u8,
        /// Whether the broker kept a session.
        session_present: bool,
    },
}

impl OpenOutcome {
    /// Whether the module is connected now.
    pub fn is_connected(self) -> bool {
        matches!(self, Self::Accepted | Self::ReturnCode { code: 0, .. })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Accepted => out.extend_from_slice(b"OK"),
            Self::Failed => out.extend_from_slice(b"FAIL"),
            Self::ReturnCode {
                code,
                session_present,
            } => {
                append_number(code.into(), out);
                out.push(b',');
                append_number(session_present.into(), out);
            }
        }
    }
}

/// Which ack is late (manual 1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// 1: connecting.
    Connect,
    /// 2: publishing.
    Publish,
    /// 3: subscribing.
    Subscribe,
    /// 4: unsubscribing.
    Unsubscribe,
    /// 5: ping.
    Ping,
    /// 6: other.
    Other,
    /// A number without a meaning.
    Unknown(u32),
}

impl From<u32> for TimeoutKind {
    fn from(number: u32) -> Self {
        match number {
            1 => Self::Connect,
            2 => Self::Publish,
            3 => Self::Subscribe,
            4 => Self::Unsubscribe,
            5 => Self::Ping,
            6 => Self::Other,
            other => Self::Unknown(other),
        }
    }
}

impl From<TimeoutKind> for u32 {
    fn from(kind: TimeoutKind) -> Self {
        match kind {
            TimeoutKind::Connect => 1,
            TimeoutKind::Publish => 2,
            TimeoutKind::Subscribe => 3,
            TimeoutKind::Unsubscribe => 4,
            TimeoutKind::Ping => 5,
            TimeoutKind::Other => 6,
            TimeoutKind::Unknown(other) => other,
        }
    }
}

pub(super) fn parse_open(value: &[u8]) -> Option<OpenOutcome> {
    match value.trim_ascii_end() {
        b"OK" => return Some(OpenOutcome::Accepted),
        b"FAIL" => return Some(OpenOutcome::Failed),
        _ => {}
    }
    let mut fields = Fields::new(value);
    let code = u8::try_from(fields.next()?.number()?).ok()?;
    let session_present = match fields.next() {
        Some(field) => field.number()? != 0,
        None => false,
    };
    fields.is_done().then_some(OpenOutcome::ReturnCode {
        code,
        session_present,
    })
}
