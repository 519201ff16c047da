//! Hides passwords and PINs.

mod configuration;
mod echo;
mod list;
mod names;

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

pub(crate) use names::{beginning_of_name, last_name};

pub use echo::EchoGuard;
use list::secrets_in_list;
use names::Named;

const MASK: &[u8] = b"***";

/// The bytes with every password and PIN replaced by `***`, for logs and transcripts.
///
/// Secret are the password of `MQTTCFG`, the PINs and passwords of `CPIN`, `CPIN2`, `NPIN`, `CLCK` and `CPWD`, and
/// user name and password of `CGAUTH` and `MCGDEFCONT`.
///
/// It works on a command, also one of several on a line, on its echo and its read-back, with any
/// text before or after on other lines. Where the fields are not those of the command, all of them
/// are hidden: a password may stand anywhere among them. A configuration whose name came garbled is
/// known by its fields.
///
/// ```
/// use m531x_at::redact::redact;
///
/// let line = br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","secret",1"#;
/// assert_eq!(&redact(line)[..], br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","***",1"#);
/// assert_eq!(&redact(b"AT+CMEE=1;+CPIN=1234")[..], b"AT+CMEE=1;+CPIN=***");
/// ```
pub fn redact(text: &[u8]) -> Cow<'_, [u8]> {
    masked(text, &places(text))
}

/// Where the secrets stand, in order, as [`redact`] finds them; one without a byte is none.
pub(crate) fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    let mut places = places(text);
    places.retain(|secret| !secret.is_empty());
    places
}

/// The text with `***` in these places.
pub(crate) fn masked<'a>(text: &'a [u8], places: &[Range<usize>]) -> Cow<'a, [u8]> {
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = Vec::with_capacity(text.len());
    let mut copied = 0;
    for secret in places {
        shown.extend_from_slice(&text[copied..secret.start]);
        shown.extend_from_slice(MASK);
        copied = secret.end;
    }
    shown.extend_from_slice(&text[copied..]);
    Cow::Owned(shown)
}

/// Where the secrets of all lines stand, that of an empty password too.
pub(crate) fn places(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for line in lines(text) {
        add_secrets(text, line, &mut found);
    }
    found
}

/// Where the lines stand, without their ends.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let end = memchr2(b'\r', b'\n', &text[start..]).map_or(text.len(), |length| start + length);
        let line = start..end;
        start = end + 1;
        Some(line)
    })
}

/// Whether the line is a command or its echo.
fn is_command(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.get(..2)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"AT"))
}

fn add_secrets(text: &[u8], line: Range<usize>, found: &mut Vec<Range<usize>>) {
    let before = found.len();
    let mut from = line.start;
    while let Some(length) = memchr2(b'=', b':', &text[from..line.end]) {
        let mark = from + length;
        from = mark + 1;
        let Some(name) = Named::before(&text[line.start..mark]) else {
            continue;
        };
        let list = &text[from..line.end];
        let start = from;
        let answer = text[mark] == b':' && !is_command(&text[line.clone()]);
        let secrets = match name {
            Named::Configuration => configuration::secrets(list),
            Named::Other(form) => secrets_in_list(form, answer, list),
        };
        for secret in secrets {
            from = start + secret.end;
            found.push(start + secret.start..from);
        }
    }
    if found.len() == before && is_command(&text[line.clone()]) {
        if let Some(rest) = names::without_mark(&text[line.clone()]) {
            found.push(line.start + rest.start..line.start + rest.end);
        }
    }
    if found.len() == before {
        let garbled = configuration::password_without_name(&text[line.clone()]);
        found.extend(garbled.map(|secret| line.start + secret.start..line.start + secret.end));
    }
}
