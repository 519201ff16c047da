//! How the bytes of an input become acts.
//!
//! Acts end at the byte 0xFF. An act that begins with a letter its target knows is that one, every
//! other is bytes for the wire. So mutations do not shift what follows, words of the dictionary keep
//! their meaning, and an input can be read.

/// The acts of an input.
pub(crate) fn acts(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    input.split(|byte| *byte == 0xFF)
}

/// The number in front of `bytes`, and what follows it; 0 if there is none.
pub(crate) fn number(bytes: &[u8]) -> (u64, &[u8]) {
    let digits = bytes
        .iter()
        .take(9)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let number = bytes[..digits]
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    (number, &bytes[digits..])
}

/// What stands before the first `|`, and what after it.
pub(crate) fn pair(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'|') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// The same as text; what is not UTF-8 is replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
