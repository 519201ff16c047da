//! The options of a modem and its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::OutboxOptions;
use super::RecordingOptions;
use super::overflow::Overflow;
use crate::{Model, OnAmbiguous, QoS, Recovery};

/// How a [`Modem`](super::Modem) is opened; `Default` suits a real module.
///
/// ```
/// use m531x_core::{Model, ModemOptions, Overflow};
///
/// let options = ModemOptions {
///     model: Some(Model::M5310A),
///     overflow: Overflow::DropOldest,
///     ..ModemOptions::default()
/// };
/// assert_eq!(options.queue_size, 10_000);
/// ```
#[derive(Clone, Debug)]
pub struct ModemOptions {
    /// The module's model; `None` asks the module.
    pub model: Option<Model>,
    /// The line's speed in bits per second. `None` is the model's own; if the model is not given
    /// either, a serial line is tried at 9600 and at 115200 in turn.
    pub baudrate: Option<u32>,
    /// Whether the line DTR of a serial port is on from the opening on, also of one behind `rfc2217://`.
    /// `None`, the default, leaves it as the system sets it, which is on with Linux and Windows; where
    /// there is no such line (pseudo-terminal, `tcp://`, memory), it has no effect.
    pub dtr: Option<bool>,
    /// The same for the line RTS.
    pub rts: Option<bool>,
    /// How long a command may take to give its final result, where the dialect does not ask for
    /// more. Default 10 s.
    pub command_timeout: Duration,
    /// Least pause between a final result and the next command. `None` is the model's on a serial
    /// line, and none on anything else (pseudo-terminal, TCP, memory).
    pub guard_time: Option<Duration>,
    /// How many messages may wait for each consumer: those who receive, and the callbacks. At least 1.
    /// Default 10 000. Events wait apart.
    pub queue_size: usize,
    /// How many bytes may wait in all. Default 64 MiB.
    pub queue_bytes: u64,
    /// What happens to messages beyond these. Default [`Overflow::DropOldest`].
    pub overflow: Overflow,
    /// How many operations may wait or be under way at the same time, those begun by
    /// [`publish_nowait`](super::Modem::publish_nowait) and the like included; beyond that they are
    /// refused with [`QueueFull`](crate::ErrorCode::QueueFull). Operations that connect, disconnect
    /// or restart are still accepted. An outbox has limits of its own. Default 10 000.
    pub max_waiting: usize,
    /// Longest payload that is kept, in bytes; longer ones are skipped and reported by an
    /// [`Oversize`](crate::EventKind::Oversize) event. Default 65 536.
    pub max_message: usize,
    /// Longest payload that the module is thought to be able to deliver, in bytes. A reading of a
    /// message that declares more counts only when no other closes, so that a topic with numbers
    /// between commas holds up nothing. Default 8192; 5000 were measured.
    pub deliverable: usize,
    /// What happens to a message whose boundary cannot be determined. Default: delivered, flagged.
    pub on_ambiguous: OnAmbiguous,
    /// How long the opening may take, regardless of port and model: the connection to a serial
    /// server, the start-up dialogue with the module, every speed that is tried. Zero asks
    /// once: a port on which nothing answers is given up within 100 ms, what does answer gets 3 s. Default 10 s.
    pub open_timeout: Duration,
    /// Lets another thread end the start-up dialogue. Default: no thread does.
    pub open_cancel: Option<OpenCancel>,
    /// How many of the last lines on the port are kept for
    /// [`trace`](super::Modem::trace), the start-up's included. Default 0, which costs
    /// nothing.
    pub trace: usize,
    /// Into which file everything that passes is recorded, from the first byte on; see
    /// [`record`](super::Modem::record). Default: none.
    pub recording: Option<RecordingOptions>,
    /// Whether and how a lost connection, or a port that vanished, is made again. Default on.
    pub recovery: Recovery,
    /// Where publishes of QoS 1 and 2 are kept until they are acknowledged, so that they survive the
    /// process and the power. Default: in memory only.
    pub outbox: Option<OutboxOptions>,
}

impl Default for ModemOptions {
    fn default() -> Self {
        Self {
            model: None,
            baudrate: None,
            dtr: None,
            rts: None,
            command_timeout: Duration::from_secs(10),
            guard_time: None,
            queue_size: 10_000,
            queue_bytes: 64 << 20,
            overflow: Overflow::DropOldest,
            max_waiting: 10_000,
            max_message: 65_536,
            deliverable: 8192,
            on_ambiguous: OnAmbiguous::Deliver,
            open_timeout: Duration::from_secs(10),
            open_cancel: None,
            trace: 0,
            recording: None,
            recovery: Recovery::default(),
            outbox: None,
        }
    }
}

/// Ends an opening from another thread; clones are the same one.
///
/// ```
/// use m531x_core::{ErrorCode, Modem, ModemOptions, OpenCancel, Stream};
/// use std::os::unix::net::UnixStream;
///
/// let (_silent, stream) = UnixStream::pair()?;
/// let cancel = OpenCancel::default();
/// let options = ModemOptions { open_cancel: Some(cancel.clone()), ..ModemOptions::default() };
/// let opening = std::thread::spawn(|| Modem::open_stream(Stream::from(stream), options));
/// cancel.cancel();
/// let error = opening.join().unwrap().unwrap_err();
/// assert_eq!(error.code(), ErrorCode::Cancelled);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenCancel(Arc<AtomicBool>);

impl OpenCancel {
    /// Has the opening end with [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled), its port
    /// closed, within 50 ms.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How a message is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishOptions {
    /// The quality of service. Default: at most once.
    pub qos: QoS,
    /// Whether the broker should keep it for later subscribers. Default false.
    pub retain: bool,
    /// How long it may take until it is complete; `None` follows the acknowledgement timeout.
    pub timeout: Option<Duration>,
}

/// How a filter is subscribed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// The highest quality of service wanted; the broker may grant less. Default: at most once.
    pub qos: QoS,
    /// Whether the module should print payloads as hex (they are decoded here), which leaves no
    /// doubt about where a topic ends. Only some models can. Default false.
    pub hex: bool,
    /// How long it may take; `None` follows the acknowledgement timeout.
    pub timeout: Option<Duration>,
}
