//! The constants that are no errors: events, states, message flags, options, overflow policies.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::names::{camel_case, words};
use super::{ApiTable, TableError, check_version, refuse};

/// What a constant is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[[event]]`
    Event,
    /// `[[state]]`
    State,
    /// `[[message_flag]]`
    MessageFlag,
    /// `[[option]]`
    Option,
    /// `[[overflow]]`
    Overflow,
    /// `[[outbox_overflow]]`
    OutboxOverflow,
    /// `[[stat]]`
    Stat,
}

impl Kind {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Event,
        Self::State,
        Self::MessageFlag,
        Self::Option,
        Self::Overflow,
        Self::OutboxOverflow,
        Self::Stat,
    ];

    /// What the C names of this kind begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Event => "M531X_EVENT_",
            Self::State => "M531X_STATE_",
            Self::MessageFlag => "M531X_MESSAGE_",
            Self::Option => "M531X_OPTION_",
            Self::Overflow => "M531X_OVERFLOW_",
            Self::OutboxOverflow => "M531X_OUTBOX_OVERFLOW_",
            Self::Stat => "M531X_STAT_",
        }
    }

    /// The number of the first row; none for flags, which are bits.
    const fn first(self) -> Option<u32> {
        match self {
            Self::Event | Self::Option | Self::Stat => Some(1),
            Self::State | Self::Overflow | Self::OutboxOverflow => Some(0),
            Self::MessageFlag => None,
        }
    }

    /// Whether one row of this kind holds unless another is chosen.
    const fn has_default(self) -> bool {
        matches!(self, Self::State | Self::Overflow | Self::OutboxOverflow)
    }
}

/// One constant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// Its number, fixed.
    pub number: u32,
    /// The C name.
    pub constant: String,
    /// What the value of an option is.
    #[serde(default, rename = "type")]
    pub value: Option<ValueType>,
    /// Which options it belongs with.
    #[serde(default)]
    pub group: String,
    /// Whether an option has to be set before opening.
    #[serde(default)]
    pub opening: bool,
    /// The default of an option that is a number.
    #[serde(default)]
    pub initial: u32,
    /// Its least value.
    #[serde(default)]
    pub least: u32,
    /// Its greatest value.
    #[serde(default = "greatest")]
    pub most: u32,
    /// What it means: whole sentences.
    pub text: String,
    /// What holds in Rust only.
    #[serde(default)]
    pub rust: String,
    /// What holds in C only.
    #[serde(default)]
    pub c: String,
    /// What holds in Python only.
    #[serde(default)]
    pub python: String,
    /// Whether it holds unless another is chosen.
    #[serde(default)]
    pub default: bool,
    /// The version that brought it.
    pub since: String,
    /// The C name without what its kind has in common.
    #[serde(skip)]
    pub name: String,
}

/// What the value of an option is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// For `m531x_set_u32`.
    U32,
    /// For `m531x_set_string`.
    String,
    /// For `m531x_set_bytes` and `m531x_set_string`.
    Bytes,
}

impl ValueType {
    /// Its name in the documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U32 => "u32",
            Self::String => "string",
            Self::Bytes => "bytes",
        }
    }
}

fn greatest() -> u32 {
    u32::MAX
}

impl Constant {
    /// The Rust variant.
    pub fn variant(&self) -> String {
        camel_case(&self.name)
    }

    /// The name in words, `module reconnecting`.
    pub fn words(&self) -> String {
        words(&self.name)
    }

    /// The name of a choice, `drop_oldest`.
    pub fn choice(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// Derives the short name, and makes each text one line.
    pub(super) fn tidy(&mut self, kind: Kind) {
        self.name = self
            .constant
            .strip_prefix(kind.prefix())
            .unwrap_or_default()
            .to_owned();
        for text in [
            &mut self.text,
            &mut self.rust,
            &mut self.c,
            &mut self.python,
        ] {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
}

impl ApiTable {
    pub(super) fn check_constants(&self, kind: Kind) -> Result<(), TableError> {
        let rows = self.constants(kind);
        let mut names = BTreeSet::new();
        let mut bits = 0;
        for (index, row) in rows.iter().enumerate() {
            let constant = &row.constant;
            if !is_upper_case(&row.name) {
                return refuse(format!(
                    "{constant} is not {} and a name in UPPER_CASE",
                    kind.prefix()
                ));
            }
            if !names.insert(constant) {
                return refuse(format!("{constant} stands in the table twice"));
            }
            // A row that was taken out leaves a gap, and its number would be free again.
            let expected = kind.first().map(|first| u64::from(first) + index as u64);
            if expected.is_some_and(|expected| u64::from(row.number) != expected) {
                return refuse(format!(
                    "the number of {constant} is {}, not {}: numbers are given once and in order, and a row stays",
                    row.number,
                    expected.unwrap_or_default()
                ));
            }
            if expected.is_none() && (row.number == 0 || row.number & bits != 0) {
                return refuse(format!(
                    "{constant} has no bit, or one that another flag has"
                ));
            }
            bits |= row.number;
            if row.value.is_some() != (kind == Kind::Option) {
                return refuse(format!(
                    "{constant} has a type if and only if it is an option"
                ));
            }
            if !(row.least..=row.most).contains(&row.initial) {
                return refuse(format!("the default of {constant} is out of its range"));
            }
            check_version(constant, &row.since)?;
        }
        let defaults = rows.iter().filter(|row| row.default).count();
        if !rows.is_empty() && defaults != usize::from(kind.has_default()) {
            return refuse(format!(
                "{defaults} of {}... are the default",
                kind.prefix()
            ));
        }
        Ok(())
    }
}

fn is_upper_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
