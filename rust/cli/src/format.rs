//! The output format of `m531x sub -F`, in the manner of `mosquitto_sub`.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::UNIX_EPOCH;

use m531x_core::Message;
use serde_json::json;

/// A parsed format.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Format(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Char(char),
    Topic,
    Payload,
    Hex,
    HexUpper,
    Length,
    QoS,
    Retain,
    Dup,
    PacketId,
    UnixTime,
    Json,
}

impl Format {
    /// Writes a message and the end of the line.
    pub(crate) fn write(&self, message: &Message, out: &mut impl Write) -> io::Result<()> {
        for piece in &self.0 {
            match piece {
                Piece::Char(char) => write!(out, "{char}")?,
                Piece::Topic => write!(out, "{}", message.topic)?,
                Piece::Payload => out.write_all(&message.payload)?,
                Piece::Hex => write!(out, "{}", hex(&message.payload))?,
                Piece::HexUpper => write!(out, "{}", m531x_at::hex::encode(&message.payload))?,
                Piece::Length => write!(out, "{}", message.payload.len())?,
                Piece::QoS => write!(out, "{}", u8::from(message.qos))?,
                Piece::Retain => write!(out, "{}", u8::from(message.retain))?,
                Piece::Dup => write!(out, "{}", u8::from(message.dup))?,
                Piece::PacketId => write!(out, "{}", message.packet_id)?,
                Piece::UnixTime => write!(out, "{:.6}", unix_seconds(message))?,
                Piece::Json => write!(out, "{}", to_json(message))?,
            }
        }
        out.write_all(b"\n")
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            pieces.push(match char {
                '%' => conversion(chars.next())?,
                '\\' => Piece::Char(escape(chars.next())?),
                plain => Piece::Char(plain),
            });
        }
        Ok(Self(pieces))
    }
}

fn conversion(letter: Option<char>) -> Result<Piece, String> {
    Ok(match letter {
        Some('%') => Piece::Char('%'),
        Some('t') => Piece::Topic,
        Some('p') => Piece::Payload,
        Some('x') => Piece::Hex,
        Some('X') => Piece::HexUpper,
        Some('l') => Piece::Length,
        Some('q') => Piece::QoS,
        Some('r') => Piece::Retain,
        Some('d') => Piece::Dup,
        Some('m') => Piece::PacketId,
        Some('U') => Piece::UnixTime,
        Some('j') => Piece::Json,
        Some(other) => return Err(format!("%{other} is not known: see --help for the list")),
        None => return Err("a % at the end: write %% for a percent sign".into()),
    })
}

fn escape(letter: Option<char>) -> Result<char, String> {
    Ok(match letter {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('\\') => '\\',
        Some(other) => return Err(format!("\\{other} is not known: see --help for the list")),
        None => return Err(r"a \ at the end: write \\ for a backslash".into()),
    })
}

/// A message as JSON; a payload that is not text is given as hex.
pub(crate) fn to_json(message: &Message) -> serde_json::Value {
    let mut object = json!({
        "topic": message.topic,
        "qos": u8::from(message.qos),
        "retain": message.retain,
        "dup": message.dup,
        "packet_id": message.packet_id,
        "timestamp": unix_seconds(message),
        "truncated": message.truncated,
        "ambiguous": message.ambiguous,
    });
    match std::str::from_utf8(&message.payload) {
        Ok(text) => object["payload"] = text.into(),
        Err(_) => object["payload_hex"] = hex(&message.payload).into(),
    }
    object
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    m531x_at::hex::encode(bytes).to_ascii_lowercase()
}

/// When a message arrived, in seconds since 1970.
pub(crate) fn unix_seconds(message: &Message) -> f64 {
    message
        .timestamp
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use m531x_core::{Message, QoS};

    use super::Format;

    fn written(format: &str) -> String {
        let message = Message {
            topic: "lamp/1".into(),
            payload: b"on\xff".to_vec(),
            qos: QoS::AtLeastOnce,
            retain: true,
            dup: false,
            packet_id: 7,
            timestamp: UNIX_EPOCH + Duration::from_millis(1500),
            truncated: false,
            ambiguous: false,
        };
        let mut out = Vec::new();
        let format: Format = format.parse().unwrap();
        format.write(&message, &mut out).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn every_conversion_gives_its_field() {
        assert_eq!(
            written(r"%t|%x|%X|%l|%q|%r|%d|%m|%U|%%\t\\"),
            "lamp/1|6f6eff|6F6EFF|3|1|1|0|7|1.500000|%\t\\\n"
        );
    }

    #[test]
    fn a_payload_that_is_not_text_is_hex_in_json() {
        assert!(written("%j").contains(r#""payload_hex":"6f6eff""#));
    }

    #[test]
    fn unknown_conversions_and_escapes_are_refused() {
        for bad in ["%", "%z", r"\", r"\q"] {
            assert!(bad.parse::<Format>().is_err(), "{bad}");
        }
    }
}
