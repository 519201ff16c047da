//! Being written.

pub mod broker;
pub mod uplink;
