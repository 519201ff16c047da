//! Being written.

pub mod broker;
mod codec;
pub mod uplink;
