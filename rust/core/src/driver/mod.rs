//! The driver: the engine, the mailbox, the outbox, the recorder, and the blocking [`Modem`].
//!
//! A [`Modem`] is opened on a serial device (`/dev/ttyUSB0`, `COM5`), a serial server
//! (`tcp://host:port`, `rfc2217://host:port`) or an in-memory [`Stream`](crate::Stream). It owns one reader thread, which sleeps for as
//! long as nothing arrives and nothing is due. A call that waits for an answer reads the port itself
//! meanwhile, so it pays for no switch of threads; what else arrives in that time goes to the mailbox
//! as always.
//!
//! Every method may be called from any thread, and at the same time: commands go out one after the
//! other, each caller gets its own answer. Messages and events wait in one bounded queue until they
//! are received by [`Modem::recv`] or by the callback of [`Modem::on_incoming`].

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    windows
)))]
compile_error!(
    "the driver has no way to wait on this system; m531x-at and the session run anywhere"
);

mod callbacks;
mod delivery;
mod dispatcher;
mod engine;
mod inbox;
mod mailbox;
#[cfg(all(test, loom))]
mod models;
mod modem;
pub mod operation;
mod options;
mod outbox;
mod overflow;
mod pending;
mod recorder;
mod recording;
mod silence;
mod start_up;
mod stats;
mod sync;
mod ticket;
mod trace;

pub use delivery::Delivery;
pub use inbox::Inbox;
#[cfg(all(test, loom))]
pub(crate) use models::ModelWaiter;
pub use modem::Modem;
pub use options::{ModemOptions, OpenCancel, PublishOptions, SubscribeOptions};
#[cfg(feature = "outbox")]
pub use outbox::{OutboxFile, StoredMessage};
pub use outbox::{OutboxOptions, OutboxStats};
pub use overflow::{OutboxOverflow, Overflow};
pub use pending::Pending;
pub use recorder::{RecordingOptions, RecordingStats};
pub use recording::Recording;
pub(crate) use silence::{Failure, Noise};
pub use stats::Stats;
pub use trace::TraceEntry;
