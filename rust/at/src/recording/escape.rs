//! Bytes as one line of text.

/// Appends the bytes: printable text as it is (UTF-8 too), the rest escaped.
pub(super) fn write(bytes: &[u8], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\r' => text.push_str("\\r"),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\\' => text.push_str("\\\\"),
                // The separators of lines and paragraphs are line ends to some readers.
                c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                    let mut buffer = [0; 4];
                    write_hex(c.encode_utf8(&mut buffer).as_bytes(), text);
                }
                c => text.push(c),
            }
        }
        write_hex(chunk.invalid(), text);
    }
}

/// A space at either end would be invisible, and lost by an editor.
pub(super) fn mark_spaces(text: &mut String) {
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\x20");
    }
    if text.starts_with(' ') {
        text.replace_range(..1, "\\x20");
    }
}

fn write_hex(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push_str("\\x");
        text.push_str(&crate::hex::encode(&[*byte]));
    }
}
