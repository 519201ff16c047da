//! Answers about the module and its SIM.

use crate::profile::Profile;

/// `+CFUN:n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionalityLine {
    /// 0 minimum, 1 full.
    pub level: u8,
}

/// `+CPIN:...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinLine {
    /// `READY`, `SIM PIN`, ...
    pub state: String,
}

/// The IMEI, bare or after `+CGSN:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImeiLine {
    /// The digits.
    pub imei: String,
}

/// The IMSI, bare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImsiLine {
    /// The digits.
    pub imsi: String,
}

/// `+NCCID:...` or `+ICCID:...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IccidLine {
    /// The digits.
    pub iccid: String,
}

macro_rules! skeleton {
    ($($type:ty),*) => {$(
        impl $type {
            /// Reads the line.
            pub fn parse(line: &[u8]) -> Option<Self> {
                let _ = line;
                todo!()
            }

            /// The line as a module of this profile prints it.
            pub fn encode(&self, profile: &Profile) -> String {
                let _ = profile;
                todo!()
            }
        }
    )*};
}

skeleton!(FunctionalityLine, PinLine, ImeiLine, ImsiLine, IccidLine);
