//! Bytes as one line of text that shows each of them, for traces, logs and recordings.

/// Returns the bytes as one line: printable text as it is (UTF-8 too), a backslash as `\\`, and everything else as
/// `\r`, `\n`, `\t` or `\xNN`.
///
/// No two texts look alike: the bytes can be read back from it.
///
/// ```
/// assert_eq!(m531x_at::printable::bytes(b"a\\b\r\0\xff"), r"a\\b\r\x00\xFF");
/// ```
pub fn bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    write(bytes, &mut text);
    text
}

/// Returns a text with its control characters as `\r`, `\n`, `\t` or `\xNN`, and all else as it is: for messages to
/// people, which stay one line and steer no terminal.
///
/// ```
/// assert_eq!(m531x_at::printable::text("a\\b\r\x1b"), r"a\b\r\x1B");
/// ```
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        write_character(character, &mut shown);
    }
    shown
}

/// Appends the bytes as [`bytes`] shows them.
pub(crate) fn write(bytes: &[u8], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                character => write_character(character, text),
            }
        }
        write_hex(chunk.invalid(), text);
    }
}

fn write_character(character: char, text: &mut String) {
    match character {
        '\r' => text.push_str("\\r"),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        // The separators of lines and paragraphs are line ends to some readers.
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
            let mut buffer = [0; 4];
            write_hex(c.encode_utf8(&mut buffer).as_bytes(), text);
        }
        c => text.push(c),
    }
}

fn write_hex(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push_str("\\x");
        text.push_str(&crate::hex::encode(&[*byte]));
    }
}
