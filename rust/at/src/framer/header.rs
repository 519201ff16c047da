//! The fixed part of `+MQTTPUBLISH`: `<dup>,<qos>,<retain>,<packId>,`.

use crate::qos::QoS;

/// How the line of a message begins; any spaces may follow.
pub(super) const PREFIX: &[u8] = b"+MQTTPUBLISH:";

/// A module prints at most one space and 13 bytes here; what is longer is some other line.
const LONGEST: usize = 64;

/// The numbers in front of the topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) dup: bool,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) packet_id: u16,
}

/// What the bytes after the prefix are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More bytes are needed.
    Partial,
    /// Not four numbers: a line like any other.
    NotNumeric,
    /// Four numbers that no module prints, so bytes were lost or changed on the way.
    Impossible,
    /// The header and where the topic begins, from the start of the line.
    Complete(Header, usize),
}

/// Reads the header of a line that starts with [`PREFIX`].
#[inline]
pub(super) fn parse(line: &[u8]) -> Parsed {
    let window = &line[..line.len().min(PREFIX.len() + LONGEST)];
    let mut at = PREFIX.len();
    while matches!(window.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    let mut numbers = [0u32; 4];
    for number in &mut numbers {
        let start = at;
        loop {
            match window.get(at) {
                Some(digit @ b'0'..=b'9') if at - start < 9 => {
                    *number = *number * 10 + u32::from(digit - b'0');
                    at += 1;
                }
                Some(b',') if at > start => break,
                None if window.len() == line.len() => return Parsed::Partial,
                _ => return Parsed::NotNumeric,
            }
        }
        at += 1;
    }
    match header(numbers) {
        Some(header) => Parsed::Complete(header, at),
        None => Parsed::Impossible,
    }
}

fn header([dup, qos, retain, packet_id]: [u32; 4]) -> Option<Header> {
    let flag = |number| match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    Some(Header {
        dup: flag(dup)?,
        qos: QoS::try_from(u8::try_from(qos).ok()?).ok()?,
        retain: flag(retain)?,
        packet_id: u16::try_from(packet_id).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_four_numbers_after_any_spaces() {
        let header = Header {
            dup: false,
            qos: QoS::AtLeastOnce,
            retain: false,
            packet_id: 61111,
        };
        for (line, topic) in [
            (&b"+MQTTPUBLISH:0,1,0,61111,t"[..], 25),
            (b"+MQTTPUBLISH: \t0,1,0,61111,", 27),
        ] {
            assert_eq!(parse(line), Parsed::Complete(header, topic));
        }
    }

    #[test]
    fn an_unfinished_header_waits_but_not_for_ever() {
        let line = b"+MQTTPUBLISH: 0,1,0,61111,";
        for end in PREFIX.len()..line.len() {
            assert_eq!(parse(&line[..end]), Parsed::Partial, "{end}");
        }
        let mut spaces = PREFIX.to_vec();
        spaces.resize(200, b' ');
        assert_eq!(parse(&spaces), Parsed::NotNumeric);
    }

    #[test]
    fn numbers_out_of_range_are_told_apart_from_text() {
        for line in [
            &b"+MQTTPUBLISH:2,0,0,0,"[..],
            b"+MQTTPUBLISH:0,3,0,0,",
            b"+MQTTPUBLISH:0,256,0,0,",
            b"+MQTTPUBLISH:0,0,9,0,",
            b"+MQTTPUBLISH:0,0,0,65536,",
        ] {
            assert_eq!(parse(line), Parsed::Impossible);
        }
        for line in [
            &b"+MQTTPUBLISH:OK"[..],
            b"+MQTTPUBLISH:,",
            b"+MQTTPUBLISH:0,0,\r",
            b"+MQTTPUBLISH:1234567890,",
        ] {
            assert_eq!(parse(line), Parsed::NotNumeric);
        }
    }
}
