//! The enums of `rust/core`: `EventKind`, `MqttState`, `Overflow` and `OutboxOverflow`.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::generate::text::{Language, text_of, wrapped};
use crate::table::ApiTable;
use crate::table::constants::{Constant, Kind};

/// Columns of a line.
const WIDTH: usize = 100;

/// An enum: its name, what stands above it, what its names are, and how a variant is named.
struct Enumeration {
    kind: Kind,
    name: &'static str,
    doc: &'static str,
    names: &'static str,
    spelling: fn(&Constant) -> String,
}

const EVENT_KIND: Enumeration = Enumeration {
    kind: Kind::Event,
    name: "EventKind",
    doc: "/// The kind of an [`Event`](crate::Event); the numbers are fixed.\n",
    names: "The kind's name.",
    spelling: Constant::variant,
};

const MQTT_STATE: Enumeration = Enumeration {
    kind: Kind::State,
    name: "MqttState",
    doc: "/// The state of the MQTT connection, as the module's URCs report it.
///
/// The `OK` to a command changes nothing here: it says that the module accepted the command, not
/// that the broker answered.
",
    names: "The state in words.",
    spelling: Constant::words,
};

const OVERFLOW: Enumeration = Enumeration {
    kind: Kind::Overflow,
    name: "Overflow",
    doc: "/// What happens when messages arrive faster than they are taken. Events are not concerned: of
/// more than 4,096 of the connection, or 1,024 that lines of the module cause, the oldest go.
",
    names: "The policy's name in Python.",
    spelling: Constant::choice,
};

const OUTBOX_OVERFLOW: Enumeration = Enumeration {
    kind: Kind::OutboxOverflow,
    name: "OutboxOverflow",
    doc: "/// What happens to a publish for which the outbox has no room.\n",
    names: "The policy's name in Python.",
    spelling: Constant::choice,
};

/// `rust/core/src/event_kind.rs`.
pub(in crate::generate) fn event_kind(table: &ApiTable) -> String {
    file(table, &[EVENT_KIND])
}

/// `rust/core/src/session/mqtt_state.rs`.
pub(in crate::generate) fn mqtt_state(table: &ApiTable) -> String {
    file(table, &[MQTT_STATE])
}

/// `rust/core/src/driver/overflow.rs`.
pub(in crate::generate) fn overflow(table: &ApiTable) -> String {
    file(table, &[OVERFLOW, OUTBOX_OVERFLOW])
}

fn file(table: &ApiTable, enumerations: &[Enumeration]) -> String {
    let mut text = format!("// {MARK}\n\nuse std::fmt;\n");
    for enumeration in enumerations {
        enumeration.write(&mut text, table);
    }
    text
}

impl Enumeration {
    fn write(&self, text: &mut String, table: &ApiTable) {
        let rows = table.constants(self.kind);
        let name = self.name;
        let has_default = rows.iter().any(|row| row.default);
        let default = if has_default { "Default, " } else { "" };
        let _ = write!(
            text,
            "\n{}#[derive(Clone, Copy, Debug, {default}PartialEq, Eq, Hash)]\n#[repr(i32)]\n",
            self.doc
        );
        if self.kind == Kind::Event {
            text.push_str("#[non_exhaustive]\n");
        }
        let _ = writeln!(text, "pub enum {name} {{");
        for row in rows {
            let about = text_of(table, row, Language::Rust);
            text.push_str(&wrapped(&about, "    /// ", WIDTH));
            if row.default {
                text.push_str("    #[default]\n");
            }
            let _ = writeln!(text, "    {} = {},", row.variant(), row.number);
        }
        let _ = write!(
            text,
            "}}\n\nimpl {name} {{\n    /// Every one, by number.\n    pub const ALL: &'static [Self] = &"
        );
        text.push_str(&list(rows));
        let _ = write!(
            text,
            ";\n\n    /// {}\n    pub const fn name(self) -> &'static str {{\n        match self {{\n",
            self.names
        );
        for row in rows {
            let _ = writeln!(
                text,
                "            Self::{} => \"{}\",",
                row.variant(),
                (self.spelling)(row)
            );
        }
        let _ = write!(
            text,
            "        }}
    }}
}}

impl fmt::Display for {name} {{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{
        f.write_str(self.name())
    }}
}}
"
        );
    }
}

/// The variants as rustfmt lays them out.
fn list(rows: &[Constant]) -> String {
    let variants: Vec<String> = rows
        .iter()
        .map(|row| format!("Self::{}", row.variant()))
        .collect();
    let line = format!("[{}]", variants.join(", "));
    // rustfmt's array_width.
    if line.len() - 2 <= 60 {
        line
    } else {
        format!("[\n        {},\n    ]", variants.join(",\n        "))
    }
}
