//! Commands that are not MQTT (3GPP TS 27.007 and the vendors').

use std::fmt;

use super::decode::DecodeError;
use crate::fields::number;
use crate::profile::IccidForm;
use crate::redact::redact;

/// A command that is not MQTT.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum General {
    /// `AT`: answers OK and nothing else.
    At,
    /// `ATE0` and `ATE1`: echo off and on.
    Echo(bool),
    /// `AT+CMEE=n`: 0 ERROR only, 1 numbers, 2 texts.
    CmeeSet(u8),
    /// `AT+CMEE?`.
    CmeeRead,
    /// `AT+CGMI`.
    Manufacturer,
    /// `AT+CGMM`.
    ModelId,
    /// `ATI`.
    Identification,
    /// `AT+SWVER`.
    SoftwareVersion,
    /// `AT+CMVER`.
    FirmwareVersion,
    /// `AT+CGMR`.
    Revision,
    /// `AT+CGSN=1`.
    Imei,
    /// `AT+GSN`.
    Gsn,
    /// `AT+CIMI`.
    Imsi,
    /// `AT+NCCID` or `AT+ICCID`.
    Iccid(IccidForm),
    /// `AT+CFUN?`.
    FunctionalityRead,
    /// `AT+CFUN=n`: 0 minimum, 1 full; may take 90 s on an M5310-A.
    FunctionalitySet(u8),
    /// `AT+CPIN?`.
    PinRead,
    /// `AT+CSQ`.
    SignalQuality,
    /// `AT+CEREG?`.
    RegistrationRead,
    /// `AT+CEREG=n`.
    RegistrationSet(u8),
    /// `AT+CGATT?`.
    AttachRead,
    /// `AT+CGATT=n`.
    AttachSet(bool),
    /// `AT+CGPADDR` or `AT+CGPADDR=cid`.
    Address {
        /// The context asked for; all when `None`.
        cid: Option<u8>,
    },
    /// `AT+CCLK?`.
    Clock,
    /// `AT+CSCON?`.
    ConnectionStatusRead,
    /// `AT+CSCON=n`.
    ConnectionStatusSet(u8),
    /// `AT+NPSMR?`.
    PsmReportRead,
    /// `AT+NPSMR=n`.
    PsmReportSet(u8),
    /// `AT+SM=...` (M5311).
    SleepMode(SleepMode),
    /// `AT+NRB` or `AT+CMRB`.
    Reboot(RebootForm),
    /// Another general command, recognised by its name: everything after `AT`.
    Other(Typed),
}

/// A command as text, which may hold a PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed(String);

impl Typed {
    /// The text with any secret in it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Typed {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Typed {
    /// Without passwords and PINs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = redact(self.0.as_bytes());
        write!(f, "{:?}", String::from_utf8_lossy(&shown))
    }
}

/// Commands that are known by name and carried as text: this crate does not need their meaning.
const OTHER: [&str; 12] = [
    "AT+CMSYSCTRL",
    "AT+CLPLMN",
    "AT*CMBAND",
    "AT+CEDRXS",
    "AT+NATSPEED",
    "AT+CPSMS",
    "AT+NUESTATS",
    "AT+CGDCONT",
    "AT+COPS",
    "AT+CGACT",
    "AT+IPR",
    "AT+CMDNS",
];

