//! `include/m531x_errors.h`: the C constants.

use std::fmt::Write as _;

use super::MARK;
use crate::table::ErrorTable;

pub(super) fn render(table: &ErrorTable) -> String {
    let mut text = format!("/* {MARK} */\n");
    text.push_str(
        "/**
 * @file m531x_errors.h
 * @brief The error numbers of m531x.
 *
 * A status of 0 is success, below 0 one of these errors, above 0 success with more to say. A number never changes its
 * meaning and is never used again; new ones may come with any version. Constants only: safe to include from C99, C++
 * and the cffi parser, from any thread, in any order.
 */
#ifndef M531X_ERRORS_H
#define M531X_ERRORS_H

/** Success. @since 0.1.0 */
#define M531X_OK 0
",
    );
    for entry in &table.errors {
        let mut sentence = entry.text.clone();
        sentence[..1].make_ascii_uppercase();
        let _ = write!(
            text,
            "\n/** {sentence}. @since {} */\n#define {} ({})\n",
            entry.since, entry.constant, entry.number
        );
    }
    text.push_str("\n#endif /* M531X_ERRORS_H */\n");
    text
}
