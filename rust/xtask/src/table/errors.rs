//! The errors and their exception classes.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::names::shout;
use super::{ApiTable, TableError, check_version, refuse};

/// The builtin exceptions that a class of the table may inherit from.
const BUILTIN_EXCEPTIONS: &[&str] = &[
    "ConnectionError",
    "Exception",
    "OSError",
    "RuntimeError",
    "TimeoutError",
    "ValueError",
];

/// The class that all others come from.
pub const ROOT_CLASS: &str = "M531xError";

/// The longest sentence that fits a line of 100 in every output.
const SENTENCE_LIMIT: usize = 90;

/// One exception class of the Python package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionClass {
    /// The name of the class.
    pub name: String,
    /// Its bases: classes of the table, or builtin exceptions.
    pub bases: Vec<String>,
    /// Its docstring, one sentence.
    pub doc: String,
}

/// One error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorEntry {
    /// Its number, negative and fixed.
    pub number: i32,
    /// The Rust variant.
    pub name: String,
    /// The C constant.
    pub constant: String,
    /// The Python class that is raised.
    pub python: String,
    /// What is wrong and what to do, one lower-case sentence.
    pub text: String,
    /// The version that brought it.
    pub since: String,
}

impl ApiTable {
    pub(super) fn check_classes(&self) -> Result<(), TableError> {
        let mut known = BTreeSet::new();
        for class in &self.classes {
            let name = &class.name;
            if !is_camel_case(name) {
                return refuse(format!("class {name} is not in CamelCase"));
            }
            if class.bases.is_empty() {
                return refuse(format!("class {name} has no base"));
            }
            for base in &class.bases {
                if !known.contains(base) && !BUILTIN_EXCEPTIONS.contains(&base.as_str()) {
                    return refuse(format!(
                        "class {name} inherits from {base}, which is neither a class above it nor a builtin exception"
                    ));
                }
            }
            if name != ROOT_CLASS && !class.bases.iter().any(|base| known.contains(base)) {
                return refuse(format!("class {name} does not descend from {ROOT_CLASS}"));
            }
            if !class.doc.ends_with('.')
                || class.doc.contains('\n')
                || class.doc.len() > SENTENCE_LIMIT
            {
                return refuse(format!(
                    "the doc of class {name} is not one sentence of at most {SENTENCE_LIMIT} bytes with a full stop"
                ));
            }
            if !known.insert(name.clone()) {
                return refuse(format!("class {name} stands in the table twice"));
            }
        }
        if self
            .classes
            .first()
            .is_none_or(|class| class.name != ROOT_CLASS)
        {
            return refuse(format!("the first class is not {ROOT_CLASS}"));
        }
        Ok(())
    }

    pub(super) fn check_errors(&self) -> Result<(), TableError> {
        let mut numbers = BTreeSet::new();
        let mut names = BTreeSet::new();
        for entry in &self.errors {
            let name = &entry.name;
            if entry.number >= 0 {
                return refuse(format!(
                    "the number {} of {name} is not negative",
                    entry.number
                ));
            }
            if !numbers.insert(entry.number) {
                return refuse(format!(
                    "the number {} of {name} is given twice",
                    entry.number
                ));
            }
            if !is_camel_case(name) || !names.insert(name) {
                return refuse(format!(
                    "the name {name} is not in CamelCase or stands twice"
                ));
            }
            if entry.constant != c_constant(name) {
                return refuse(format!(
                    "the constant of {name} is {}, not {}",
                    entry.constant,
                    c_constant(name)
                ));
            }
            if !self.classes.iter().any(|class| class.name == entry.python) {
                return refuse(format!(
                    "{name} raises {}, which is not in the table",
                    entry.python
                ));
            }
            if !is_error_text(&entry.text) {
                return refuse(format!(
                    "the text of {name} is not one plain line of at most {SENTENCE_LIMIT} bytes that starts in lower case and ends without a full stop"
                ));
            }
            check_version(name, &entry.since)?;
        }
        // Sorted from -1 downwards, so a row that was taken out leaves a gap, and its number would be free again.
        for (entry, expected) in self.errors.iter().zip((i32::MIN..=-1).rev()) {
            if entry.number != expected {
                return refuse(format!(
                    "the number {expected} is missing; an error that is no longer used keeps its row"
                ));
            }
        }
        for class in &self.classes {
            let raised = self.errors.iter().any(|entry| entry.python == class.name);
            if !raised && class.name != ROOT_CLASS {
                return refuse(format!("no error raises class {}", class.name));
            }
        }
        Ok(())
    }

    /// The errors that raise the class named `class` itself, not one of its heirs.
    pub fn raised_as<'a>(&'a self, class: &'a str) -> impl Iterator<Item = &'a ErrorEntry> {
        self.errors
            .iter()
            .filter(move |entry| entry.python == class)
    }
}

impl ErrorEntry {
    /// The name of the Python constant, `InvalidArgument` -> `INVALID_ARGUMENT`.
    pub fn python_constant(&self) -> String {
        shout(&self.name)
    }
}

fn is_camel_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|other| other.is_ascii_alphanumeric())
}

fn is_error_text(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('.')
        && text.len() <= SENTENCE_LIMIT
        // It is put into C, Python and Rust literals as it is.
        && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && !matches!(byte, b'"' | b'\\'))
}

fn c_constant(name: &str) -> String {
    format!("M531X_ERR_{}", shout(name))
}