impl General {
    /// Reads what follows `AT`.
    pub(super) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let body = std::str::from_utf8(body)
            .map_err(|_| DecodeError::Unknown)?
            .trim_end();
        let upper = body.to_ascii_uppercase();
        if let Some(fixed) = Self::decode_fixed(&upper) {
            return Ok(fixed);
        }
        let (name, argument) = match upper.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (upper.trim_end_matches('?'), None),
        };
        let digit = argument.and_then(|text| number(text.as_bytes()));
        let level = digit.and_then(|digit| u8::try_from(digit).ok());
        match (name, level) {
            ("+CMEE", Some(level @ 0..=2)) => return Ok(Self::CmeeSet(level)),
            ("+CFUN", Some(level)) => return Ok(Self::FunctionalitySet(level)),
            ("+CEREG", Some(level)) => return Ok(Self::RegistrationSet(level)),
            ("+CGATT", Some(level @ 0..=1)) => return Ok(Self::AttachSet(level == 1)),
            ("+CGPADDR", Some(cid)) => return Ok(Self::Address { cid: Some(cid) }),
            ("+CSCON", Some(level)) => return Ok(Self::ConnectionStatusSet(level)),
            ("+NPSMR", Some(level)) => return Ok(Self::PsmReportSet(level)),
            _ => {}
        }
        let name = format!("AT{name}");
        if OTHER.contains(&name.as_str()) || TYPED.contains(&name.as_str()) {
            return Ok(Self::Other(Typed(body.to_owned())));
        }
        Err(DecodeError::Unknown)
    }

    /// The name with its prefix; `AT` for a text whose name is not one of dialect.
    pub fn name(&self) -> &'static str {
        match self {
            Self::At => "AT",
            Self::Echo(_) => "ATE",
            Self::CmeeSet(_) | Self::CmeeRead => "AT+CMEE",
            Self::Manufacturer => "AT+CGMI",
            Self::ModelId => "AT+CGMM",
            Self::Identification => "ATI",
            Self::SoftwareVersion => "AT+SWVER",
            Self::FirmwareVersion => "AT+CMVER",
            Self::Revision => "AT+CGMR",
            Self::Imei => "AT+CGSN",
            Self::Gsn => "AT+GSN",
            Self::Imsi => "AT+CIMI",
            Self::Iccid(IccidForm::Nccid) => "AT+NCCID",
            Self::Iccid(IccidForm::Iccid) => "AT+ICCID",
            Self::FunctionalityRead | Self::FunctionalitySet(_) => "AT+CFUN",
            Self::PinRead => "AT+CPIN",
            Self::SignalQuality => "AT+CSQ",
            Self::RegistrationRead | Self::RegistrationSet(_) => "AT+CEREG",
            Self::AttachRead | Self::AttachSet(_) => "AT+CGATT",
            Self::Address { .. } => "AT+CGPADDR",
            Self::Clock => "AT+CCLK",
            Self::ConnectionStatusRead | Self::ConnectionStatusSet(_) => "AT+CSCON",
            Self::PsmReportRead | Self::PsmReportSet(_) => "AT+NPSMR",
            Self::SleepMode(_) => "AT+SM",
            Self::Reboot(RebootForm::Nrb) => "AT+NRB",
            Self::Reboot(RebootForm::Cmrb) => "AT+CMRB",
            Self::Other(text) => {
                let name = text.0.split(['=', '?']).next().unwrap_or_default();
                OTHER
                    .iter()
                    .chain(&TYPED)
                    .find(|known| known[2..].eq_ignore_ascii_case(name))
                    .copied()
                    .unwrap_or("AT")
            }
        }
    }

    /// The whole command.
    pub(super) fn text(&self) -> String {
        let name = self.name();
        match self {
            Self::At
            | Self::Manufacturer
            | Self::ModelId
            | Self::Identification
            | Self::SoftwareVersion
            | Self::FirmwareVersion
            | Self::Revision
            | Self::Gsn
            | Self::Imsi
            | Self::Iccid(_)
            | Self::SignalQuality
            | Self::Address { cid: None }
            | Self::Reboot(_) => name.to_owned(),
            Self::CmeeRead
            | Self::FunctionalityRead
            | Self::PinRead
            | Self::RegistrationRead
            | Self::AttachRead
            | Self::Clock
            | Self::ConnectionStatusRead
            | Self::PsmReportRead => format!("{name}?"),
            Self::Echo(on) => format!("{name}{}", u8::from(*on)),
            Self::Imei => format!("{name}=1"),
            Self::AttachSet(on) => format!("{name}={}", u8::from(*on)),
            Self::CmeeSet(level)
            | Self::FunctionalitySet(level)
            | Self::RegistrationSet(level)
            | Self::ConnectionStatusSet(level)
            | Self::PsmReportSet(level)
            | Self::Address { cid: Some(level) } => format!("{name}={level}"),
            Self::SleepMode(mode) => format!("{name}={}", mode.word()),
            Self::Other(text) => format!("AT{}", text.0),
        }
    }

    fn decode_fixed(upper: &str) -> Option<Self> {
        Some(match upper {
            "" => Self::At,
            "E" | "E0" => Self::Echo(false),
            "E1" => Self::Echo(true),
            "I" | "I0" => Self::Identification,
            "+CMEE?" => Self::CmeeRead,
            "+CGMI" => Self::Manufacturer,
            "+CGMM" => Self::ModelId,
            "+CGMR" => Self::Revision,
            "+SWVER" | "+SWVER?" => Self::SoftwareVersion,
            "+CMVER" | "+CMVER?" => Self::FirmwareVersion,
            "+CGSN=1" => Self::Imei,
            "+GSN" => Self::Gsn,
            "+CIMI" => Self::Imsi,
            "+NCCID" | "+NCCID?" => Self::Iccid(IccidForm::Nccid),
            "+ICCID" | "+ICCID?" => Self::Iccid(IccidForm::Iccid),
            "+CFUN?" => Self::FunctionalityRead,
            "+CPIN?" => Self::PinRead,
            "+CSQ" => Self::SignalQuality,
            "+CEREG?" => Self::RegistrationRead,
            "+CGATT?" => Self::AttachRead,
            "+CGPADDR" => Self::Address { cid: None },
            "+CCLK?" => Self::Clock,
            "+CSCON?" => Self::ConnectionStatusRead,
            "+NPSMR?" => Self::PsmReportRead,
            "+SM=LOCK" => Self::SleepMode(SleepMode::Lock),
            "+SM=LOCK_FOREVER" => Self::SleepMode(SleepMode::LockForever),
            "+SM=UNLOCK" => Self::SleepMode(SleepMode::Unlock),
            "+SM=UNLOCK_FOREVER" => Self::SleepMode(SleepMode::UnlockForever),
            "+NRB" => Self::Reboot(RebootForm::Nrb),
            "+CMRB" => Self::Reboot(RebootForm::Cmrb),
            _ => return None,
        })
    }
}

