//! Bytes in front of a line that no module prints there: of a line that powers up, of another speed.

use crate::framer::header::{self, PREFIX, Parsed};
use crate::response::FinalResult;
use crate::urc::Urc;

/// More of them are no garbage in front of something.
const MOST: usize = 64;

/// Whether no line of a module's own begins with it: spaces, control characters, what is not ASCII.
/// A topic in a list can.
#[inline]
pub(super) fn is_garbage(byte: u8) -> bool {
    byte <= b' ' || byte >= 0x7f
}

/// How many of the first bytes are garbage; `None` if there are too many.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let is_other = |byte: &u8| matches!(byte, b'\r' | b'\n') || !is_garbage(*byte);
    let window = &bytes[..bytes.len().min(MOST + 1)];
    let length = window.iter().position(is_other).unwrap_or(window.len());
    (length <= MOST).then_some(length)
}

/// Where a message begins in these bytes: at once or behind garbage.
pub(super) fn before_message(bytes: &[u8]) -> Option<usize> {
    let start = length(bytes)?;
    let rest = &bytes[start..];
    let is_message =
        rest.starts_with(PREFIX) && matches!(header::parse(rest), Parsed::Complete(..));
    is_message.then_some(start)
}

/// How much stands in front of a line that is known without it.
#[inline]
pub(super) fn before_line(line: &[u8]) -> usize {
    if line.first().is_none_or(|first| !is_garbage(*first)) {
        return 0;
    }
    let Some(start) = length(line) else {
        return 0;
    };
    let rest = &line[start..];
    let known = matches!(rest.first(), Some(b'+' | b'*'))
        || FinalResult::parse(rest).is_some()
        || Urc::parse(rest).is_some();
    if known { start } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_taken_off_what_is_known_without_it() {
        for line in [
            "OK",
            "ERROR",
            "+CSQ: 1,99",
            "*ATREADY: 1",
            "REBOOTING..",
            "+CME ERROR: 3",
        ] {
            for garbage in [&b"\0"[..], b"\xff", b" \xff", b"\x80\0\0", b"\t"] {
                let bytes = [garbage, line.as_bytes()].concat();
                assert_eq!(
                    before_line(&bytes),
                    garbage.len(),
                    "{}",
                    bytes.escape_ascii()
                );
            }
            assert_eq!(before_line(line.as_bytes()), 0);
        }
    }

    #[test]
    fn what_cannot_be_told_stays() {
        for line in ["\u{4fe1}\u{606f}/a", " lamp", "\0", "\0lamp", "xOK"] {
            assert_eq!(before_line(line.as_bytes()), 0, "{line}");
        }
        let many = [&[0xff; MOST + 1][..], b"OK"].concat();
        assert_eq!(before_line(&many), 0);
        assert_eq!(before_line(&many[1..]), MOST);
    }
}
