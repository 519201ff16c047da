//! Bytes in any chunks to entries, without a password in any of them.

use std::mem;
use std::time::Duration;

use super::{Entry, EntryKind, EscapedBytes};
use crate::redact::{EchoGuard, beginning_of_name, last_name};

/// Bytes that come further apart than this are entries of their own.
const GAP: Duration = Duration::from_millis(100);
/// A line that is longer is cut.
const LONGEST: usize = 4096;
/// In such a line the length of what is hidden counts.
const PUBLISH: &[u8] = b"+MQTTPUBLISH";

/// Makes entries of the bytes that pass in both directions.
///
/// Bytes that come together are joined to lines. What passes in the one direction, or a
/// [`flush`](Self::flush), ends what is unfinished in the other, so that the entries stay in the order
/// in which things happened. Only a line that may turn out to hold a password is kept back until its
/// end is there.
///
/// ```
/// use std::time::Duration;
/// use m531x_at::recording::Assembler;
///
/// let mut assembler = Assembler::default();
/// let mut entries = Vec::new();
/// for byte in b"\r\nOK\r\n" {
///     assembler.push(Duration::from_millis(7), false, &[*byte], &mut entries);
/// }
/// assert_eq!(entries[0].to_string(), r"    0.007000 < \r\nOK\r\n");
/// assert_eq!(entries.len(), 1);
/// ```
#[derive(Debug, Default)]
pub struct Assembler {
    sent: Stream,
    received: Stream,
    /// What of the last command the module's lines must not show.
    echo: EchoGuard,
}

impl Assembler {
    /// Takes bytes that passed, and appends the entries that are complete.
    pub fn push(&mut self, at: Duration, to_module: bool, bytes: &[u8], out: &mut Vec<Entry>) {
        let Self {
            sent,
            received,
            echo,
        } = self;
        let (stream, other) = if to_module {
            (sent, received)
        } else {
            (received, sent)
        };
        other.flush(!to_module, echo, out);
        if at.saturating_sub(stream.at) > GAP {
            stream.flush(to_module, echo, out);
        }
        stream.at = at;
        for &byte in bytes {
            stream.take(byte, to_module, echo, out);
        }
    }

    /// Appends what is unfinished, but for what may be a password.
    pub fn flush(&mut self, out: &mut Vec<Entry>) {
        self.sent.flush(true, &mut self.echo, out);
        self.received.flush(false, &mut self.echo, out);
    }

    /// Appends everything: nothing more will come. What may be a password is hidden.
    pub fn finish(&mut self, out: &mut Vec<Entry>) {
        self.sent.finish(true, &mut self.echo, out);
        self.received.finish(false, &mut self.echo, out);
    }