/// Commands with variants of their own whose rarer forms (such as `=?`) are carried as text.
const TYPED: [&str; 13] = [
    "AT+CMEE",
    "AT+CGSN",
    "AT+CFUN",
    "AT+CPIN",
    "AT+CSQ",
    "AT+CEREG",
    "AT+CGATT",
    "AT+CGPADDR",
    "AT+CCLK",
    "AT+CSCON",
    "AT+NPSMR",
    "AT+SM",
    "AT+CIMI",
];

/// What `AT+SM` says about sleeping (M5311 specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SleepMode {
    /// `LOCK`: awake until the next reboot.
    Lock,
    /// `LOCK_FOREVER`: awake over reboots.
    LockForever,
    /// `UNLOCK`: may sleep until the next reboot.
    Unlock,
    /// `UNLOCK_FOREVER`: may sleep over reboots.
    UnlockForever,
}

impl SleepMode {
    fn word(self) -> &'static str {
        match self {
            Self::Lock => "LOCK",
            Self::LockForever => "LOCK_FOREVER",
            Self::Unlock => "UNLOCK",
            Self::UnlockForever => "UNLOCK_FOREVER",
        }
    }
}

/// The command that reboots a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RebootForm {
    /// `AT+NRB` (M5310-A).
    Nrb,
    /// `AT+CMRB` (M5311).
    Cmrb,
}
