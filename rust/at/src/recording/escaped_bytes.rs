//! Bytes that passed, some of them hidden.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::escape;
use crate::redact::{EchoGuard, secrets};

/// How many hidden bytes stand for a password.
const MASK: usize = 3;

/// Bytes that passed; those of a password are hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EscapedBytes {
    bytes: Vec<u8>,
    /// In order, apart from each other; their bytes are `*`.
    hidden: Vec<Range<usize>>,
}

impl EscapedBytes {
    /// Bytes that hold no password.
    pub fn plain(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            hidden: Vec::new(),
        }
    }

    /// The bytes with every password hidden; three hidden bytes replace one of any length.
    pub fn redacted(bytes: &[u8]) -> Self {
        Self::hiding(bytes, secrets(bytes), |_| MASK)
    }

    /// The bytes with every password hidden by as many bytes as it has: the length of a payload
    /// stands ahead of it, and must stay true.
    pub fn redacted_alike(bytes: &[u8]) -> Self {
        Self::hiding(bytes, secrets(bytes), |length| length)
    }

    /// The bytes; `*` for each hidden one.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether anything is hidden.
    pub fn is_redacted(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Whether these may be the bytes that passed: anything may stand where bytes are hidden.
    ///
    /// ```
    /// use m531x_at::recording::EscapedBytes;
    ///
    /// let line = |password| format!("AT+MQTTCFG=\"host\",1883,\"lamp\",60,\"me\",\"{password}\",1\r");
    /// let recorded = EscapedBytes::redacted(line("secret").as_bytes());
    /// assert!(recorded.matches(line("another").as_bytes()));
    /// assert!(!recorded.matches(line("another").replace("lamp", "lump").as_bytes()));
    /// ```
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        let mut from = 0;
        for (index, hidden) in self.hidden.iter().enumerate() {
            let before = &self.bytes[from..hidden.start];
            // The first part stands at the beginning, the others anywhere after.
            let at = if index == 0 {
                rest.starts_with(before).then_some(0)
            } else {
                find(rest, before)
            };
            let Some(at) = at else {
                return false;
            };
            rest = &rest[at + before.len()..];
            from = hidden.end;
        }
        let last = &self.bytes[from..];
        if self.hidden.is_empty() {
            rest == last
        } else {
            rest.ends_with(last)
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn push_hidden(&mut self, count: usize) {
        let start = self.bytes.len();
        self.bytes.resize(start + count, b'*');
        match self.hidden.last_mut() {
            Some(last) if last.end == start => last.end += count,
            _ if count > 0 => self.hidden.push(start..start + count),
            _ => {}
        }
    }

    /// As [`redacted`](Self::redacted), or alike, with what is left of an echo hidden too.
    pub(super) fn guarded(bytes: &[u8], echo: &EchoGuard, alike: bool) -> Self {
        Self::hiding(bytes, echo.secrets(bytes), |length| {
            if alike { length } else { MASK }
        })
    }

    fn hiding(bytes: &[u8], secrets: Vec<Range<usize>>, mask: impl Fn(usize) -> usize) -> Self {
        let mut escaped = Self::default();
        let mut from = 0;
        for secret in secrets {
            escaped.push(&bytes[from..secret.start]);
            escaped.push_hidden(mask(secret.len()));
            from = secret.end;
        }
        escaped.push(&bytes[from..]);
        escaped
    }
}

impl fmt::Display for EscapedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut from = 0;
        let mut text = String::with_capacity(self.bytes.len() + 16);
        for hidden in &self.hidden {
            escape::write(&self.bytes[from..hidden.start], &mut text);
            for _ in hidden.clone() {
                text.push_str("\\*");
            }
            from = hidden.end;
        }
        escape::write(&self.bytes[from..], &mut text);
        escape::mark_spaces(&mut text);
        f.write_str(&text)
    }
}

impl FromStr for EscapedBytes {
    type Err = String;

    /// Reads what `Display` prints.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            bytes.push(&rest.as_bytes()[..at]);
            let escape = &rest[at + 1..];
            let letter = escape.chars().next();
            let mut used = 1;
            match letter {
                Some('r') => bytes.push(b"\r"),
                Some('n') => bytes.push(b"\n"),
                Some('t') => bytes.push(b"\t"),
                Some('\\') => bytes.push(b"\\"),
                Some('*') => bytes.push_hidden(1),
                Some('x') => {
                    let digits = escape.get(1..3).map(str::as_bytes);
                    let byte = digits.and_then(|digits| crate::hex::decode(digits).ok());
                    bytes.push(&byte.ok_or("\\x needs two hex digits")?);
                    used = 3;
                }
                Some(other) => return Err(format!("\\{other} is no escape")),
                None => return Err("a single \\ at the end".to_owned()),
            }
            rest = &escape[used..];
        }
        bytes.push(rest.as_bytes());
        Ok(bytes)
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_three_hidden_bytes_and_an_empty_one_none() {
        let line = |password: &str| format!("AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"{password}\",1\r");
        let shown = EscapedBytes::redacted(line("geheim").as_bytes()).to_string();
        assert_eq!(shown, line(r"\*\*\*").replace('\r', "\\r"));
        assert!(!EscapedBytes::redacted(line("").as_bytes()).is_redacted());
    }

    #[test]
    fn hidden_bytes_match_any_number_and_all_else_must_be_equal() {
        let recorded = EscapedBytes::redacted(b"AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"geheim\",1\r");
        assert!(recorded.matches(b"AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"\",1\r"));
        assert!(!recorded.matches(b"AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"x\",0\r"));
        assert!(EscapedBytes::plain(b"AT\r").matches(b"AT\r"));
        assert!(!EscapedBytes::plain(b"AT\r").matches(b"ATI\r"));
    }

    #[test]
    fn every_byte_comes_back() {
        let every: Vec<u8> = (0..=255).collect();
        for bytes in [
            &b""[..],
            b" ",
            b"  ",
            b" a b ",
            b"\\x41\\r",
            "温度\u{2028}é".as_bytes(),
            &"é".as_bytes()[..1],
            &every,
        ] {
            let text = EscapedBytes::plain(bytes).to_string();
            assert!(
                !text.contains(['\r', '\n']) && text.trim() == text,
                "{text:?}"
            );
            assert_eq!(
                text.parse::<EscapedBytes>().unwrap().bytes(),
                bytes,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for text in ["\\", "\\q", "\\x", "\\x1", "\\xg0", "\\x+1", "\\xé"] {
            assert!(text.parse::<EscapedBytes>().is_err(), "{text}");
        }
    }
}
