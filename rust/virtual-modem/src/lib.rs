//! A virtual China Mobile M531x NB-IoT module: the AT server of the real one on a pseudo terminal, a
//! TCP port or an in-memory stream, bridged to a real MQTT broker or to the embedded one.
//!
//! ```
//! use std::io::{Read, Write};
//! use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
//!
//! let modem = VirtualModem::start(VirtualModemOptions {
//!     link: LinkChoice::Memory,
//!     ..VirtualModemOptions::default()
//! })?;
//! let mut port = modem.connect()?;
//! port.write_all(b"AT\r")?;
//! let mut answer = [0; 6];
//! port.read_exact(&mut answer)?;
//! assert_eq!(&answer, b"\r\nOK\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate in layers, from the wire to the thread:
//!
//! - [`module`]: the module itself, without I/O, thread or clock; drive it on virtual time in tests.
//! - [`mqtt_client`]: its MQTT client towards the broker, equally without I/O, and the socket below it.
//! - [`firmware`]: in what its lineages differ.
//! - [`fault`]: what can go wrong on purpose, repeatable by a seed.
//! - [`VirtualModem`]: one thread that joins them with a link and a socket.
//! - [`broker`]: the embedded broker.

pub mod broker;
pub mod fault;
pub mod firmware;
pub mod module;
pub mod mqtt_client;

mod codec;
mod error;
mod link;
mod local_stream;
mod options;
mod replay;
mod runner;
mod time_limit;
mod transcript;
mod virtual_modem;

pub use error::StartError;
pub use fault::Fault;
pub use firmware::Firmware;
pub use m531x_at::profile::Model;
pub use options::{BrokerChoice, LinkChoice, ParseBrokerError, VirtualModemOptions};
pub use transcript::{Direction, TranscriptEntry};
pub use virtual_modem::VirtualModem;
