//! `+MQTTSUBACK` and `+MQTTUNSUBACK` (manual 1.4, 1.6 and 1.11).

use super::{Urc, append_number};
use crate::fields::{number, trim_start, unquote};

/// `packId,code[,topic]`.
pub(super) fn parse_suback(value: &[u8]) -> Option<Urc<'_>> {
    let (packet_id, rest) = split_number(value)?;
    let (code, filter) = match memchr::memchr(b',', rest?) {
        Some(comma) => (&rest?[..comma], Some(&rest?[comma + 1..])),
        None => (rest?, None),
    };
    let code = parse_code(code.trim_ascii())?;
    Some(Urc::SubAck {
        packet_id,
        code,
        filter: filter.and_then(filter_of),
    })
}

/// `packId[,topic]`.
pub(super) fn parse_unsuback(value: &[u8]) -> Option<Urc<'_>> {
    let (packet_id, rest) = split_number(value)?;
    Some(Urc::UnsubAck {
        packet_id,
        filter: rest.and_then(filter_of),
    })
}

pub(super) fn encode_suback(packet_id: u16, code: u8, filter: Option<&[u8]>, out: &mut Vec<u8>) {
    append_number(packet_id.into(), out);
    out.push(b',');
    append_number(code.into(), out);
    encode_filter(filter, out);
}

pub(super) fn encode_unsuback(packet_id: u16, filter: Option<&[u8]>, out: &mut Vec<u8>) {
    append_number(packet_id.into(), out);
    encode_filter(filter, out);
}

fn encode_filter(filter: Option<&[u8]>, out: &mut Vec<u8>) {
    if let Some(filter) = filter {
        out.push(b',');
        out.extend_from_slice(filter);
    }
}

fn split_number(value: &[u8]) -> Option<(u16, Option<&[u8]>)> {
    let comma = memchr::memchr(b',', value);
    let digits = &value[..comma.unwrap_or(value.len())];
    let number = u16::try_from(number(digits.trim_ascii())?).ok()?;
    Some((number, comma.map(|comma| &value[comma + 1..])))
}

/// Decimal, or `0x80` as in the manual's list of codes (manual 1.4).
fn parse_code(text: &[u8]) -> Option<u8> {
    match text
        .strip_prefix(b"0x")
        .or_else(|| text.strip_prefix(b"0X"))
    {
        Some(digits) => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        None => u8::try_from(number(text)?).ok(),
    }
}

/// The rest of the line, commas and all; the manual quotes it in one place and not in the other.
fn filter_of(rest: &[u8]) -> Option<&[u8]> {
    let filter = unquote(trim_start(rest));
    (!filter.is_empty()).then_some(filter)
}
