//! The output of the framer, and its settings.

use std::fmt;
use std::time::Duration;

use crate::profile::TopicQuoting;
use crate::redact::redact;
use crate::urc::Publish;

/// One piece of the module's output, borrowed from the framer's buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A line that is not empty, without its line end: an answer, a URC, an echo.
    Line(&'a [u8]),
    /// A message from the broker.
    Publish(Publish<'a>),
    /// A line out of a stretch of bytes that may be payload.
    ///
    /// It is worth an event. It must not complete a command and must not change any state.
    Untrusted(&'a [u8]),
    /// The ambiguous stretch is over: an answer may have been among these bytes.
    ///
    /// A command that waits for an answer is settled by asking again.
    Hidden {
        /// How many bytes were ambiguous.
        bytes: usize,
    },
    /// A message longer than [`FramerConfig::max_message`] begins; its payload is streamed past.
    Oversize {
        /// The topic name.
        topic: &'a [u8],
        /// The payload's length in bytes, as the module declared it.
        declared: usize,
    },
    /// A line longer than [`FramerConfig::max_line`] was streamed past.
    LineTooLong {
        /// Its length in bytes without the final LF.
        bytes: usize,
    },
}

impl fmt::Debug for Frame<'_> {
    /// Lines show their text, but no password of an echoed or read-back `MQTTCFG`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "Line({})", redact(line).escape_ascii()),
            Self::Untrusted(line) => write!(f, "Untrusted({})", redact(line).escape_ascii()),
            Self::Publish(publish) => f.debug_tuple("Publish").field(publish).finish(),
            Self::Hidden { bytes } => write!(f, "Hidden({bytes} bytes)"),
            Self::Oversize { topic, declared } => {
                write!(f, "Oversize({}, {declared} bytes)", topic.escape_ascii())
            }
            Self::LineTooLong { bytes } => write!(f, "LineTooLong({bytes} bytes)"),
        }
    }
}

/// The treatment of a message whose topic and payload can be split in several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnAmbiguous {
    /// It is delivered with the shortest topic and the flag [`Publish::ambiguous`].
    #[default]
    Deliver,
    /// It is dropped; [`Frame::Hidden`] reports the drop.
    Drop,
}

/// Limits and habits of one line; [`Default`] suits a modem that is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramerConfig {
    /// How long nothing must come before an unfinished message is given up; see [`silence_limit`].
    pub silence_limit: Duration,
    /// How fast the line is, in baud; 9600 by default. With the silence limit it bounds how long a
    /// message may take from its first byte on.
    pub baudrate: u32,
    /// The longest payload delivered, in bytes; 65536 by default.
    ///
    /// Keep it above what the module can receive (2048 bytes in the firmware's source): a longer
    /// message is not buffered, so under a wildcard subscription its payload is not searched to
    /// its end for a second reading.
    pub max_message: usize,
    /// The longest payload that the module is thought to be able to deliver, in bytes; 8192 by
    /// default (5000 were measured).
    ///
    /// A reading that declares more counts only when no other reading closes.
    pub deliverable: usize,
    /// The longest line delivered, in bytes; 4096 by default, 64 at least.
    pub max_line: usize,
    /// The longest topic looked for, in bytes; 8192 by default.
    ///
    /// It bounds the search for the end of the topic. It is not the limit of `AT+MQTTSUB`: a
    /// wildcard subscription receives longer topics than its own. One that is not found could hide
    /// the reading that is right.
    pub topic_limit: usize,
    /// Whether the module prints topics in double quotes.
    pub publish_topic: TopicQuoting,
    /// What becomes of a message that can be read in several ways.
    pub on_ambiguous: OnAmbiguous,
}

impl Default for FramerConfig {
    fn default() -> Self {
        Self {
            silence_limit: silence_limit(9600),
            baudrate: 9600,
            max_message: 65_536,
            deliverable: 8192,
            max_line: 4096,
            topic_limit: 8192,
            publish_topic: TopicQuoting::Either,
            on_ambiguous: OnAmbiguous::Deliver,
        }
    }
}

/// How long a module may pause within a message at a baud rate: 500 ms and the time of 1024
/// characters of ten bits.
///
/// ```
/// use std::time::Duration;
/// use m531x_at::framer::silence_limit;
///
/// assert_eq!(silence_limit(10_240), Duration::from_millis(1500));
/// ```
pub fn silence_limit(baudrate: u32) -> Duration {
    let characters = 10_240_000_000 / u64::from(baudrate.max(1));
    Duration::from_millis(500) + Duration::from_micros(characters)
}

/// How long a character of ten bits takes at a baud rate.
pub(super) fn per_byte(baudrate: u32) -> Duration {
    Duration::from_nanos(10_000_000_000 / u64::from(baudrate.max(1)))
}
