//! Answers about the network.

use crate::profile::Profile;

/// `+CSQ:rssi,ber`, raw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalLine {
    /// 0 to 31, 99 unknown.
    pub rssi: u8,
    /// 0 to 7, 99 unknown.
    pub ber: u8,
}

/// `+CEREG:n,stat`, the answer to `AT+CEREG?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationLine {
    /// Which changes are reported.
    pub reporting: u8,
    /// 1 home, 5 roaming: registered.
    pub stat: u8,
}

/// `+CGATT:state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachLine {
    /// Whether the module is attached.
    pub attached: bool,
}

/// `+CGPADDR:cid[,address]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressLine {
    /// The context.
    pub cid: u8,
    /// Its address; `None` when there is none.
    pub address: Option<String>,
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

skeleton!(SignalLine, RegistrationLine, AttachLine, AddressLine);

impl SignalLine {
    /// The signal in dBm, if known.
    pub fn rssi_dbm(self) -> Option<i16> {
        (self.rssi <= 31).then(|| -113 + 2 * i16::from(self.rssi))
    }
}

impl RegistrationLine {
    /// Whether the module is registered (1 home, 5 roaming).
    pub fn is_registered(self) -> bool {
        matches!(self.stat, 1 | 5)
    }
}
