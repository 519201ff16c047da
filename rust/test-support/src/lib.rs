//! What the tests of several crates share: peers of the session and the driver, peers of the virtual
//! modem, brokers, and a simulation of all of them on virtual time.
//!
//! | to test | there is |
//! |---|---|
//! | a session, line by line | [`session`] |
//! | a session with module, network and broker, on virtual time | [`simulation`] |
//! | the driver with a scripted module | [`driver`], [`serial_server`] |
//! | the driver up to a real broker | [`end_to_end`], [`mosquitto`], [`observer`] |
//! | what a recording holds | [`recording`] |
//! | a command on a terminal | [`pty`] |
//! | the virtual module, on virtual time | [`module`] |
//! | the virtual modem and its broker, in real time | [`host`], [`brokers`], [`mqtt_client`], [`mosquitto_tools`] |

#![allow(
    missing_docs,
    reason = "a helper's name and the tests that use it say what it is for"
)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod clock;
pub mod lines;
pub mod mqtt;
pub mod serial_server;
pub mod session;

#[cfg(unix)]
pub mod brokers;
#[cfg(unix)]
pub mod driver;
#[cfg(unix)]
pub mod end_to_end;
#[cfg(unix)]
pub mod host;
#[cfg(unix)]
pub mod module;
#[cfg(unix)]
pub mod mosquitto;
#[cfg(unix)]
pub mod mosquitto_tools;
#[cfg(unix)]
pub mod mqtt_client;
#[cfg(unix)]
pub mod observer;
#[cfg(unix)]
pub mod pty;
#[cfg(unix)]
pub mod recording;
#[cfg(unix)]
pub mod simulation;
#[cfg(unix)]
pub mod words;
