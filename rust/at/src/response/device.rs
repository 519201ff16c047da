//! Answers about the module and its SIM.

use super::{line, small_numbers};
use crate::fields::{unquote, value};
use crate::profile::{IccidForm, Profile};

/// `+CFUN:n` (3GPP TS 27.007, 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionalityLine {
    /// 0 minimum, 1 full.
    pub level: u8,
}

impl FunctionalityLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let ([level], _) = small_numbers(value(text, "+CFUN")?)?;
        Some(Self { level })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CFUN", self.level, profile)
    }
}

/// `+CMEE:n`: how errors are reported (3GPP TS 27.007, 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorReportLine {
    /// 0 as `ERROR`, 1 as numbers, 2 as texts.
    pub level: u8,
}

impl ErrorReportLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let ([level], _) = small_numbers(value(text, "+CMEE")?)?;
        Some(Self { level })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CMEE", self.level, profile)
    }
}

/// `+NPSMR:n[,mode]`, the answer to `AT+NPSMR?` (Hi21xx).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PsmReportLine {
    /// Whether changes are reported.
    pub reporting: bool,
    /// 1 in power saving mode; only printed while changes are reported.
    pub mode: Option<u8>,
}

impl PsmReportLine {
    /// Reads the line; `+NPSMR:1` alone is the URC.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match small_numbers(value(text, "+NPSMR")?)? {
            ([reporting @ 0..=1, mode], 2) => Some(Self {
                reporting: reporting == 1,
                mode: Some(mode),
            }),
            ([0, _], 1) => Some(Self {
                reporting: false,
                mode: None,
            }),
            _ => None,
        }
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        let reporting = u8::from(self.reporting);
        match self.mode {
            Some(mode) => line("+NPSMR", format_args!("{reporting},{mode}"), profile),
            None => line("+NPSMR", reporting, profile),
        }
    }
}

/// `+CPIN:...` (3GPP TS 27.007, 8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinLine {
    /// `READY`, `SIM PIN`, ...
    pub state: String,
}

impl PinLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let state = text_value(text, "+CPIN")?;
        (!state.is_empty()).then_some(Self { state })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CPIN", &self.state, profile)
    }
}

/// `+CCLK:...` (3GPP TS 27.007, 8.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockLine {
    /// The time as printed, such as `26/11/22,16:30:00+32`; zone in quarters of an hour.
    pub time: String,
}

impl ClockLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Some(Self {
            time: text_value(text, "+CCLK")?,
        })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CCLK", format_args!("\"{}\"", self.time), profile)
    }
}

/// The IMEI: bare digits, or after `+CGSN:` or `+GSN:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImeiLine {
    /// The digits, 15 of them.
    pub imei: String,
}

impl ImeiLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = value(text, "+CGSN")
            .or_else(|| value(text, "+GSN"))
            .unwrap_or(text);
        // 14 digits without the check digit, 16 with the software version.
        Some(Self {
            imei: digits_of(digits, 14..=16)?,
        })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CGSN", &self.imei, profile)
    }
}

/// The IMSI: bare digits (3GPP TS 27.007, 5.6), or after `+CIMI:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImsiLine {
    /// The digits, 15 or fewer.
    pub imsi: String,
}

impl ImsiLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Some(Self {
            imsi: digits_of(value(text, "+CIMI").unwrap_or(text), 6..=15)?,
        })
    }

    /// The line; every model prints the digits alone.
    pub fn encode(&self, _profile: &Profile) -> String {
        self.imsi.clone()
    }
}

/// The SIM's serial number, after `+NCCID:` (M5310-A) or `+ICCID:` (M5311).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IccidLine {
    /// The digits; cards of some operators hold letters A to F.
    pub iccid: String,
}

impl IccidLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = value(text, "+NCCID").or_else(|| value(text, "+ICCID"))?;
        let digits = unquote(digits.trim_ascii_end());
        let plausible =
            (18..=20).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
        let iccid = std::str::from_utf8(digits).ok().filter(|_| plausible)?;
        Some(Self {
            iccid: iccid.to_owned(),
        })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        let name = match profile.iccid_command {
            IccidForm::Nccid => "+NCCID",
            IccidForm::Iccid => "+ICCID",
        };
        line(name, &self.iccid, profile)
    }
}

fn text_value(text: &[u8], name: &str) -> Option<String> {
    let text = unquote(value(text, name)?.trim_ascii_end());
    Some(String::from_utf8_lossy(text).into_owned())
}

fn digits_of(text: &[u8], lengths: std::ops::RangeInclusive<usize>) -> Option<String> {
    let digits = unquote(text.trim_ascii_end());
    let plausible = lengths.contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits)
        .ok()
        .filter(|_| plausible)
        .map(str::to_owned)
}
