//! What an option may be.

use m531x_core::Error;

use crate::marshal::invalid;

/// What the value of an option is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionType {
    U32,
    String,
    Bytes,
}

/// What one option may be.
pub(crate) struct OptionRow {
    pub(crate) name: &'static str,
    pub(crate) kind: OptionType,
    pub(crate) initial: u32,
    pub(crate) least: u32,
    pub(crate) most: u32,
    /// It has to be set before opening.
    pub(crate) opening: bool,
}

impl OptionRow {
    /// Checks a number.
    pub(crate) fn check(&self, value: u32) -> Result<(), Error> {
        let OptionRow {
            name, least, most, ..
        } = self;
        if self.kind != OptionType::U32 {
            return Err(invalid(format!("{name} is no number")));
        }
        if (*least..=*most).contains(&value) {
            return Ok(());
        }
        Err(invalid(format!("{name} is {value}: use {least} to {most}")))
    }

    /// Checks whether it is a text, or takes bytes that are none.
    pub(crate) fn check_text(&self, bytes: bool) -> Result<(), Error> {
        match self.kind {
            OptionType::Bytes => Ok(()),
            OptionType::String if !bytes => Ok(()),
            OptionType::String => Err(invalid(format!("{} is a text", self.name))),
            OptionType::U32 => Err(invalid(format!("{} is a number", self.name))),
        }
    }
}
