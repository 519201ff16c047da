//! `api.toml`: reading it, and refusing a table that breaks its own rules.

pub mod constants;
pub mod errors;
pub(crate) mod names;
pub(crate) mod reference;

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use constants::{Constant, Kind};
use errors::{ErrorEntry, ExceptionClass};

/// The name of the table's file, at the root of the repository.
pub const FILE: &str = "api.toml";

/// The whole table, checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiTable {
    /// Python exception classes, every base before its heirs.
    #[serde(rename = "class")]
    pub classes: Vec<ExceptionClass>,
    /// The errors, from -1 downwards.
    #[serde(rename = "error")]
    pub errors: Vec<ErrorEntry>,
    #[serde(default, rename = "event")]
    events: Vec<Constant>,
    #[serde(default, rename = "state")]
    states: Vec<Constant>,
    #[serde(default, rename = "message_flag")]
    message_flags: Vec<Constant>,
    #[serde(default, rename = "option")]
    options: Vec<Constant>,
    #[serde(default, rename = "overflow")]
    overflow: Vec<Constant>,
    #[serde(default, rename = "outbox_overflow")]
    outbox_overflow: Vec<Constant>,
    #[serde(default, rename = "stat")]
    stats: Vec<Constant>,
}

/// Why a table is refused.
#[derive(Debug)]
pub struct TableError(String);

impl ApiTable {
    /// Reads and checks the table of the repository at `root`.
    pub fn load(root: &Path) -> Result<Self, TableError> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| TableError(format!("cannot read {}: {error}", path.display())))?;
        Self::parse(&text)
    }

    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let mut table: Self =
            toml::from_str(text).map_err(|error| TableError(format!("{FILE}: {error}")))?;
        table.errors.sort_by_key(|entry| -i64::from(entry.number));
        table.check_classes()?;
        table.check_errors()?;
        for kind in Kind::ALL {
            table
                .constants_mut(kind)
                .iter_mut()
                .for_each(|row| row.tidy(kind));
            table.check_constants(kind)?;
        }
        table.check_texts()?;
        Ok(table)
    }

    /// The constants of one kind, in the order of their numbers.
    pub fn constants(&self, kind: Kind) -> &[Constant] {
        match kind {
            Kind::Event => &self.events,
            Kind::State => &self.states,
            Kind::MessageFlag => &self.message_flags,
            Kind::Option => &self.options,
            Kind::Overflow => &self.overflow,
            Kind::OutboxOverflow => &self.outbox_overflow,
            Kind::Stat => &self.stats,
        }
    }

    fn constants_mut(&mut self, kind: Kind) -> &mut [Constant] {
        match kind {
            Kind::Event => &mut self.events,
            Kind::State => &mut self.states,
            Kind::MessageFlag => &mut self.message_flags,
            Kind::Option => &mut self.options,
            Kind::Overflow => &mut self.overflow,
            Kind::OutboxOverflow => &mut self.outbox_overflow,
            Kind::Stat => &mut self.stats,
        }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TableError {}

fn refuse(reason: String) -> Result<(), TableError> {
    Err(TableError(format!("{FILE}: {reason}")))
}

fn check_version(name: &str, since: &str) -> Result<(), TableError> {
    let parts: Vec<&str> = since.split('.').collect();
    if parts.len() != 3 || parts.iter().any(|part| part.parse::<u32>().is_err()) {
        return refuse(format!("since of {name} is {since:?}, not a version"));
    }
    Ok(())
}
