//! The driver: the port, the threads, the queue, and the blocking [`Modem`].
//!
//! A [`Modem`] is opened on a serial device (`/dev/ttyUSB0`, `COM5`), a serial server
//! (`tcp://host:port`, `rfc2217://host:port`) or an in-memory [`Stream`]. It owns one reader thread, which sleeps for as
//! long as nothing arrives and nothing is due. A call that waits for an answer reads the port itself
//! meanwhile, so it pays for no switch of threads; what else arrives in that time goes to the queue
//! as always.
//!
//! Every method may be called from any thread, and at the same time: commands go out one after the
//! other, each caller gets its own answer. Messages and events wait in one bounded queue until they
//! are received by [`Modem::recv`] or by the callback of [`Modem::on_incoming`].

#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
compile_error!(
    "the driver runs on Linux and Windows so far; m531x-at and the session run anywhere"
);

mod adapter;
mod convert;
mod delivery;
mod dispatcher;
mod engine;
mod io;
#[cfg(all(test, loom))]
mod models;
mod modem;
mod open;
mod options;
mod outbox;
mod pending;
mod ports;
mod queue;
mod recorder;
mod rfc2217;
mod silence;
mod start_up;
mod stats;
mod stream;
mod sync;
mod thread;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
mod wire_log;

pub use delivery::Delivery;
pub use modem::Modem;
pub use options::{ModemOptions, OpenCancel, Overflow, PublishOptions, SubscribeOptions};
#[cfg(feature = "outbox")]
pub use outbox::{OutboxFile, StoredMessage};
pub use outbox::{OutboxOptions, OutboxOverflow, OutboxStats};
pub use pending::Pending;
pub use ports::{PortInfo, ports};
pub use recorder::{Recording, RecordingOptions, RecordingStats};
pub(crate) use silence::{Failure, Noise};
pub use stats::Stats;
pub use stream::Stream;
#[doc(hidden)]
pub use thread::spawn_thread;
pub use wire_log::WireEntry;
