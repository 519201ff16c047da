//! What a conversion of a format stands for.

use std::io::{self, Write};

use jiff::Zoned;
use m531x_core::Message;

use super::{Layout, hex, json};
use crate::notes::note;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Percent,
    Topic,
    Payload,
    Hex,
    HexUpper,
    Length,
    QoS,
    Retain,
    PacketId,
    UnixTime,
    IsoTime,
    Json,
    /// JSON with the payload as JSON, not as text.
    JsonPayload,
    Float,
    Double,
    /// A property of MQTT 5: messages of MQTT 3.1.1 have none.
    Absent,
}

impl Field {
    pub(super) fn of(letter: char) -> Option<Self> {
        Some(match letter {
            '%' => Self::Percent,
            't' => Self::Topic,
            'p' => Self::Payload,
            'x' => Self::Hex,
            'X' => Self::HexUpper,
            'l' => Self::Length,
            'q' => Self::QoS,
            'r' => Self::Retain,
            'm' => Self::PacketId,
            'U' => Self::UnixTime,
            'I' => Self::IsoTime,
            'j' => Self::Json,
            'J' => Self::JsonPayload,
            'f' => Self::Float,
            'd' => Self::Double,
            'A' | 'C' | 'D' | 'E' | 'F' | 'P' | 'R' | 'S' => Self::Absent,
            _ => return None,
        })
    }

    pub(super) fn write(
        self,
        message: &Message,
        when: &Zoned,
        layout: Layout,
        pretty: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let payload = &message.payload;
        match self {
            Self::Percent => out.write_all(b"%"),
            Self::Topic => text(&message.topic, layout, out),
            Self::Payload => {
                let shown = shortened(payload, layout.width);
                aligned(shown, layout, out)
            }
            Self::Hex => aligned(
                hex(whole_digits(payload, layout.width)).as_bytes(),
                layout,
                out,
            ),
            Self::HexUpper => {
                let digits = m531x_at::hex::encode(whole_digits(payload, layout.width));
                aligned(digits.as_bytes(), layout, out)
            }
            Self::Length => number(payload.len(), layout, out),
            Self::QoS => write!(out, "{}", u8::from(message.qos)),
            Self::Retain => write!(out, "{}", u8::from(message.retain)),
            Self::PacketId => number(message.packet_id.into(), layout, out),
            Self::UnixTime => {
                let since = when.timestamp();
                write!(
                    out,
                    "{}.{:09}",
                    since.as_second(),
                    since.subsec_nanosecond()
                )
            }
            Self::IsoTime => {
                let iso = when.strftime("%Y-%m-%dT%H:%M:%S%z").to_string();
                text(&iso, layout, out)
            }
            Self::Json => write!(out, "{}", json::printed(&json::of(message, when), pretty)),
            Self::JsonPayload => {
                if let Some(object) = json::with_json_payload(message, when) {
                    return write!(out, "{}", json::printed(&object, pretty));
                }
                is_not(message, "JSON");
                Ok(())
            }
            Self::Float => {
                if let Ok(bytes) = payload.as_slice().try_into() {
                    return float(f32::from_ne_bytes(bytes).into(), layout, out);
                }
                is_not(message, "a float of 4 bytes");
                Ok(())
            }
            Self::Double => {
                if let Ok(bytes) = payload.as_slice().try_into() {
                    return float(f64::from_ne_bytes(bytes), layout, out);
                }
                is_not(message, "a double of 8 bytes");
                Ok(())
            }
            Self::Absent => aligned(b"", layout, out),
        }
    }
}

fn is_not(message: &Message, what: &str) {
    note(format!("the payload on {} is not {what}", message.topic));
}

/// A width limits payloads too, as in `mosquitto_sub`.
fn shortened(payload: &[u8], width: usize) -> &[u8] {
    match width {
        0 => payload,
        width => &payload[..payload.len().min(width)],
    }
}

/// As many bytes as `mosquitto_sub` shows in hex at this width.
fn whole_digits(payload: &[u8], width: usize) -> &[u8] {
    match width {
        0 => payload,
        width => &payload[..payload.len().min(width) / 2],
    }
}

/// With a precision it is cut after so many bytes.
fn text(text: &str, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    let bytes = text.as_bytes();
    let shown = &bytes[..bytes.len().min(layout.precision.unwrap_or(usize::MAX))];
    let spaces = Layout {
        zero: false,
        ..layout
    };
    aligned(shown, spaces, out)
}

fn number(number: usize, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    aligned(number.to_string().as_bytes(), layout, out)
}

fn float(number: f64, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    let precision = layout.precision.unwrap_or(6);
    aligned(format!("{number:.precision$}").as_bytes(), layout, out)
}

fn aligned(bytes: &[u8], layout: Layout, out: &mut impl Write) -> io::Result<()> {
    let missing = layout.width.saturating_sub(bytes.len());
    if layout.left {
        out.write_all(bytes)?;
        out.write_all(&vec![b' '; missing])
    } else {
        out.write_all(&vec![layout.pad(); missing])?;
        out.write_all(bytes)
    }
}
