//! `docs/errors.md`: the table for people.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::table::ApiTable;

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!("<!-- {MARK} -->\n\n# Errors\n\n");
    text.push_str(
        "The same errors in every language. A number never changes and is never used again.\n\n\
         | number | Rust `ErrorCode` | C | Python | meaning and remedy | since |\n\
         |---:|---|---|---|---|---|\n",
    );
    for entry in &table.errors {
        let _ = writeln!(
            text,
            "| {} | `{}` | `{}` | `{}` | {} | {} |",
            entry.number, entry.name, entry.constant, entry.python, entry.text, entry.since
        );
    }
    text.push_str(
        "\n## Python exceptions\n\nEvery exception has `.code` (an `ErrorCode`) and `.modem_code` \
         (the module's `+CME ERROR` number, or `None`).\n\n\
         | class | bases | raised when |\n|---|---|---|\n",
    );
    for class in &table.classes {
        let bases: Vec<String> = class.bases.iter().map(|base| format!("`{base}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            class.name,
            bases.join(", "),
            class.doc
        );
    }
    text
}
