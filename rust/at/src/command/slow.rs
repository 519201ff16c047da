//! Commands that take their time.

use std::time::Duration;

use super::grammar::{name_of, split_commands};

/// Names, whether only `=` with a value is slow, and seconds (27.007 names no limits; these are what
/// the makers of such modules state, and the 90 s of `AT+CFUN` on the M5310-A).
const SLOW: &[(&str, Form, u64)] = &[
    ("+COPS", Form::Set, 180),
    ("+COPS", Form::Test, 180),
    ("+CFUN", Form::Set, 90),
    ("+CGATT", Form::Set, 140),
    ("+CGACT", Form::Set, 150),
    ("+CGDCONT", Form::Set, 30),
    ("+CPLS", Form::Set, 30),
    ("+CUSD", Form::Set, 120),
    ("+CMGS", Form::Set, 60),
    ("+CMSS", Form::Set, 60),
    ("+CMGD", Form::Set, 25),
    ("+CLCK", Form::Set, 30),
    ("+CPWD", Form::Set, 30),
    ("+CPIN", Form::Set, 30),
    ("+NRB", Form::Any, 30),
    ("+CMRB", Form::Any, 30),
    ("+TRB", Form::Any, 30),
    ("+CLAC", Form::Any, 30),
    ("+CLPLMN", Form::Any, 180),
    ("*CMBAND", Form::Set, 30),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `=` and a value.
    Set,
    /// `=?`.
    Test,
    Any,
}

/// How long the module may take for this line, if it is known to take longer than others.
///
/// ```
/// use std::time::Duration;
/// use m531x_at::command::time_limit;
///
/// assert_eq!(time_limit("AT+COPS=?"), Some(Duration::from_secs(180)));
/// assert_eq!(time_limit("at+csq;+cfun = 0"), Some(Duration::from_secs(90)));
/// assert_eq!(time_limit("AT+CFUN?"), None);
/// ```
pub fn time_limit(line: &str) -> Option<Duration> {
    let line = line.trim();
    let body = line
        .get(2..)
        .filter(|_| line[..2].eq_ignore_ascii_case("AT"))?;
    split_commands(body).filter_map(limit_of).max()
}

fn limit_of(part: &str) -> Option<Duration> {
    let name = name_of(part);
    if name.starts_with(['D', 'd']) {
        return Some(Duration::from_secs(180));
    }
    let value = part.trim().get(name.len()..).unwrap_or_default();
    let form = match value.split_once('=') {
        Some((_, value)) if value.trim() == "?" => Form::Test,
        Some(_) => Form::Set,
        None => Form::Any,
    };
    SLOW.iter()
        .filter(|(slow, when, _)| {
            name.eq_ignore_ascii_case(slow) && (*when == form || *when == Form::Any)
        })
        .map(|(.., seconds)| Duration::from_secs(*seconds))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_commands_are_known_in_any_spelling() {
        for (line, seconds) in [
            ("AT+COPS=?", Some(180)),
            ("AT+COPS=0", Some(180)),
            ("AT+COPS?", None),
            ("at+cfun=1", Some(90)),
            ("AT+CFUN = 1,1", Some(90)),
            ("AT+CGATT=0", Some(140)),
            ("AT+NRB", Some(30)),
            ("AT+CMRB", Some(30)),
            ("ATD*99#", Some(180)),
            ("AT+CSQ", None),
            ("AT+CSQ;+COPS=?", Some(180)),
            ("AT+X=\"a;+COPS=?\"", None),
            ("AT", None),
            ("", None),
        ] {
            assert_eq!(time_limit(line), seconds.map(Duration::from_secs), "{line}");
        }
    }
}
