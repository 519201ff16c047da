//! `python/m531x/_constants.py`: two `IntEnum`s, and the overflow policies as types.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::generate::text::{Language, text_of, wrapped};
use crate::table::ApiTable;
use crate::table::constants::Kind;

/// Columns of a line.
const WIDTH: usize = 100;

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!("# {MARK}\n");
    text.push_str(
        "\"\"\"The kinds of events, the states and the overflow policies of m531x.\"\"\"

from __future__ import annotations

import enum
from typing import Literal

__all__ = [\"EventKind\", \"MqttState\", \"OutboxOverflow\", \"Overflow\"]


class _Named(enum.IntEnum):
    \"\"\"Numbers that print as words.\"\"\"

    def __str__(self) -> str:
        \"\"\"The name in words, such as ``module reconnecting``.\"\"\"
        return self.name.lower().replace(\"_\", \" \")
",
    );
    enumeration(
        &mut text,
        table,
        Kind::State,
        "MqttState",
        "The state of the MQTT connection, the same numbers as in C and Rust.",
    );
    enumeration(
        &mut text,
        table,
        Kind::Event,
        "EventKind",
        "The kind of an `Event`, the same numbers as in C and Rust.",
    );
    text.push('\n');
    choices(
        &mut text,
        table,
        Kind::Overflow,
        "Overflow",
        "What happens to messages beyond the bounds of the queue.",
    );
    choices(
        &mut text,
        table,
        Kind::OutboxOverflow,
        "OutboxOverflow",
        "What happens to a publish for which the outbox has no room.",
    );
    text
}

fn enumeration(text: &mut String, table: &ApiTable, kind: Kind, name: &str, doc: &str) {
    let _ = write!(text, "\n\nclass {name}(_Named):\n    \"\"\"{doc}\"\"\"\n\n");
    for row in table.constants(kind) {
        let _ = writeln!(text, "    {} = {}", row.name, row.number);
        text.push_str(&docstring(&text_of(table, row, Language::Python)));
    }
}

/// The text below a member.
fn docstring(about: &str) -> String {
    let line = format!("    \"\"\"{about}\"\"\"\n");
    // Without the line end.
    if line.len() - 1 <= WIDTH {
        return line;
    }
    let lines = wrapped(&format!("\"\"\"{about}"), "    ", WIDTH);
    format!("{lines}    \"\"\"\n")
}

fn choices(text: &mut String, table: &ApiTable, kind: Kind, name: &str, doc: &str) {
    let rows = table.constants(kind);
    let words: Vec<String> = rows
        .iter()
        .map(|row| format!("\"{}\"", row.choice()))
        .collect();
    let _ = write!(
        text,
        "\n{name} = Literal[{}]\n\"\"\"{doc}\n",
        words.join(", ")
    );
    for (row, word) in rows.iter().zip(words) {
        let about = text_of(table, row, Language::Python);
        let _ = write!(
            text,
            "\n{}",
            wrapped(&format!("``{word}``: {about}"), "", WIDTH)
        );
    }
    text.push_str("\"\"\"\n");
}
