//! Hex digits, the form in which arbitrary bytes travel in `AT+MQTTPUB`.

use std::fmt;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Appends two upper-case hex digits for each byte.
pub fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() * 2);
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0x0f)]);
    }
}

/// Returns two upper-case hex digits for each byte.
///
/// ```
/// assert_eq!(m531x_at::hex::encode(b"~zz"), "7E7A7A");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// Returns the bytes behind hex digits of either case.
///
/// ```
/// assert_eq!(m531x_at::hex::decode(b"7e7A7a").unwrap(), b"~zz");
/// ```
pub fn decode(digits: &[u8]) -> Result<Vec<u8>, HexError> {
    if digits.len() % 2 != 0 {
        return Err(HexError::OddLength(digits.len()));
    }
    digits
        .chunks_exact(2)
        .enumerate()
        .map(|(index, pair)| {
            let high = nibble(pair[0]).ok_or(HexError::NotADigit(index * 2))?;
            let low = nibble(pair[1]).ok_or(HexError::NotADigit(index * 2 + 1))?;
            Ok(high << 4 | low)
        })
        .collect()
}

/// Why a text is not the hex form of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    /// The number of digits is odd.
    OddLength(usize),
    /// The byte at this offset is not a hex digit.
    NotADigit(usize),
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OddLength(length) => write!(f, "{length} hex digits do not make whole bytes"),
            Self::NotADigit(offset) => write!(f, "no hex digit at offset {offset}"),
        }
    }
}

impl std::error::Error for HexError {}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
