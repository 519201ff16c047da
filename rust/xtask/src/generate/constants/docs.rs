//! `docs/constants.md`: events, states, flags, options and policies for people.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::generate::text::{Language, capitalised, text_of};
use crate::table::ApiTable;
use crate::table::constants::{Constant, Kind, ValueType};

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!("<!-- {MARK} -->\n\n# Events, states, options\n\n");
    text.push_str(
        "The same in every language. A number never changes and is never used again. Errors have [a page](errors.md) of \
         their own.\n",
    );
    for kind in Kind::ALL {
        section(&mut text, table, kind);
    }
    text
}

fn section(text: &mut String, table: &ApiTable, kind: Kind) {
    let (heading, about, columns) = heading(kind);
    let _ = write!(text, "\n## {heading}\n\n{about}\n\n| number |");
    let mut line = "|---:|".to_owned();
    for column in columns.iter().chain(&["C", "meaning", "since"]) {
        let _ = write!(text, " {column} |");
        line.push_str("---|");
    }
    let _ = writeln!(text, "\n{line}");
    for row in table.constants(kind) {
        let _ = match kind {
            Kind::MessageFlag => write!(text, "| {:#04x} |", row.number),
            _ => write!(text, "| {} |", row.number),
        };
        for column in names(kind, row) {
            let _ = write!(text, " {column} |");
        }
        let mut meaning = capitalised(&text_of(table, row, Language::Markdown));
        // Of the state it needs no saying, and an option's text has it.
        if row.default && kind != Kind::State {
            meaning.push_str(" The default.");
        }
        let _ = writeln!(text, " `{}` | {meaning} | {} |", row.constant, row.since);
    }
}

/// The options in groups, for `docs/c-api.md`.
pub(in crate::generate) fn options(table: &ApiTable) -> String {
    let mut text =
        "| group | option | type | values | default | set |\n|---|---|---|---|--:|---|\n"
            .to_owned();
    let rows = table.constants(Kind::Option);
    let mut groups: Vec<&str> = Vec::new();
    for row in rows {
        if !groups.contains(&row.group.as_str()) {
            groups.push(&row.group);
        }
    }
    for group in groups {
        for row in rows.iter().filter(|row| row.group == group) {
            let (values, initial) = match (row.value, row.most) {
                (Some(ValueType::U32), u32::MAX) => {
                    (format!("{} and more", row.least), row.initial.to_string())
                }
                (Some(ValueType::U32), most) => {
                    (format!("{} to {most}", row.least), row.initial.to_string())
                }
                _ => (String::new(), "NULL".to_owned()),
            };
            let when = if row.opening {
                "before opening"
            } else {
                "at any time"
            };
            let _ = writeln!(
                text,
                "| {group} | {} `{}` | {} | {values} | {initial} | {when} |",
                row.number,
                row.constant,
                row.value.map_or("", ValueType::name),
            );
        }
    }
    text
}

/// What stands before the C name.
fn names(kind: Kind, row: &Constant) -> Vec<String> {
    match kind {
        Kind::Event | Kind::State => {
            vec![format!("`{}`", row.variant()), format!("`{}`", row.name)]
        }
        Kind::MessageFlag | Kind::Stat => Vec::new(),
        Kind::Option => vec![row.value.map_or("", ValueType::name).to_owned()],
        Kind::Overflow | Kind::OutboxOverflow => {
            vec![
                format!("`{}`", row.variant()),
                format!("`\"{}\"`", row.choice()),
            ]
        }
    }
}

/// The heading, a sentence, and the columns before the C name.
const fn heading(kind: Kind) -> (&'static str, &'static str, &'static [&'static str]) {
    match kind {
        Kind::Event => (
            "Events",
            "An event has a kind, a value and a text.",
            &["Rust `EventKind`", "Python `EventKind`"],
        ),
        Kind::State => (
            "States of the MQTT connection",
            "The `OK` to a command changes no state: the module's reports do.",
            &["Rust `MqttState`", "Python `MqttState`"],
        ),
        Kind::MessageFlag => (
            "Flags of a message",
            "In C; in Rust and Python they are fields of `Message`.",
            &[],
        ),
        Kind::Option => (
            "Options",
            "For `m531x_set_u32`, `m531x_set_string` and `m531x_set_bytes` in C, [by groups](c-api.md#options); in Rust and \
             Python they are fields and arguments.",
            &["type"],
        ),
        Kind::Overflow => (
            "A full queue",
            "What happens to messages beyond `queue_size`. Events are not concerned: of more than \
             4,096 of the connection, or 1,024 that lines of the module cause, the oldest go.",
            &["Rust `Overflow`", "Python `overflow`"],
        ),
        Kind::OutboxOverflow => (
            "A full outbox",
            "What happens to a publish for which [the outbox](outbox.md) has no room.",
            &["Rust `OutboxOverflow`", "Python `Outbox.overflow`"],
        ),
        Kind::Stat => (
            "Counters",
            "For `m531x_stats` in C; in Rust and Python they are fields of `Stats`.",
            &[],
        ),
    }
}
