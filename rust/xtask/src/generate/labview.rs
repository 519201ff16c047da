//! `include/m531x_labview.h`: the functions of the C header for LabVIEW's *Import Shared Library*, and the constants beside
//! them, as comments.
//!
//! The wizard wants one file without an include; a reader of C without a preprocessor takes it too, once `__cdecl` is gone.

use std::fmt::Write as _;

use super::MARK;
use crate::table::ApiTable;
use crate::table::constants::Kind;

/// Where it stands, from the root of the repository.
pub(super) const PATH: &str = "include/m531x_labview.h";

/// The types of the header in C's own words; both pointer widths have them alike.
const TYPES: [(&str, &str); 6] = [
    ("m531x_status", "int"),
    ("m531x_modem", "unsigned int"),
    ("int32_t", "int"),
    ("uint32_t", "unsigned int"),
    ("uint16_t", "unsigned short"),
    ("uint8_t", "unsigned char"),
];

/// The functions of `header` and the constants of `table`.
pub(super) fn render(header: &str, table: &ApiTable) -> String {
    let mut text = format!(
        "/* {MARK} */\n\
         /* m531x for LabVIEW's Import Shared Library: the functions that it can call, without those with callbacks and\n\
         \x20  descriptors. C programs include m531x.h. The numbers of the constants stand at the end. */\n\
         #pragma once\n\n"
    );
    for function in functions(header) {
        let _ = writeln!(text, "{function}");
    }
    text.push_str("\n/*\n * M531X_OK 0\n");
    for row in &table.errors {
        let _ = writeln!(text, " * {} {}", row.constant, row.number);
    }
    for kind in Kind::ALL {
        for row in table.constants(kind) {
            let _ = writeln!(text, " * {} {}", row.constant, row.number);
        }
    }
    text + " */\n"
}

/// Each function in a line.
pub(super) fn functions(header: &str) -> Vec<String> {
    let mut functions = Vec::new();
    let mut declaration = String::new();
    for line in header.lines() {
        let begins = line.starts_with(|first: char| first.is_ascii_lowercase())
            && line.contains(" m531x_")
            || line.starts_with("const char *m531x_");
        if declaration.is_empty() && !(begins && line.contains('(') && !line.contains("typedef")) {
            continue;
        }
        declaration.push_str(line.trim());
        if line.ends_with(';') {
            let whole = std::mem::take(&mut declaration);
            functions.extend(callable(&whole));
        } else {
            declaration.push(' ');
        }
    }
    functions
}

/// Type and name of each parameter of a declaration of this header.
pub(super) fn parameters(declaration: &str) -> impl Iterator<Item = (&str, &str)> {
    let inside = declaration.split_once('(').map_or("", |(_, rest)| rest);
    let inside = inside.trim_end_matches(");");
    inside
        .split(", ")
        .filter(|&parameter| parameter != "void")
        .map(|parameter| {
            let at = parameter.rfind([' ', '*']).map_or(0, |at| at + 1);
            let (kind, name) = parameter.split_at(at);
            (kind.trim(), name)
        })
}

/// The declaration in the words of this header; `None` if LabVIEW cannot call the function.
fn callable(declaration: &str) -> Option<String> {
    let unsuitable = ["void *", "_callback", "m531x_event_fd"];
    if unsuitable.iter().any(|part| declaration.contains(part)) {
        return None;
    }
    let (head, parameters) = declaration.split_once('(')?;
    let (before, name) = head.split_at(head.rfind("m531x_")?);
    Some(format!(
        "{}__cdecl {name}({}",
        in_c_words(before),
        in_c_words(parameters)
    ))
}

fn in_c_words(text: &str) -> String {
    let mut words = text.to_owned();
    for (name, word) in TYPES {
        words = replace_word(&words, name, word);
    }
    words
}

/// `text` with the whole word `from` replaced: `int32_t` is part of `uint32_t`.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        replaced.push_str(before);
        let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        replaced.push_str(if whole { to } else { from });
        rest = after;
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_stands_in_one_line_of_plain_c() {
        let header = "/* m531x_open(port) */\ntypedef void (*m531x_callback)(m531x_modem modem);\n\
                      m531x_status m531x_open(const char *port,\n                        uint32_t *modem);\n\
                      const char *m531x_error_name(m531x_status status);\nuint32_t m531x_abi_version(void);\n";
        assert_eq!(
            functions(header),
            [
                "int __cdecl m531x_open(const char *port, unsigned int *modem);",
                "const char *__cdecl m531x_error_name(int status);",
                "unsigned int __cdecl m531x_abi_version(void);",
            ]
        );
    }

    #[test]
    fn what_labview_cannot_call_is_left_out() {
        let header = "m531x_status m531x_event_fd(m531x_modem modem, int32_t *fd);\n\
                      void *m531x_user_data(m531x_modem modem);\n";
        assert_eq!(functions(header), [""; 0]);
    }
}
