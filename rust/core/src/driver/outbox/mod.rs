//! Publishes of QoS 1 and 2 that survive the process and the power.
//!
//! A publish is *accepted* once it is committed to the file, with fsync; it is removed once the
//! broker has acknowledged it. In between it is sent, oldest first, whenever there is a connection,
//! in this process or in a later one. So it may arrive twice and is not lost.
//!
//! All of it runs on one thread, which alone touches the file: no caller waits for the disk with
//! the modem's lock held, and the publishes of many callers during a commit go into the next one
//! together. The session knows nothing of it; to it a stored message is a publish like any
//! other. The engine's side is in `engine/outbox.rs` and
//! `engine/stored.rs`.

#[cfg(not(feature = "outbox"))]
mod disabled;
#[cfg(feature = "outbox")]
mod failure;
#[cfg(feature = "outbox")]
mod file;
#[cfg(feature = "outbox")]
mod handle;
#[cfg(feature = "outbox")]
mod inspect;
#[cfg(feature = "outbox")]
mod lock;
#[cfg(feature = "outbox")]
mod note;
mod options;
#[cfg(feature = "outbox")]
mod place;
#[cfg(all(test, feature = "outbox"))]
mod power_cut;
#[cfg(feature = "outbox")]
mod publisher;
#[cfg(feature = "outbox")]
mod record;
#[cfg(feature = "outbox")]
mod send_order;
#[cfg(feature = "outbox")]
mod store;
#[cfg(feature = "outbox")]
mod worker;

#[cfg(not(feature = "outbox"))]
pub(super) use disabled::{Opened, Outbox};
#[cfg(feature = "outbox")]
pub(super) use handle::{Opened, Outbox};
#[cfg(feature = "outbox")]
pub use inspect::OutboxFile;
pub use options::{OutboxOptions, OutboxStats};
#[cfg(feature = "outbox")]
pub(super) use publisher::Publisher;
#[cfg(feature = "outbox")]
pub use record::StoredMessage;

/// Whether there is an MQTT connection, and whether one is there or being made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub connected: bool,
    pub expected: bool,
}
