//! The password among the fields of `MQTTCFG`.

use std::ops::Range;

use memchr::memchr;

use crate::fields::Fields;

/// Host, port, client id, keep-alive and user name come first.
const FIELDS_BEFORE_PASSWORD: usize = 5;

/// Where the password stands in a line whose name came garbled: it is known by its fields.
pub(super) fn password_without_name(line: &[u8]) -> Option<Range<usize>> {
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

/// Where the password stands in the list of fields, and a host that holds one.
pub(super) fn secrets(list: &[u8]) -> Vec<Range<usize>> {
    let Some(password) = password(list) else {
        return Vec::new();
    };
    let host = host_with_password(list).filter(|host| host.end <= password.start);
    host.into_iter().chain([password]).collect()
}

/// Where the first field stands if it is `user:password@host`, or the address of a page.
fn host_with_password(list: &[u8]) -> Option<Range<usize>> {
    let host = Fields::new(list).next()?;
    let holds = memchr(b'@', host.text).is_some();
    let start = list
        .windows(host.text.len().max(1))
        .position(|window| window == host.text)?;
    holds.then(|| start..start + host.text.len())
}

/// Where the password stands in the list of fields.
pub(super) fn password(list: &[u8]) -> Option<Range<usize>> {
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
        // Without quotes the end of a password with commas is unknown.
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
