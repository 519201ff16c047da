//! `rust/capi/src/api_constants.rs`: the enums of which cbindgen makes those of the header.

use std::fmt::Write as _;

use crate::generate::MARK;
use crate::generate::text::{Language, text_of, wrapped};
use crate::table::ApiTable;
use crate::table::constants::{Kind, ValueType};

/// Columns of a line of the header.
const WIDTH: usize = 120;

pub(in crate::generate) fn render(table: &ApiTable) -> String {
    let mut text = format!(
        "// {MARK}

//! The numbers of the header but for the errors. No signature names an enum.

#![allow(non_camel_case_types, dead_code)]
"
    );
    for kind in Kind::ALL {
        enumeration(&mut text, table, kind);
    }
    text
}

/// `rust/capi/src/option_table.rs`: what each option may be.
pub(in crate::generate) fn option_table(table: &ApiTable) -> String {
    let rows = table.constants(Kind::Option);
    let mut text = format!(
        "// {MARK}

//! What each option may be, in the order of their numbers, which begin with 1.

use crate::option_row::{{OptionRow, OptionType}};

pub(crate) static OPTIONS: [OptionRow; {}] = [
",
        rows.len()
    );
    for row in rows {
        let kind = match row.value {
            Some(ValueType::String) => "String",
            Some(ValueType::Bytes) => "Bytes",
            _ => "U32",
        };
        let most = match row.most {
            u32::MAX => "u32::MAX".to_owned(),
            most => grouped(most),
        };
        let _ = write!(
            text,
            "    OptionRow {{
        name: \"{}\",
        kind: OptionType::{kind},
        initial: {},
        least: {},
        most: {most},
        opening: {},
    }},
",
            row.constant,
            grouped(row.initial),
            row.least,
            row.opening
        );
    }
    text.push_str("];\n");
    text
}

/// A number as rustfmt and clippy want it.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

fn enumeration(text: &mut String, table: &ApiTable, kind: Kind) {
    let rows = table.constants(kind);
    // The first of them brought the enum.
    let Some(since) = rows.iter().map(|row| &row.since).min_by_key(|since| {
        let parts = since.split('.').map(str::parse::<u32>);
        parts.map(Result::unwrap_or_default).collect::<Vec<_>>()
    }) else {
        return;
    };
    let (name, doc) = heading(kind);
    let _ = write!(
        text,
        "\n/// {doc} @since {since}\n#[repr(C)]\npub enum {name} {{\n"
    );
    for row in rows {
        let mut about = text_of(table, row, Language::C);
        match row.value {
            Some(ValueType::U32) => about.insert_str(0, "u32: "),
            Some(ValueType::String) => about.insert_str(0, "String: "),
            Some(ValueType::Bytes) => about.insert_str(0, "Bytes: "),
            None => {}
        }
        if row.since != *since {
            let _ = write!(about, " @since {}", row.since);
        }
        text.push_str(&wrapped(&about, "    /// ", WIDTH));
        let constant = &row.constant;
        let _ = match kind {
            Kind::MessageFlag => writeln!(text, "    {constant} = {:#04x},", row.number),
            _ => writeln!(text, "    {constant} = {},", row.number),
        };
    }
    text.push_str("}\n");
}

const fn heading(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Event => ("m531x_event_kind", "The kinds of events."),
        Kind::State => (
            "m531x_mqtt_state_number",
            "The states of the MQTT connection.",
        ),
        Kind::MessageFlag => ("m531x_message_flag", "The flags of a message."),
        Kind::Option => (
            "m531x_option",
            "The options of m531x_set_u32, m531x_set_string and m531x_set_bytes.",
        ),
        Kind::Overflow => (
            "m531x_overflow",
            "What happens to messages beyond the queue's size.",
        ),
        Kind::OutboxOverflow => (
            "m531x_outbox_overflow",
            "What happens to a publish for which the outbox has no room.",
        ),
        Kind::Stat => ("m531x_stat", "The counters of m531x_stats, since opening."),
    }
}
