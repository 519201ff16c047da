//! A message as JSON, with the keys of `mosquitto_sub` and ours.

use jiff::Zoned;
use m531x_core::Message;
use serde_json::{Value, json};

use super::{hex, local_time, unix_seconds};

/// A message as JSON; a payload that is not text is an array of its bytes, and given as hex too.
pub(crate) fn to_json(message: &Message) -> Value {
    of(message, &local_time(message))
}

pub(super) fn of(message: &Message, when: &Zoned) -> Value {
    let mut object = without_payload(message, when);
    if let Ok(text) = std::str::from_utf8(&message.payload) {
        object["payload"] = text.into();
    } else {
        object["payload"] = message.payload.clone().into();
        object["payload_hex"] = hex(&message.payload).into();
    }
    object
}

/// With the payload as JSON of its own, if it is that.
pub(super) fn with_json_payload(message: &Message, when: &Zoned) -> Option<Value> {
    let mut object = without_payload(message, when);
    object["payload"] = serde_json::from_slice(&message.payload).ok()?;
    Some(object)
}

/// `mosquitto_sub` has `tst`, `topic`, `qos`, `retain`, `payloadlen` and `mid`; the others are ours.
fn without_payload(message: &Message, when: &Zoned) -> Value {
    let mut object = json!({
        "tst": when.strftime("%Y-%m-%dT%H:%M:%S.%6fZ%z").to_string(),
        "topic": message.topic,
        "qos": u8::from(message.qos),
        "retain": u8::from(message.retain),
        "payloadlen": message.payload.len(),
        "dup": message.dup,
        "packet_id": message.packet_id,
        "timestamp": unix_seconds(message),
        "truncated": message.truncated,
        "ambiguous": message.ambiguous,
    });
    if message.packet_id > 0 {
        object["mid"] = message.packet_id.into();
    }
    object
}

/// The text of a JSON value; a pretty one has several lines.
pub(crate) fn printed(value: &Value, pretty: bool) -> String {
    if pretty {
        format!("{value:#}")
    } else {
        value.to_string()
    }
}
