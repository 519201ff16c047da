//! `rust/core/src/error_table.rs`: the enum `ErrorCode`.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::table::ApiTable;
use crate::table::errors::ErrorEntry;

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!("// {MARK}\n\n");
    text.push_str(
        "//! The numbers of all errors, the same in Rust, C and Python.

use std::fmt;

/// What went wrong, as a number that never changes its meaning.
///
/// The number is the C status and `int(error.code)` in Python. New errors may be added in any version.
///
/// # Example
///
/// ```
/// use m531x_core::ErrorCode;
///
/// assert_eq!(ErrorCode::from_number(ErrorCode::Timeout as i32), Some(ErrorCode::Timeout));
/// assert_eq!(ErrorCode::from_number(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorCode {
",
    );
    for entry in &table.errors {
        let sentence = sentence(&entry.text);
        let _ = writeln!(
            text,
            "    /// {sentence}\n    {} = {},",
            entry.name, entry.number
        );
    }
    text.push_str("}\n\nimpl ErrorCode {\n");
    let _ = writeln!(
        text,
        "    /// Every error, in the order of the table.\n    pub const ALL: &'static [Self] = &["
    );
    for entry in &table.errors {
        let _ = writeln!(text, "        Self::{},", entry.name);
    }
    text.push_str("    ];\n\n");
    text.push_str(
        "    /// The error with this number, if there is one.
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
",
    );
    for entry in &table.errors {
        let _ = writeln!(
            text,
            "            {} => Some(Self::{}),",
            entry.number, entry.name
        );
    }
    text.push_str("            _ => None,\n        }\n    }\n\n");
    text.push_str("    /// The number: negative, and fixed.\n");
    text.push_str("    pub const fn number(self) -> i32 {\n        self as i32\n    }\n\n");
    method(
        &mut text,
        table,
        "name",
        "The name of the C constant.",
        |entry| &entry.constant,
    );
    text.push('\n');
    method(
        &mut text,
        table,
        "text",
        "One sentence: what is wrong and what to do.",
        |entry| &entry.text,
    );
    text.push('\n');
    method(
        &mut text,
        table,
        "python_class",
        "The exception class that Python raises.",
        |entry| &entry.python,
    );
    text.push_str(
        "}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
",
    );
    text
}

/// A `const fn` of `ErrorCode` that gives one column of the table. Errors that share a value share an arm, as clippy
/// wants it; arms are laid out as rustfmt does.
fn method(
    text: &mut String,
    table: &ApiTable,
    name: &str,
    doc: &str,
    column: impl Fn(&ErrorEntry) -> &String,
) {
    let _ = writeln!(
        text,
        "    /// {doc}\n    pub const fn {name}(self) -> &'static str {{\n        match self {{"
    );
    let mut done: Vec<&String> = Vec::new();
    for entry in &table.errors {
        let value = column(entry);
        if done.contains(&value) {
            continue;
        }
        done.push(value);
        let variants: Vec<String> = table
            .errors
            .iter()
            .filter(|other| column(other) == value)
            .map(|other| format!("Self::{}", other.name))
            .collect();
        text.push_str(&arm(&variants.join(" | "), value));
    }
    text.push_str("        }\n    }\n");
}

const WIDTH: usize = 100;

fn arm(pattern: &str, value: &str) -> String {
    let line = format!("            {pattern} => \"{value}\",\n");
    // Without the line end.
    if line.len() - 1 <= WIDTH {
        line
    } else {
        format!("            {pattern} => {{\n                \"{value}\"\n            }}\n")
    }
}

/// `not found; look` -> `Not found; look.`
fn sentence(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    format!("{}{rest}.", first.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_arm_gets_a_block_as_rustfmt_would_give_it() {
        assert_eq!(arm("Self::A", "b"), "            Self::A => \"b\",\n");
        assert!(arm("Self::A", &"b".repeat(90)).contains("{\n                \"b"));
    }
}
