//! MQTT over China Mobile's M531x NB-IoT modules: the session that knows the dialect and the driver
//! that moves bytes.
//!
//! * [`session`] is the brain, without I/O: what to send next, who waits for which answer and until
//!   when, what the module's lines mean for the MQTT connection. It has no clock and no thread;
//!   time is an argument.
//! * [`driver`] owns the port, the threads and the mailbox, and offers the blocking [`Modem`].
//!
//! All failures are one [`Error`] with a fixed [`ErrorCode`]; what arrives from the module is an
//! [`Incoming`]: a [`Message`] or an [`Event`], in wire order.

pub mod clouds;
pub mod doctor;
pub mod driver;
mod error;
mod error_table;
mod event;
mod event_kind;
mod log;
mod message;
mod recording;
mod redacted;
pub mod replay;
pub mod session;
mod transport;

pub use driver::{
    Delivery, Inbox, Modem, ModemOptions, OpenCancel, OutboxOptions, OutboxOverflow, OutboxStats,
    Overflow, Pending, PublishOptions, Recording, RecordingOptions, RecordingStats, Stats,
    SubscribeOptions, TraceEntry, operation,
};
#[cfg(feature = "outbox")]
pub use driver::{OutboxFile, StoredMessage};
pub use error::Error;
#[doc(hidden)]
pub use error::is_exhausted;
pub use error_table::ErrorCode;
pub use event::{Event, Incoming};
pub use event_kind::EventKind;
pub use log::LogLevel;
pub use m531x_at::command::{QoS, Secret, Will};
pub use m531x_at::profile::{Model, Profile};
pub use m531x_at::response::ConfigReadback;
#[doc(hidden)]
pub use m531x_at::topic;
/// For the front ends: threads on which no signal handler of the application runs, and what forks and cancellations
/// must not touch.
#[doc(hidden)]
pub use m531x_threads::{
    OfThisProcess, Thread, forks, leave_forked_child, spawn_thread, without_cancellation,
};
pub use message::Message;
pub use session::{
    AskPassword, ConnectOptions, HealthCheck, LineKind, ModemInfo, MqttState, OnAmbiguous, Receipt,
    Recovery, Signal,
};
pub use transport::{PortInfo, Stream, ports};
