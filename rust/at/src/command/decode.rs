//! Reading the fields of a command as the module does.

use std::fmt;

use crate::fields::Field;
use crate::qos::QoS;

/// Why a line is not a command of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// No command has this name.
    Unknown,
    /// The command is known, the arguments are wrong: which, in words.
    Malformed(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no command of this dialect"),
            Self::Malformed(what) => write!(f, "malformed command: {what}"),
        }
    }
}

impl std::error::Error for DecodeError {}

pub(super) fn text_of(field: Option<Field<'_>>, what: &'static str) -> Result<String, DecodeError> {
    let text = field
        .and_then(Field::str)
        .ok_or(DecodeError::Malformed(what))?;
    Ok(text.to_owned())
}

pub(super) fn number_of<T: TryFrom<u32>>(
    field: Option<Field<'_>>,
    what: &'static str,
) -> Result<T, DecodeError> {
    field
        .and_then(Field::number)
        .and_then(|number| T::try_from(number).ok())
        .ok_or(DecodeError::Malformed(what))
}

pub(super) fn flag_of(field: Option<Field<'_>>, what: &'static str) -> Result<bool, DecodeError> {
    match field.and_then(Field::number) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(DecodeError::Malformed(what)),
    }
}

pub(super) fn qos_of(field: Option<Field<'_>>, what: &'static str) -> Result<QoS, DecodeError> {
    let number: u8 = number_of(field, what)?;
    QoS::try_from(number).map_err(|_| DecodeError::Malformed(what))
}
