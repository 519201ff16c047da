//! The commands that hold a secret.

use std::ops::Range;

use super::list::Form;

/// A command that holds a secret.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Configuration,
    Other(&'static Form),
}

const CONFIGURATION: &[u8] = b"MQTTCFG";

/// 3GPP TS 27.007 sections 8.3, 7.4, 7.5 and 10.1.31, and what M5311 has in place of the last.
///
/// Modules disagree whether `CGAUTH` has user name or password first, so both are secret.
static FORMS: [Form; 7] = [
    Form {
        name: b"CPIN",
        before: |_| true,
        secrets: 0..2,
        most: 2,
        is_read_back: false,
    },
    Form {
        name: b"CPIN2",
        before: |_| true,
        secrets: 0..2,
        most: 2,
        is_read_back: false,
    },
    // What is to be done, the PIN, and the new one (Hi21xx).
    Form {
        name: b"NPIN",
        before: |fields| fields[0].len() < 3 && digits(fields[0]),
        secrets: 1..3,
        most: 3,
        is_read_back: false,
    },
    Form {
        name: b"CLCK",
        before: |fields| {
            facility(fields[0])
                && fields
                    .get(1)
                    .is_none_or(|mode| mode.len() < 2 && digits(mode))
        },
        secrets: 2..3,
        most: 4,
        is_read_back: false,
    },
    Form {
        name: b"CPWD",
        before: |fields| facility(fields[0]),
        secrets: 1..3,
        most: 3,
        is_read_back: false,
    },
    Form {
        name: b"CGAUTH",
        before: |fields| fields.iter().take(2).all(|field| digits(field)),
        secrets: 2..4,
        most: 4,
        is_read_back: true,
    },
    Form {
        name: b"MCGDEFCONT",
        before: |fields| packet_type(fields[0]),
        secrets: 2..4,
        most: 4,
        is_read_back: true,
    },
];

/// `SC`, `P2` and the like.
fn facility(field: &[u8]) -> bool {
    matches!(field, [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphanumeric())
}

/// `IP`, `IPV6`, `IPV4V6`, `Non-IP`.
fn packet_type(field: &[u8]) -> bool {
    field
        .to_ascii_uppercase()
        .windows(2)
        .any(|two| two == b"IP")
}

fn digits(field: &[u8]) -> bool {
    field.iter().all(u8::is_ascii_digit)
}

impl Named {
    /// The command whose name ends this text, blanks aside.
    pub(super) fn before(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii_end();
        let ends_with = |name: &[u8]| {
            text.len() >= name.len() && text[text.len() - name.len()..].eq_ignore_ascii_case(name)
        };
        if ends_with(CONFIGURATION) {
            return Some(Self::Configuration);
        }
        FORMS
            .iter()
            .find(|form| ends_with(form.name))
            .map(Self::Other)
    }
}

/// What follows the name of a command that has neither `=` nor `:` nor `?` behind it.
pub(super) fn without_mark(line: &[u8]) -> Option<Range<usize>> {
    let found = names().filter_map(|name| {
        let mut windows = line.windows(name.len());
        let start = windows.position(|window| window.eq_ignore_ascii_case(name))?;
        Some(start + name.len())
    });
    // `CPIN` is the beginning of `CPIN2`.
    let end = found.max()?;
    let rest = &line[end..];
    let start = end + (rest.len() - rest.trim_ascii_start().len());
    let has_digit = line[start..].iter().any(u8::is_ascii_digit);
    let marked = matches!(line.get(start), Some(b'?' | b'=' | b':' | b';'));
    (has_digit && !marked).then(|| start..start + line[start..].trim_ascii_end().len())
}

fn names() -> impl Iterator<Item = &'static [u8]> {
    FORMS.iter().map(|form| form.name).chain([CONFIGURATION])
}

/// Where the last name begins.
pub(crate) fn last_name(bytes: &[u8]) -> Option<usize> {
    names()
        .filter_map(|name| {
            bytes
                .windows(name.len())
                .rposition(|window| window.eq_ignore_ascii_case(name))
        })
        .max()
}

/// How many of the last bytes are the first of a name.
pub(crate) fn beginning_of_name(bytes: &[u8]) -> usize {
    names()
        .filter_map(|name| {
            (1..name.len()).rev().find(|&count| {
                bytes
                    .len()
                    .checked_sub(count)
                    .is_some_and(|start| bytes[start..].eq_ignore_ascii_case(&name[..count]))
            })
        })
        .max()
        .unwrap_or(0)
}
