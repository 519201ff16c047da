//! `+CEREG`, `+CSCON`, `+CPIN`, `+CFUN`, `+NPSMR` and `+IP`: news of the network and the SIM.

use super::{Urc, append_number};
use crate::fields::{number, trim_start};
use crate::response::RegistrationLine;

/// The state of the registration (3GPP TS 27.007, 10.1.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration<'a> {
    /// 1 home, 5 roaming: registered.
    pub stat: u8,
    /// What follows: area, cell and technology.
    pub rest: Option<&'a [u8]>,
}

impl Registration<'_> {
    /// Whether the module is registered (1 home, 5 roaming).
    pub fn is_registered(self) -> bool {
        matches!(self.stat, 1 | 5)
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        append_number(self.stat.into(), out);
        if let Some(rest) = self.rest {
            out.push(b',');
            out.extend_from_slice(rest);
        }
    }
}

pub(super) fn parse<'a>(line: &'a [u8], name: &[u8], value: &'a [u8]) -> Option<Urc<'a>> {
    match name {
        b"+CEREG" => parse_registration(line, value).map(Urc::Registration),
        // Two numbers are the answer to the read command.
        b"+CSCON" => small(value).map(|mode| Urc::RadioConnection { mode }),
        b"+NPSMR" => small(value).map(|mode| Urc::PowerSaving { mode }),
        b"+CFUN" => small(value).map(Urc::Functionality),
        b"+CPIN" => text(value).map(Urc::SimState),
        b"+IP" => text(value).map(Urc::Ip),
        _ => None,
    }
}

fn parse_registration<'a>(line: &[u8], value: &'a [u8]) -> Option<Registration<'a>> {
    // `n,stat` is the answer to AT+CEREG?, perhaps a late one: its first number is no state.
    if RegistrationLine::parse(line).is_some() {
        return None;
    }
    let comma = memchr::memchr(b',', value);
    let stat = small(&value[..comma.unwrap_or(value.len())])?;
    let rest = comma.map(|comma| trim_start(&value[comma + 1..]));
    Some(Registration { stat, rest })
}

fn small(value: &[u8]) -> Option<u8> {
    u8::try_from(number(value.trim_ascii_end())?).ok()
}

fn text(value: &[u8]) -> Option<&[u8]> {
    let text = value.trim_ascii_end();
    (!text.is_empty()).then_some(text)
}
