//! A small MQTT 3.1.1 broker for tests and demonstrations.
//!
//! It listens on the loopback interface, keeps everything in memory and stops when dropped. A client
//! finds all of MQTT 3.1.1 there (QoS 0 to 2 both ways, retained messages, wills, sessions that
//! outlive connections, take-over, keep-alive), and shared subscriptions (`$share/group/filter` and `$queue/filter`, each message to
//! one of the group, in turn), but it is no broker to run anything on: no
//! persistence, no TLS, no access lists, and every subscription is compared with every message.
//!
//! ```
//! use m531x_virtual_modem::broker::EmbeddedBroker;
//!
//! let broker = EmbeddedBroker::start()?;
//! assert!(broker.address().ip().is_loopback());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Inside, [`Core`] is MQTT without I/O, for tests on virtual time: `connection` holds what one client may send when, `session`
//! what is remembered of it, `routing`, `shared` and `retained` who gets which message; `runner` is the thread
//! with the sockets.

mod budget;
mod connection;
mod core;
mod options;
mod packets;
mod published;
mod retained;
mod routing;
mod runner;
mod session;
mod shared;

pub use self::core::{Core, Output};
pub use connection::ConnectionId;
pub use options::{BrokerOptions, Withhold};
pub use published::{Published, PublishedLog};
pub use runner::EmbeddedBroker;
