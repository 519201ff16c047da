//! The texts of the table in the words of each language.

use std::fmt::Write as _;

use crate::table::ApiTable;
use crate::table::constants::Constant;
use crate::table::names::camel_case;
use crate::table::reference::{Part, c_names, parts};

/// Where a text is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    C,
    Python,
    Markdown,
}

/// The text of `row` and what holds in `language` only.
pub(super) fn text_of(table: &ApiTable, row: &Constant, language: Language) -> String {
    let own = |own: &str| match own {
        "" => String::new(),
        own => format!(" {}", in_language(table, own, language)),
    };
    let text = in_language(table, &row.text, language);
    match language {
        Language::Rust => text + &own(&row.rust),
        Language::C => text + &own(&row.c),
        Language::Python => text + &own(&row.python),
        Language::Markdown if row.c.is_empty() => text,
        Language::Markdown => format!("{text} In C:{}", own(&row.c)),
    }
}

/// `text` with its references as `language` writes them.
fn in_language(table: &ApiTable, text: &str, language: Language) -> String {
    // ApiTable::parse refuses a reference to nothing.
    let parts = parts(table, text).unwrap_or_default();
    let shown = parts.into_iter().map(|part| reference(part, language));
    let shown: String = shown.collect();
    if language == Language::Markdown {
        as_code(&shown)
    } else {
        shown
    }
}

fn reference(part: Part<'_>, language: Language) -> String {
    let rust = |kind: &str, name: &str| {
        let variant = camel_case(name);
        format!("[`{variant}`](crate::{kind}::{variant})")
    };
    match (part, language) {
        (Part::Plain(text), _) => text.to_owned(),
        (Part::Event(name), Language::Rust) => rust("EventKind", name),
        (Part::Event(name), Language::C) => format!("M531X_EVENT_{name}"),
        (Part::Event(name), Language::Python) => format!("`EventKind.{name}`"),
        (Part::Error(name), Language::Rust) => rust("ErrorCode", name),
        (Part::Error(name), Language::C) => format!("M531X_ERR_{name}"),
        (Part::Error(name), Language::Python) => format!("`ErrorCode.{name}`"),
        (Part::Event(name) | Part::Error(name), Language::Markdown) => {
            format!("`{}`", camel_case(name))
        }
        (Part::States, Language::Rust) => "[`MqttState`](crate::MqttState)".to_owned(),
        (Part::States, Language::C) => "M531X_STATE_...".to_owned(),
        (Part::States, Language::Python | Language::Markdown) => "`MqttState`".to_owned(),
    }
}

/// `text` with the names of C as Markdown code.
fn as_code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(name) = c_names(rest).next() {
        let Some((before, after)) = rest.split_once(name) else {
            break;
        };
        let dots = after.strip_prefix("...").map_or("", |_| "...");
        code.push_str(before);
        let _ = write!(code, "`{name}{dots}`");
        rest = &after[dots.len()..];
    }
    code + rest
}

/// `text` with its first letter in upper case.
pub(super) fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}", first.to_ascii_uppercase())
}

/// `text` in lines of at most `width` with what each begins with.
pub(super) fn wrapped(text: &str, start: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = start.to_owned();
    for word in text.split(' ') {
        if line.len() > start.len() && line.len() + 1 + word.len() > width {
            lines.push_str(&line);
            lines.push('\n');
            line.clear();
            line.push_str(start);
        }
        if line.len() > start.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_c_become_code() {
        assert_eq!(
            as_code("see M531X_STATE_..., and m531x_open."),
            "see `M531X_STATE_...`, and `m531x_open`."
        );
    }

    #[test]
    fn a_line_is_as_long_as_it_may_be() {
        assert_eq!(
            wrapped("one two three", "// ", 10),
            "// one two\n// three\n"
        );
    }
}
