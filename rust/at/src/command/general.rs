//! Commands that are not MQTT (3GPP TS 27.007 and the vendors').

use crate::profile::IccidForm;

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
    Other(String),
}

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

/// The command that reboots a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RebootForm {
    /// `AT+NRB` (M5310-A).
    Nrb,
    /// `AT+CMRB` (M5311).
    Cmrb,
}
