//! Requests out of an input.

use std::time::Duration;

use m531x_core::session::{Request, RequestKind};
use m531x_core::{ConnectOptions, QoS, Secret, Will};

use crate::script::{number, pair, text};

/// No request may take longer, or the end of an input would not see its end.
const HOUR_MS: u64 = 3_600_000;

/// Reads a request: a letter, what it is about, and `@` with a time limit in milliseconds.
pub(crate) fn request(act: &[u8]) -> Option<Request> {
    let at = act.iter().rposition(|byte| *byte == b'@');
    let (act, timeout) = match at {
        Some(at) => (
            &act[..at],
            Some(Duration::from_millis(number(&act[at + 1..]).0 % HOUR_MS)),
        ),
        None => (act, None),
    };
    let (letter, rest) = act.split_first()?;
    Some(Request {
        kind: kind(*letter, rest)?,
        timeout,
    })
}

fn kind(letter: u8, rest: &[u8]) -> Option<RequestKind> {
    Some(match letter {
        b'o' => RequestKind::Connect(connect(rest)),
        b'p' => {
            let (options, rest) = number(rest);
            let (topic, payload) = pair(rest);
            RequestKind::Publish {
                topic: text(topic),
                payload: payload.to_vec(),
                qos: qos(options),
                retain: options & 4 != 0,
            }
        }
        b's' => {
            let (options, filter) = number(rest);
            RequestKind::Subscribe {
                filter: text(filter),
                qos: qos(options),
                hex: options & 4 != 0,
            }
        }
        b'u' => RequestKind::Unsubscribe { filter: text(rest) },
        b'c' => RequestKind::Command(text(rest)),
        b't' => RequestKind::SetAckTimeout(u16::try_from(number(rest).0).unwrap_or(u16::MAX)),
        b'n' => RequestKind::SetPingReport(rest.is_empty()),
        b'i' => RequestKind::Startup,
        b'd' => RequestKind::Disconnect,
        b'x' => RequestKind::Delete,
        b'm' => RequestKind::Status,
        b'f' => RequestKind::Config,
        b'h' => RequestKind::Info,
        b'g' => RequestKind::Signal,
        b'a' => RequestKind::WaitForNetwork,
        b'k' => RequestKind::Wake,
        b'r' => RequestKind::Reboot,
        _ => return None,
    })
}

/// `keepalive`, the client id, and behind `|` a user name, a password and a will.
fn connect(rest: &[u8]) -> ConnectOptions {
    let (keepalive, rest) = number(rest);
    let (client_id, rest) = pair(rest);
    let (username, rest) = pair(rest);
    let (password, will) = pair(rest);
    let mut options = ConnectOptions::new("broker", text(client_id));
    if keepalive > 0 {
        options.keepalive = u16::try_from(keepalive).unwrap_or(u16::MAX);
    }
    if !username.is_empty() {
        options.username = Some(text(username));
        options.password = Some(Secret::new(text(password)));
    }
    if !will.is_empty() {
        let (topic, payload) = pair(will);
        options.will = Some(Will {
            topic: text(topic),
            payload: payload.to_vec(),
            qos: QoS::AtLeastOnce,
            retain: false,
        });
    }
    options
}

fn qos(number: u64) -> QoS {
    match number & 3 {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}
