//! The AT wire of China Mobile's M531x NB-IoT modules, without I/O.

#![forbid(unsafe_code)]

pub mod argument;
pub mod cme;
pub mod command;
pub mod framer;
pub mod hex;
pub mod profile;
pub mod response;
pub mod topic;
pub mod urc;

mod fields;
mod qos;

pub use qos::{InvalidQoS, QoS};
