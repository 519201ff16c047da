//! Answers about the network (3GPP TS 27.007).

use super::{line, small_numbers};
use crate::fields::{Field, Fields, value};
use crate::profile::Profile;

/// `+CSQ:rssi,ber`, raw (27.007, 8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalLine {
    /// 0 to 31 for -113 to -51 dBm, 99 unknown.
    pub rssi: u8,
    /// Bit error rate class 0 to 7, 99 unknown.
    pub ber: u8,
}

impl SignalLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match small_numbers(value(text, "+CSQ")?)? {
            ([rssi, ber], 2) => Some(Self { rssi, ber }),
            _ => None,
        }
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CSQ", format_args!("{},{}", self.rssi, self.ber), profile)
    }

    /// The signal in dBm, if known.
    pub fn rssi_dbm(self) -> Option<i16> {
        (self.rssi <= 31).then(|| -113 + 2 * i16::from(self.rssi))
    }
}

/// `+CEREG:n,stat[,...]`, the answer to `AT+CEREG?` (27.007, 10.1.22); one number alone is the URC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationLine {
    /// Which changes are reported, 0 to 5.
    pub reporting: u8,
    /// 1 home, 5 roaming: registered.
    pub stat: u8,
}

impl RegistrationLine {
    /// Reads the line.
    ///
    /// The URC `+CEREG: stat,tac,...` has a second field too: the tracking area, in quotes or four
    /// hex digits; the status is at most two digits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let list = value(text, "+CEREG")?;
        let ([reporting @ 0..=5, stat], 2) = small_numbers(list)? else {
            return None;
        };
        let short = Fields::new(list)
            .nth(1)
            .is_some_and(|field| field.text.len() <= 2);
        short.then_some(Self { reporting, stat })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line(
            "+CEREG",
            format_args!("{},{}", self.reporting, self.stat),
            profile,
        )
    }

    /// Whether the module is registered (1 home, 5 roaming).
    pub fn is_registered(self) -> bool {
        matches!(self.stat, 1 | 5)
    }
}

/// `+CSCON:n,mode`, the answer to `AT+CSCON?` (27.007, 10.1.30); one number alone is the URC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RadioConnectionLine {
    /// Which changes are reported.
    pub reporting: u8,
    /// 1 connected, 0 idle.
    pub mode: u8,
}

impl RadioConnectionLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match small_numbers(value(text, "+CSCON")?)? {
            ([reporting, mode], 2) => Some(Self { reporting, mode }),
            _ => None,
        }
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line(
            "+CSCON",
            format_args!("{},{}", self.reporting, self.mode),
            profile,
        )
    }
}

/// `+CGATT:state` (27.007, 10.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachLine {
    /// Whether the module is attached.
    pub attached: bool,
}

impl AttachLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match small_numbers(value(text, "+CGATT")?)? {
            ([state @ 0..=1], _) => Some(Self {
                attached: state == 1,
            }),
            _ => None,
        }
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        line("+CGATT", u8::from(self.attached), profile)
    }
}

/// `+CGPADDR:cid[,address]` (27.007, 10.1.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressLine {
    /// The context.
    pub cid: u8,
    /// Its address, quotes taken off; `None` when there is none.
    pub address: Option<String>,
}

impl AddressLine {
    /// Reads the line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(value(text, "+CGPADDR")?);
        let cid = u8::try_from(fields.next()?.number()?).ok()?;
        let address = fields.next().and_then(Field::str);
        Some(Self {
            cid,
            address: address.filter(|text| !text.is_empty()).map(str::to_owned),
        })
    }

    /// The line as a module of this profile prints it.
    pub fn encode(&self, profile: &Profile) -> String {
        match &self.address {
            Some(address) => line("+CGPADDR", format_args!("{},{address}", self.cid), profile),
            None => line("+CGPADDR", self.cid, profile),
        }
    }
}
