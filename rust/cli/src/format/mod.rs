//! The output format of `m531x sub -F`, that of `mosquitto_sub`.

mod field;
mod json;
mod parse;

use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use jiff::{Timestamp, Zoned, tz::TimeZone};
use m531x_core::Message;

use field::Field;

pub(crate) use json::{printed, to_json};

/// A parsed format.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Format(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Field(Field, Layout),
    /// `@` and a conversion of strftime, written with its percent sign.
    Time(String),
    Nanoseconds,
}

/// The flags, the width and the precision between a percent sign and its letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Layout {
    left: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

impl Layout {
    fn pad(self) -> u8 {
        if self.zero { b'0' } else { b' ' }
    }
}

impl Format {
    /// Writes a message; the end of the line is the caller's.
    pub(crate) fn write(
        &self,
        message: &Message,
        pretty: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let when = local_time(message);
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.write_all(text.as_bytes())?,
                Piece::Field(field, layout) => field.write(message, &when, *layout, pretty, out)?,
                Piece::Time(conversion) => {
                    // The conversion was tried when the format was read.
                    let text = jiff::fmt::strtime::format(conversion, &when).unwrap_or_default();
                    out.write_all(text.as_bytes())?;
                }
                Piece::Nanoseconds => write!(out, "{:09}", when.subsec_nanosecond())?,
            }
        }
        Ok(())
    }
}

/// When a message arrived, in the time zone of the user.
fn local_time(message: &Message) -> Zoned {
    Timestamp::try_from(message.timestamp)
        .unwrap_or_default()
        .to_zoned(TimeZone::system())
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    m531x_at::hex::encode(bytes).to_ascii_lowercase()
}

/// When a message arrived, in seconds since 1970.
fn unix_seconds(message: &Message) -> f64 {
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

    fn message(payload: &[u8]) -> Message {
        Message {
            topic: "lamp/1".into(),
            payload: payload.to_vec(),
            qos: QoS::AtLeastOnce,
            retain: true,
            dup: false,
            packet_id: 7,
            timestamp: UNIX_EPOCH + Duration::from_millis(1500),
            truncated: false,
            ambiguous: false,
        }
    }

    fn written_of(format: &str, payload: &[u8]) -> String {
        let mut out = Vec::new();
        let format: Format = format.parse().unwrap();
        format.write(&message(payload), false, &mut out).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    fn written(format: &str) -> String {
        written_of(format, b"on\xff")
    }

    #[test]
    fn every_conversion_gives_its_field() {
        assert_eq!(
            written(r"%t|%x|%X|%l|%q|%r|%m|%U|%%@@\t\\\a\e\v\0"),
            "lamp/1|6f6eff|6F6EFF|3|1|1|7|1.500000000|%@\t\\\u{7}\u{1b}\u{b}\0"
        );
    }

    #[test]
    fn fields_take_a_width_and_a_precision() {
        assert_eq!(
            written("%6l|%-6l|%06l|%10t|%-10t|%.4t|%8.4t|%5x|%-6X|"),
            "     3|3     |000003|    lamp/1|lamp/1    |lamp|    lamp|   6f|6F    |"
        );
    }

    #[test]
    fn times_are_those_of_the_arrival() {
        let when = written("%I %U @Y @N");
        assert!(when.starts_with("19"), "{when}");
        assert!(when.ends_with(" 500000000"), "{when}");
    }

    #[test]
    fn numbers_of_the_payload_are_read_as_floats() {
        let payload = 2.5_f64.to_ne_bytes();
        assert_eq!(
            written_of("%d|%.1d|%8.1d|", &payload),
            "2.500000|2.5|     2.5|"
        );
        assert_eq!(written_of("%f", &0.25_f32.to_ne_bytes()), "0.250000");
        assert_eq!(written_of("%d|%f|", b"texts"), "||");
    }

    #[test]
    fn json_has_the_keys_of_mosquitto_sub_and_ours() {
        let json: serde_json::Value = serde_json::from_str(&written("%j")).unwrap();
        for (key, value) in [
            ("topic", "lamp/1".into()),
            ("qos", 1.into()),
            ("retain", 1.into()),
            ("payloadlen", 3.into()),
            ("mid", 7.into()),
            ("payload", vec![0x6f, 0x6e, 0xff].into()),
            ("payload_hex", "6f6eff".into()),
            ("packet_id", 7.into()),
            ("dup", false.into()),
            ("timestamp", 1.5.into()),
        ] as [(&str, serde_json::Value); 10]
        {
            assert_eq!(json[key], value, "{key}");
        }
        assert!(json["tst"].as_str().unwrap().contains(".500000Z"), "{json}");
    }

    #[test]
    fn json_may_hold_the_payload_as_json() {
        let json: serde_json::Value =
            serde_json::from_str(&written_of("%J", br#"{"a": [1, 2]}"#)).unwrap();
        assert_eq!(json["payload"]["a"][1], 2);
        assert_eq!(written_of("%J|", b"{"), "|");
    }

    #[test]
    fn unknown_conversions_and_escapes_are_refused() {
        for bad in ["%", "%z", "%5", r"\", r"\q", "@", "@!"] {
            assert!(bad.parse::<Format>().is_err(), "{bad}");
        }
    }
}
