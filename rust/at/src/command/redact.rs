//! Hides the password of `MQTTCFG`.

use std::borrow::Cow;
use std::ops::Range;

use crate::fields::Fields;

const NAME: &[u8] = b"MQTTCFG";
const MASK: &[u8] = b"***";
/// Host, port, client id, keep-alive and user name come first.
const FIELDS_BEFORE_PASSWORD: usize = 5;

/// The bytes with the password of every `MQTTCFG` replaced by `***`, for logs and transcripts.
///
/// It works on a command, its echo and its read-back, whatever stands before or after on other
/// lines. Where the fields are not those of a configuration, all of them are hidden: a password
/// may stand anywhere among them.
///
/// ```
/// let line = br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","secret",1"#;
/// let shown = m531x_at::command::redact(line);
/// assert_eq!(&shown[..], br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","***",1"#);
/// ```
pub fn redact(line: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = next_secret(line, 0) else {
        return Cow::Borrowed(line);
    };
    let mut shown = Vec::with_capacity(line.len() + MASK.len());
    let mut copied = 0;
    let mut secret = Some(first);
    while let Some(range) = secret {
        shown.extend_from_slice(&line[copied..range.start]);
        shown.extend_from_slice(MASK);
        copied = range.end;
        secret = next_secret(line, copied);
    }
    shown.extend_from_slice(&line[copied..]);
    Cow::Owned(shown)
}

/// Where the passwords stand, as [`redact`] finds them; one without a byte is none.
pub(crate) fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(secret) = next_secret(text, from) {
        from = secret.end;
        if !secret.is_empty() {
            found.push(secret);
        }
    }
    found
}

/// The first password at or after `from`.
fn next_secret(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut start = from;
    while let Some(name) = find_name(text, start) {
        let after = name + NAME.len();
        let list = after + 1;
        let end = text[after..]
            .iter()
            .position(|byte| matches!(byte, b'\r' | b'\n'))
            .map_or(text.len(), |length| after + length);
        if matches!(text.get(after), Some(b'=' | b':')) {
            if let Some(secret) = password(&text[list..end]) {
                return Some(list + secret.start..list + secret.end);
            }
        }
        start = end;
    }
    None
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
