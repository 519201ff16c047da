//! Reading comma-separated fields, quoted or not.

/// The full-width quotation marks that stand in print where the module sends `"` (manual 1.1).
const WIDE_QUOTES: [&[u8]; 2] = ["\u{201c}".as_bytes(), "\u{201d}".as_bytes()];

/// One field with its quotes taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) quoted: bool,
}

impl<'a> Field<'a> {
    pub(crate) fn number(self) -> Option<u32> {
        number(self.text)
    }

    pub(crate) fn str(self) -> Option<&'a str> {
        std::str::from_utf8(self.text).ok()
    }
}

/// The fields of a list, one after the other; ends at the first that is broken.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    rest: Option<&'a [u8]>,
    whole: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(list: &'a [u8]) -> Self {
        Self {
            rest: Some(list),
            whole: list,
        }
    }

    /// What has not been read, however many commas it holds; `None` after the last field.
    pub(crate) fn rest(&self) -> Option<&'a [u8]> {
        self.rest
    }

    /// Where the unread part begins in the list.
    pub(crate) fn offset(&self) -> usize {
        self.whole.len() - self.rest.map_or(0, <[u8]>::len)
    }

    /// Whether every field was read and none was broken.
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_none()
    }

    fn quoted(&mut self, list: &'a [u8], opening: usize) -> Option<Field<'a>> {
        let body = &list[opening..];
        // A mark of the kind that opened the field closes it; the manual mixes both kinds.
        let (end, mark) = if opening == 1 {
            closing(body, b"\"").or_else(|| closing_wide(body))
        } else {
            closing_wide(body).or_else(|| closing(body, b"\""))
        }?;
        let after = trim_start(&body[end + mark..]);
        self.rest = after.strip_prefix(b",");
        Some(Field {
            text: &body[..end],
            quoted: true,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let list = trim_start(self.rest?);
        if let Some(opening) = quote_length(list) {
            return self.quoted(list, opening);
        }
        let end = memchr::memchr(b',', list).unwrap_or(list.len());
        self.rest = list.get(end + 1..);
        Some(Field {
            text: list[..end].trim_ascii_end(),
            quoted: false,
        })
    }
}

/// The digits as a number; no sign, no space.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// What follows `name:` and spaces; spaces differ even within one firmware.
pub(crate) fn value<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    Some(trim_start(
        line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?,
    ))
}

/// Takes one pair of double quotes off, if there is one.
pub(crate) fn unquote(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"")
        .and_then(|inner| inner.strip_suffix(b"\""))
        .unwrap_or(text)
}

pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t'))
        .unwrap_or(text.len());
    &text[start..]
}

fn quote_length(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'"') {
        return Some(1);
    }
    WIDE_QUOTES
        .iter()
        .find(|mark| text.starts_with(mark))
        .map(|mark| mark.len())
}

fn closing(body: &[u8], mark: &[u8]) -> Option<(usize, usize)> {
    memchr::memmem::find_iter(body, mark)
        .find(|at| ends_field(&body[at + mark.len()..]))
        .map(|at| (at, mark.len()))
}

fn closing_wide(body: &[u8]) -> Option<(usize, usize)> {
    WIDE_QUOTES
        .iter()
        .filter_map(|mark| closing(body, mark))
        .min()
}

fn ends_field(after: &[u8]) -> bool {
    matches!(trim_start(after).first(), None | Some(b','))
}
