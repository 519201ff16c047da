//! The outputs of the constants that are no errors.

pub(super) mod capi;
pub(super) mod docs;
pub(super) mod python;
pub(super) mod rust;
