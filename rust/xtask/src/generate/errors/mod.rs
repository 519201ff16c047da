//! The outputs of the errors.

pub(super) mod capi;
pub(super) mod docs;
pub(super) mod python;
pub(super) mod rust;
