//! `rust/capi/src/error_constants.rs`: the C constants, and their names and sentences as C texts.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::table::ApiTable;

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!(
        "// {MARK}

//! The numbers, names and sentences of the errors.

#![allow(non_camel_case_types, dead_code)]

use std::ffi::CStr;

/// The errors. A number never changes its meaning and is never used again; new ones may come with any version.
#[repr(C)]
pub enum m531x_error {{
"
    );
    for entry in &table.errors {
        let mut sentence = entry.text.clone();
        sentence[..1].make_ascii_uppercase();
        let _ = writeln!(
            text,
            "    /// {sentence}. @since {}\n    {} = {},",
            entry.since, entry.constant, entry.number
        );
    }
    text.push_str("}\n");
    constants(&mut text, table, "STATIC_NAMES", "M531X_OK", |entry| {
        entry.constant.clone()
    });
    constants(&mut text, table, "STATIC_TEXTS", "success", |entry| {
        entry.text.clone()
    });
    text
}

fn constants(
    text: &mut String,
    table: &ApiTable,
    name: &str,
    success: &str,
    field: impl Fn(&crate::table::errors::ErrorEntry) -> String,
) {
    let _ = write!(
        text,
        "\n#[rustfmt::skip]\npub(crate) static {name}: &[(i32, &CStr)] = &[\n    (0, c{success:?}),\n"
    );
    for entry in &table.errors {
        let _ = writeln!(text, "    ({}, c{:?}),", entry.number, field(entry));
    }
    text.push_str("];\n");
}
