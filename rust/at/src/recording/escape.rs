//! Bytes as one line of text, and back.

use super::EscapedBytes;

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

/// The bytes of a text, or why it is none.
pub(super) fn read(text: &str) -> Result<EscapedBytes, String> {
    let mut passage = EscapedBytes::default();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        passage.push(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let letter = escape.chars().next();
        let mut used = 1;
        match letter {
            Some('r') => passage.push(b"\r"),
            Some('n') => passage.push(b"\n"),
            Some('t') => passage.push(b"\t"),
            Some('\\') => passage.push(b"\\"),
            Some('*') => passage.push_hidden(1),
            Some('x') => {
                let digits = escape.get(1..3).map(str::as_bytes);
                let byte = digits.and_then(|digits| crate::hex::decode(digits).ok());
                passage.push(&byte.ok_or("\\x needs two hex digits")?);
                used = 3;
            }
            Some(other) => return Err(format!("\\{other} is no escape")),
            None => return Err("a single \\ at the end".to_owned()),
        }
        rest = &escape[used..];
    }
    passage.push(rest.as_bytes());
    Ok(passage)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(read(&text).unwrap().bytes(), bytes, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for text in ["\\", "\\q", "\\x", "\\x1", "\\xg0", "\\x+1", "\\xé"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
