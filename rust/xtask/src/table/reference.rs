//! Names of other rows within a text: `{event:DROPPED}`, `{error:QUEUE_FULL}`, `{state}`.

use super::constants::Kind;
use super::{ApiTable, TableError, refuse};

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// As it stands.
    Plain(&'a str),
    /// An event, by its short name.
    Event(&'a str),
    /// An error, by its short name.
    Error(&'a str),
    /// The states, all of them.
    States,
}

impl ApiTable {
    /// Texts name rows of all kinds, so they are checked last.
    pub(super) fn check_texts(&self) -> Result<(), TableError> {
        for row in Kind::ALL.iter().flat_map(|kind| self.constants(*kind)) {
            let constant = &row.constant;
            if !is_plain(&row.text)
                || [&row.rust, &row.c, &row.python]
                    .iter()
                    .any(|text| !text.is_empty() && !is_plain(text))
            {
                return refuse(format!(
                    "a text of {constant} is not whole sentences of plain letters"
                ));
            }
            for text in [&row.text, &row.rust, &row.c, &row.python] {
                if let Err(reason) = parts(self, text) {
                    return refuse(format!("a text of {constant} {reason}"));
                }
                if let Some(name) = unknown_constant(self, text) {
                    return refuse(format!(
                        "a text of {constant} names {name}, which is not in the table"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The pieces of `text`, or what is wrong with a reference in it.
pub(crate) fn parts<'a>(table: &ApiTable, text: &'a str) -> Result<Vec<Part<'a>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (reference, after) = after
            .split_once('}')
            .ok_or_else(|| "has { without }".to_owned())?;
        parts.push(Part::Plain(before));
        parts.push(part(table, reference)?);
        rest = after;
    }
    parts.push(Part::Plain(rest));
    Ok(parts)
}

fn part<'a>(table: &ApiTable, reference: &'a str) -> Result<Part<'a>, String> {
    let part = match reference.split_once(':') {
        None if reference == "state" => Some(Part::States),
        Some(("event", name)) => table
            .constants(Kind::Event)
            .iter()
            .any(|event| event.name == name)
            .then_some(Part::Event(name)),
        Some(("error", name)) => table
            .errors
            .iter()
            .any(|error| error.python_constant() == name)
            .then_some(Part::Error(name)),
        _ => None,
    };
    part.ok_or_else(|| format!("refers to {{{reference}}}, which is not in the table"))
}

/// The first C constant in `text` that the table does not have; `M531X_STATE_...` stands for all states.
pub(crate) fn unknown_constant<'a>(table: &ApiTable, text: &'a str) -> Option<&'a str> {
    c_names(text)
        .filter(|name| name.starts_with("M531X_"))
        .find(|name| !is_known(table, name))
}

/// The names of C in `text`, constants and functions.
pub(crate) fn c_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("M531X_") || word.starts_with("m531x_"))
}

fn is_known(table: &ApiTable, name: &str) -> bool {
    table.errors.iter().any(|error| error.constant == name)
        || Kind::ALL.iter().any(|kind| {
            kind.prefix() == name
                || table
                    .constants(*kind)
                    .iter()
                    .any(|row| row.constant == name)
        })
}

/// The text is put into comments of C and Rust, Python strings and a Markdown table as it is.
fn is_plain(text: &str) -> bool {
    text.ends_with('.')
        && text
            .bytes()
            .all(|byte| matches!(byte, 0x20..=0x7e) && !matches!(byte, b'\\' | b'|'))
        && !text.contains("*/")
}
