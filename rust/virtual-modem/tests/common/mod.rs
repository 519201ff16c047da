//! Brokers and clients for the integration tests.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(unused_imports, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub(crate) mod brokers;
pub(crate) mod cli;
pub(crate) mod client;
pub(crate) mod host;
pub(crate) mod rig;

pub(crate) use brokers::TestBroker;
pub(crate) use cli::{Subscriber, publish};
pub(crate) use client::{Client, Received};
pub(crate) use host::Host;
pub(crate) use rig::{Answers, Rig};

/// Turns scenarios into tests over the embedded broker and over mosquitto, the reference.
#[macro_export]
macro_rules! on_both_brokers {
    ($(fn $name:ident($broker:ident) $body:block)*) => {
        $(fn $name($broker: &common::TestBroker) $body)*

        mod embedded {
            $(#[test] fn $name() { super::$name(&super::common::TestBroker::embedded()); })*
        }

        mod mosquitto {
            $(#[test] fn $name() { super::$name(&super::common::TestBroker::mosquitto()); })*
        }
    };
}
