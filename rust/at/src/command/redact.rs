//! Hides the password of `MQTTCFG`.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::fields::Fields;

const NAME: &[u8] = b"MQTTCFG";
const MASK: &[u8] = b"***";
/// Host, port, client id, keep-alive and user name come first.
const FIELDS_BEFORE_PASSWORD: usize = 5;

/// The bytes with the password of every `MQTTCFG` replaced by `***`, for logs and transcripts.
///
/// It works on a command, its echo and its read-back, whatever stands before or after on other
/// lines. Where the fields are not those of a configuration, all of them are hidden: a password
/// may stand anywhere among them. A line whose name came garbled is known by its fields.
///
/// ```
/// let line = br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","secret",1"#;
/// let shown = m531x_at::command::redact(line);
/// assert_eq!(&shown[..], br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","***",1"#);
/// ```
pub fn redact(text: &[u8]) -> Cow<'_, [u8]> {
    let mut shown = Vec::new();
    let mut copied = 0;
    for secret in each_secret(text) {
        shown.extend_from_slice(&text[copied..secret.start]);
        shown.extend_from_slice(MASK);
        copied = secret.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.extend_from_slice(&text[copied..]);
    Cow::Owned(shown)
}

/// Where the passwords stand, as [`redact`] finds them; one without a byte is none.
pub(crate) fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    each_secret(text)
        .filter(|secret| !secret.is_empty())
        .collect()
}

/// Where the password of each line stands.
fn each_secret(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        while start < text.len() {
            let line = start;
            let end = line_end(text, line);
            start = end + 1;
            if let Some(secret) = secret(&text[line..end]) {
                return Some(line + secret.start..line + secret.end);
            }
        }
        None
    })
}

fn line_end(text: &[u8], start: usize) -> usize {
    memchr2(b'\r', b'\n', &text[start..]).map_or(text.len(), |length| start + length)
}

/// Where the password stands in a line.
pub(super) fn secret(line: &[u8]) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(name) = find_name(line, from) {
        from = name + NAME.len();
        if matches!(line.get(from), Some(b'=' | b':')) {
            let list = from + 1;
            if let Some(secret) = password(&line[list..]) {
                return Some(list + secret.start..list + secret.end);
            }
        }
    }
    let list = memchr(b'"', line)?;
    let mut fields = Fields::new(&line[list..]);
    let before: [_; FIELDS_BEFORE_PASSWORD] = std::array::from_fn(|_| fields.next());
    let [
        Some(host),
        Some(port),
        Some(id),
        Some(keepalive),
        Some(user),
    ] = before
    else {
        return None;
    };
    let numbers = port.number().is_some() && keepalive.number().is_some();
    if !numbers || !host.quoted || !id.quoted || !user.quoted {
        return None;
    }
    password(&line[list..]).map(|secret| list + secret.start..list + secret.end)
}

fn find_name(text: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?
        .windows(NAME.len())
        .position(|window| window.eq_ignore_ascii_case(NAME))
        .map(|at| from + at)
}

/// Where the password stands in the list of fields.
fn password(list: &[u8]) -> Option<Range<usize>> {
    if list.trim_ascii().is_empty() || list.starts_with(b"?") {
        return None;
    }
    let everything = Some(0..list.len());
    let mut fields = Fields::new(list);
    let mut before = [None; FIELDS_BEFORE_PASSWORD];
    for field in &mut before {
        *field = fields.next();
    }
    let [Some(_), Some(port), Some(_), Some(keepalive), Some(_)] = before else {
        return everything;
    };
    if port.number().is_none() || keepalive.number().is_none() {
        return everything;
    }
    let start = fields.offset();
    let Some(password) = fields.next() else {
        return Some(start..list.len());
    };
    if !password.quoted {
        // Without quotes nobody can tell where a password with commas ends.
        return Some(start..list.len());
    }
    let tail: Vec<_> = fields.by_ref().collect();
    if !fields.is_done() || tail.is_empty() || tail.iter().any(|field| field.number().is_none()) {
        return Some(start..list.len());
    }
    // Between the quotes: the text is a slice of the list, so its place follows from the search.
    let opening = list[start..]
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t'))
        .unwrap_or(0);
    let mark = if list[start + opening] == b'"' {
        1
    } else {
        "\u{201d}".len()
    };
    let text = start + opening + mark;
    Some(text..text + password.text.len())
}
