//! The module's MQTT client towards a broker: the protocol without I/O, and the socket below it.
//!
//! The virtual module owns one [`MqttClient`], the runner owns one [`Socket`]. Everything that a module
//! shows on its serial port is visible here: the caller chooses the packet ids, every
//! acknowledgement is an event, a late one is an event too, and an inbound message is acknowledged
//! only when the caller says so (the module prints first, then acknowledges).

mod client;
mod config;
#[cfg_attr(windows, path = "dial_windows.rs")]
mod dial;
mod event;
mod receive;
mod sending;
mod session;
mod socket;
mod timers;
mod tls;

pub use client::MqttClient;
pub use config::{ClientConfig, ClientWill};
pub use event::{AckKind, ClientEvent, NetRequest};
pub use socket::{Socket, SocketState};
pub use tls::TlsPolicy;
