//! What each argument may hold.

use core::net::Ipv6Addr;

use super::ArgumentError;
use crate::topic;

/// Checks that lost pings can be noticed: `keepalive` is longer than `ack_timeout`, or 0.
///
/// Both are in seconds. With a shorter keep-alive the module sends its next ping before it gives
/// up on the last, and does not notice that the network is gone (manual 1.1 and 1.9). 0 announces
/// no keep-alive to the broker; it does not keep the module from pinging: the vendor's own
/// client then sends a ping every 1.5 s (measured). For few pings use a long keep-alive.
///
/// ```
/// use m531x_at::command_line::check_keepalive;
///
/// assert!(check_keepalive(60, 10).is_ok());
/// assert!(check_keepalive(0, 10).is_ok());
/// assert!(check_keepalive(10, 10).is_err());
/// ```
pub fn check_keepalive(keepalive: u16, ack_timeout: u16) -> Result<(), ArgumentError> {
    if keepalive != 0 && keepalive <= ack_timeout {
        return Err(ArgumentError::KeepAliveBelowAckTimeout {
            keepalive,
            ack_timeout,
        });
    }
    Ok(())
}

/// Checks a text that will stand between double quotes.
pub fn check_quotable(field: &'static str, text: &[u8]) -> Result<(), ArgumentError> {
    check_bytes(field, text, |byte| byte.is_ascii_control() || byte == b'"')
}

/// Checks a topic name to publish to: what a quoted field and MQTT allow, at most `limit` bytes.
pub fn check_topic_name(
    field: &'static str,
    name: &str,
    limit: usize,
) -> Result<(), ArgumentError> {
    check_quotable(field, name.as_bytes())?;
    topic::validate_name(name.as_bytes(), limit)
        .map_err(|reason| ArgumentError::InvalidTopic { field, reason })
}

/// Checks a topic filter to subscribe to: what a quoted field and MQTT allow, at most `limit` bytes.
pub fn check_topic_filter(
    field: &'static str,
    filter: &str,
    limit: usize,
) -> Result<(), ArgumentError> {
    check_quotable(field, filter.as_bytes())?;
    topic::validate_filter(filter.as_bytes(), limit)
        .map_err(|reason| ArgumentError::InvalidTopic { field, reason })
}

/// Checks a broker's host: a name or an address, and nothing else. What looks like the address of a
/// page or holds a user's name may hold a password, so the error does not show it.
///
/// ```
/// use m531x_at::command_line::check_host;
///
/// assert!(check_host("broker.example").is_ok());
/// assert!(check_host("2001:db8::1").is_ok());
/// assert_eq!(
///     check_host("mqtt://me:secret@broker.example").unwrap_err().to_string(),
///     "host holds a scheme (such as mqtt://): give the name or address alone, TLS, port, user name \
///      and password have arguments of their own",
/// );
/// ```
pub fn check_host(host: &str) -> Result<(), ArgumentError> {
    const LONGEST_DNS_NAME: usize = 253;
    const OWN: &str = "user name and password have arguments of their own";
    check_not_empty("host", host)?;
    let refused = |holds, instead| Err(ArgumentError::NotAHost { holds, instead });
    if host.contains("://") {
        return refused(
            "a scheme (such as mqtt://)",
            "TLS, port, user name and password have arguments of their own",
        );
    }
    if host.contains('@') {
        return refused("a user name or password", OWN);
    }
    if host.contains(['/', '\\', '?', '#']) {
        return refused("a path", "a broker of MQTT has none");
    }
    if host.contains(['[', ']']) {
        return refused("brackets", "also that of IPv6, and the port as an argument");
    }
    if host.contains(':') && host.parse::<Ipv6Addr>().is_err() {
        return refused("a port", "the port has an argument of its own");
    }
    check_bytes("host", host.as_bytes(), |byte| {
        !byte.is_ascii_graphic() || byte == b'"'
    })?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    if !host.bytes().all(is_plain) {
        return refused(
            "a character that no name has",
            "of letters, digits, dots and hyphens",
        );
    }
    check_length("host", host.len(), LONGEST_DNS_NAME)
}

/// A host as it may be shown: one that [`check_host`] refuses may hold a password.
pub fn shown_host(host: &str) -> &str {
    match check_host(host) {
        Ok(()) | Err(ArgumentError::Empty { .. } | ArgumentError::TooLong { .. }) => host,
        Err(_) => "***",
    }
}

/// Checks a port: 1 to 65535.
pub fn check_port(port: u16) -> Result<(), ArgumentError> {
    if port == 0 {
        return Err(ArgumentError::OutOfRange {
            field: "port",
            value: 0,
            min: 1,
            max: 65_535,
        });
    }
    Ok(())
}

/// Checks a client id: not empty, nothing that breaks its field.
///
/// MQTT lets a broker invent an id for an empty one; the module's field is not optional
/// (manual 1.1), so an empty one is refused here.
pub fn check_client_id(client_id: &str) -> Result<(), ArgumentError> {
    check_not_empty("client id", client_id)?;
    check_quotable("client id", client_id.as_bytes())
}

pub(crate) fn check_length(
    field: &'static str,
    actual: usize,
    limit: usize,
) -> Result<(), ArgumentError> {
    if actual > limit {
        return Err(ArgumentError::TooLong {
            field,
            limit,
            actual,
        });
    }
    Ok(())
}

pub(crate) fn check_line_length(length: usize, limit: usize) -> Result<(), ArgumentError> {
    let actual = length + 1;
    if actual > limit {
        return Err(ArgumentError::LineTooLong { limit, actual });
    }
    Ok(())
}

pub(crate) fn check_bytes(
    field: &'static str,
    text: &[u8],
    forbidden: impl Fn(u8) -> bool,
) -> Result<(), ArgumentError> {
    match text.iter().position(|&byte| forbidden(byte)) {
        Some(offset) => Err(ArgumentError::ForbiddenByte {
            field,
            byte: text[offset],
            offset,
        }),
        None => Ok(()),
    }
}

fn check_not_empty(field: &'static str, text: &str) -> Result<(), ArgumentError> {
    if text.is_empty() {
        return Err(ArgumentError::Empty { field });
    }
    Ok(())
}
