//! The secrets among the fields of a command.

use std::iter::once;
use std::ops::Range;

/// The fields of a command that holds secrets.
pub(super) struct Form {
    pub(super) name: &'static [u8],
    /// Whether the fields, of which there is one at least, can be those of this command; with a
    /// field left out the secrets would stand elsewhere.
    pub(super) before: fn(&[&[u8]]) -> bool,
    pub(super) secrets: Range<usize>,
    /// How many fields there are at most.
    pub(super) most: usize,
    /// Whether the module's answer has the same fields.
    pub(super) is_read_back: bool,
}

/// The places of the secrets after an equals sign or a colon: the colon of an answer, unless it was
/// written in a command.
pub(super) fn secrets_in_list(form: &Form, answer: bool, list: &[u8]) -> Vec<Range<usize>> {
    let text = list.trim_ascii_start();
    // An answer to the question for the ranges begins with a bracket.
    if answer && (!form.is_read_back || text.starts_with(b"(")) {
        return Vec::new();
    }
    let fields = Fields::read(list);
    let places = &fields.places;
    let texts: Vec<&[u8]> = places.iter().map(|place| &list[place.clone()]).collect();
    if matches!(texts[..], [b"" | b"?"]) {
        return Vec::new();
    }
    let start = list.len() - text.len();
    if !(form.before)(&texts) {
        return once(start..fields.end).collect();
    }
    if places.len() > form.most || fields.broken {
        // Without its quotation mark a field may have taken in all the others.
        let first = places
            .get(form.secrets.start)
            .map_or(start, |place| place.start);
        return once(first..fields.end).collect();
    }
    places
        .iter()
        .take(form.secrets.end)
        .skip(form.secrets.start)
        .filter(|place| !place.is_empty())
        .cloned()
        .collect()
}

/// The fields of one command of a line.
struct Fields {
    /// Where their texts stand, between their quotation marks.
    places: Vec<Range<usize>>,
    /// One has no quotation mark at its end.
    broken: bool,
    /// Where the command ends.
    end: usize,
}

impl Fields {
    fn read(list: &[u8]) -> Self {
        let mut places = Vec::new();
        let mut at = 0;
        loop {
            at += blanks(&list[at..]);
            let quoted = list.get(at) == Some(&b'"');
            let end = if quoted {
                let Some(length) = closing(&list[at + 1..]) else {
                    places.push(at + 1..list.len());
                    return Self {
                        places,
                        broken: true,
                        end: list.len(),
                    };
                };
                places.push(at + 1..at + 1 + length);
                let after = at + 1 + length + 1;
                after + blanks(&list[after..])
            } else {
                let length = (at..list.len())
                    .find(|&end| list[end] == b',' || ends_command(&list[end..]))
                    .map_or(list.len() - at, |end| end - at);
                places.push(at..at + list[at..at + length].trim_ascii_end().len());
                at + length
            };
            if list.get(end) != Some(&b',') {
                return Self {
                    places,
                    broken: false,
                    end,
                };
            }
            at = end + 1;
        }
    }
}

/// Where the quotation mark stands that ends the field.
fn closing(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'"', text).find(|at| {
        let after = text[at + 1..].trim_ascii_start();
        after.is_empty() || after[0] == b',' || ends_command(after)
    })
}

/// Whether this is the end of a line, or the semicolon ahead of its next command. A password may hold
/// one, too, so a command has to follow (ITU-T V.250 section 5.4.1).
fn ends_command(text: &[u8]) -> bool {
    let Some(next) = text.strip_prefix(b";") else {
        return text.is_empty();
    };
    match next.trim_ascii_start() {
        [] => true,
        [mark, letter, ..] => b"+*^&$%#".contains(mark) && letter.is_ascii_alphabetic(),
        _ => false,
    }
}

fn blanks(text: &[u8]) -> usize {
    text.len() - text.trim_ascii_start().len()
}