    /// Whether a [`flush`](Self::flush) would append anything, which it should when nothing more came
    /// for a while.
    pub fn is_waiting(&self) -> bool {
        self.sent.ready() > 0 || self.received.ready() > 0
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Stream {
    /// When its last byte passed.
    at: Duration,
    /// What is no entry yet.
    bytes: Vec<u8>,
    /// How the line at hand began, in an earlier entry it may be; its line ends do not count.
    start: Vec<u8>,
    /// The rest of the line is hidden: it was cut within a password.
    hides: bool,
}

impl Stream {
    fn take(&mut self, byte: u8, to_module: bool, echo: &mut EchoGuard, out: &mut Vec<Entry>) {
        let ends = byte == b'\n' || (to_module && byte == b'\r');
        self.bytes.push(byte);
        // The line ends ahead of a line belong to it.
        if !matches!(byte, b'\r' | b'\n') && self.start.len() < PUBLISH.len() {
            self.start.push(byte);
        }
        if (ends && !self.start.is_empty()) || self.bytes.len() >= LONGEST {
            let cut_within_secret = !ends && last_name(&self.bytes).is_some();
            let bytes = mem::take(&mut self.bytes);
            self.emit(&bytes, to_module, echo, out);
            self.hides |= cut_within_secret;
            if ends {
                self.hides = false;
                self.start.clear();
            }
        }
    }

    fn flush(&mut self, to_module: bool, echo: &mut EchoGuard, out: &mut Vec<Entry>) {
        let ready = self.ready();
        if ready > 0 {
            let rest = self.bytes.split_off(ready);
            let bytes = mem::replace(&mut self.bytes, rest);
            self.emit(&bytes, to_module, echo, out);
        }
    }

    fn finish(&mut self, to_module: bool, echo: &mut EchoGuard, out: &mut Vec<Entry>) {
        let bytes = mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            self.emit(&bytes, to_module, echo, out);
        }
    }

    /// How many bytes cannot be a part of a password, independent of later bytes.
    fn ready(&self) -> usize {
        if self.hides {
            return 0;
        }
        match last_name(&self.bytes) {
            // The line as a whole, or its fields could not be counted.
            Some(name) => self.bytes[..name]
                .iter()
                .rposition(|byte| matches!(byte, b'\r' | b'\n'))
                .map_or(0, |end| end + 1),
            None => self.bytes.len() - beginning_of_name(&self.bytes),
        }
    }

    fn emit(&mut self, bytes: &[u8], to_module: bool, echo: &mut EchoGuard, out: &mut Vec<Entry>) {
        if to_module {
            echo.sent(bytes.trim_ascii());
        }
        let counts = self.start == PUBLISH;
        let escaped = if self.hides {
            hidden(bytes, counts)
        } else {
            EscapedBytes::guarded(bytes, echo, counts)
        };
        let at = self.at;
        let what = if to_module {
            EntryKind::ToModule(escaped)
        } else {
            EntryKind::FromModule(escaped)
        };
        out.push(Entry { at, what });
    }
}

/// The rest of a password that was cut, and the end of its line.
fn hidden(bytes: &[u8], counts: bool) -> EscapedBytes {
    let end = bytes
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    let mut escaped = EscapedBytes::default();
    escaped.push_hidden(if counts { end } else { 0 });
    escaped.push(&bytes[end..]);
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "AT+MQTTCFG=\"h\",1883,\"c\",60,\"u\",\"geheim\",1\r";

    fn texts(entries: &[Entry]) -> Vec<String> {
        entries
            .iter()
            .map(|entry| match &entry.what {
                EntryKind::ToModule(escaped) => format!("> {escaped}"),
                EntryKind::FromModule(escaped) => format!("< {escaped}"),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn chunks_that_come_together_become_lines_whatever_their_size() {
        let answer = b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n+MQTTDISC: OK\r\n";
        for size in 1..answer.len() {
            let mut assembler = Assembler::default();
            let mut entries = Vec::new();
            assembler.push(ms(0), true, b"AT+CSQ\r", &mut entries);
            for chunk in answer.chunks(size) {
                assembler.push(ms(5), false, chunk, &mut entries);
            }
            let expected = [
                r"> AT+CSQ\r",
                r"< \r\n+CSQ: 20,99\r\n",
                r"< \r\nOK\r\n",
                r"< +MQTTDISC: OK\r\n",
            ];
            assert_eq!(texts(&entries), expected, "chunks of {size}");
            assert!(!assembler.is_waiting());
        }
    }

    #[test]
    fn parts_that_come_apart_or_around_something_else_are_entries_of_their_own() {
        let mut assembler = Assembler::default();
        let mut entries = Vec::new();
        assembler.push(ms(0), false, b"+MQT", &mut entries);
        assembler.push(ms(150), false, b"TD", &mut entries);
        assembler.push(ms(160), true, b"AT\r", &mut entries);
        assembler.push(ms(170), false, b"ISC: OK\r\n", &mut entries);
        let expected = [r"< +", r"< MQTTD", r"> AT\r", r"< ISC: OK\r\n"];
        // `MQT` may be the beginning of a configuration.
        assert_eq!(texts(&entries), expected);
    }

    #[test]
    fn a_password_never_shows_in_either_direction_any_chunks_and_any_pauses() {
        for size in 1..CONFIG.len() {
            for pause in [0, 200] {
                let mut assembler = Assembler::default();
                let mut entries = Vec::new();
                let mut now = 0;
                for chunk in CONFIG.as_bytes().chunks(size) {
                    now += pause;
                    assembler.push(ms(now), true, chunk, &mut entries);
                    assembler.push(ms(now), false, chunk, &mut entries);
                    assembler.flush(&mut entries);
                }
                assembler.push(ms(now), false, b"\n", &mut entries);
                assembler.finish(&mut entries);
                let shown = texts(&entries).join("\n");
                for part in ["geheim", "geh", "heim", "eim\""] {
                    assert!(!shown.contains(part), "chunks of {size}: {shown}");
                }
                assert_eq!(shown.matches(r"\*\*\*").count(), 2, "{shown}");
            }
        }
    }

    #[test]
    fn a_pin_never_shows_in_either_direction_any_chunks_and_any_pauses() {
        let line = "AT+CMEE=1;+CLCK=\"SC\",1,\"7041\"\r";
        for size in 1..line.len() {
            for pause in [0, 200] {
                let mut assembler = Assembler::default();
                let mut entries = Vec::new();
                let mut now = 0;
                for chunk in line.as_bytes().chunks(size) {
                    now += pause;
                    assembler.push(ms(now), true, chunk, &mut entries);
                    assembler.push(ms(now), false, chunk, &mut entries);
                    assembler.flush(&mut entries);
                }
                assembler.push(ms(now), false, b"\n", &mut entries);
                assembler.finish(&mut entries);
                let shown = texts(&entries).join("\n");
                assert!(
                    !shown.contains(['7', '0', '4']),
                    "chunks of {size}: {shown}"
                );
                assert_eq!(shown.matches(r"\*\*\*").count(), 2, "{shown}");
            }
        }
    }

    #[test]
    fn an_echo_that_a_urc_cuts_in_two_shows_no_password() {
        let mut assembler = Assembler::default();
        let mut entries = Vec::new();
        let line = CONFIG.replace("geheim", "geheimnis");
        assembler.push(ms(0), true, line.as_bytes(), &mut entries);
        let cut = line.replace("imnis", "\r\n+CEREG: 1\r\nimnis");
        assembler.push(ms(1), false, cut.as_bytes(), &mut entries);
        assembler.push(ms(2), false, b"\n", &mut entries);
        let shown = texts(&entries);
        assert_eq!(shown[2..], [r"< +CEREG: 1\r\n", r#"< \*\*\*",1\r\n"#]);
        assert!(!shown.concat().contains("gehe"), "{shown:?}");
    }

    #[test]
    fn a_password_never_shows_when_the_recording_ends_or_the_line_is_cut_in_it() {
        for end in 1..CONFIG.len() {
            let mut assembler = Assembler::default();
            let mut entries = Vec::new();
            assembler.push(ms(0), true, &CONFIG.as_bytes()[..end], &mut entries);
            assembler.finish(&mut entries);
            let shown = texts(&entries).join("");
            assert!(!shown.contains("ge"), "{shown}");
        }
        let long = format!(
            "AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"{}\",1\r",
            "xyz".repeat(3000)
        );
        let mut assembler = Assembler::default();
        let mut entries = Vec::new();
        assembler.push(ms(0), true, long.as_bytes(), &mut entries);
        assembler.push(ms(0), true, b"AT\r", &mut entries);
        assembler.finish(&mut entries);
        let shown = texts(&entries);
        assert!(!shown.concat().contains("xy"), "{shown:?}");
        assert_eq!(shown.last().map(String::as_str), Some(r"> AT\r"));
    }

    #[test]
    fn what_is_hidden_in_a_message_keeps_its_length() {
        let message =
            "\r\n+MQTTPUBLISH: 0,0,0,0,t,42,MQTTCFG=\"h\",1,\"c\",60,\"u\",\"geheim\",1\r\n";
        let mut assembler = Assembler::default();
        let mut entries = Vec::new();
        for byte in message.as_bytes() {
            assembler.push(ms(0), false, &[*byte], &mut entries);
            assembler.flush(&mut entries);
        }
        let passed: Vec<u8> = entries
            .iter()
            .flat_map(|entry| match &entry.what {
                EntryKind::FromModule(escaped) => escaped.bytes().to_vec(),
                _ => Vec::new(),
            })
            .collect();
        let hidden = message.replace("geheim", "******");
        assert_eq!(String::from_utf8(passed).unwrap(), hidden);
    }

    #[test]
    fn every_byte_of_any_stream_passes_in_order() {
        let mut random = 1_u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % below
        };
        let mut assembler = Assembler::default();
        let mut entries = Vec::new();
        let mut fed = [Vec::new(), Vec::new()];
        for now in 0..5000 {
            let to_module = next(3) == 0;
            let chunk: Vec<u8> = (0..next(20))
                .map(|_| b"MQTCFG\r\n +=x\xff"[next(13) as usize])
                .collect();
            fed[usize::from(to_module)].extend_from_slice(&chunk);
            assembler.push(ms(now * 30), to_module, &chunk, &mut entries);
        }
        assembler.finish(&mut entries);
        for (direction, fed) in fed.iter().enumerate() {
            let passed: Vec<u8> = entries
                .iter()
                .filter_map(|entry| match &entry.what {
                    EntryKind::ToModule(escaped) if direction == 1 => Some(escaped.bytes()),
                    EntryKind::FromModule(escaped) if direction == 0 => Some(escaped.bytes()),
                    _ => None,
                })
                .flatten()
                .copied()
                .collect();
            assert_eq!(&passed, fed);
        }
    }
}
