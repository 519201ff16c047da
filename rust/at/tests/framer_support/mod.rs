//! Owned frames, and a clock that only moves when a test says so.
#![allow(dead_code, reason = "each test file uses its part")]

mod reading;
pub(crate) mod reference;

use std::time::Instant;

use m531x_at::framer::{Frame, Framer, FramerConfig};

/// A frame that outlives the framer's buffer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Line(Vec<u8>),
    Message(Message),
    Untrusted(Vec<u8>),
    Hidden(usize),
    Oversize(Vec<u8>, usize),
    LineTooLong(usize),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) truncated: bool,
    pub(crate) ambiguous: bool,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line({})", line.escape_ascii()),
            Self::Untrusted(line) => write!(f, "untrusted({})", line.escape_ascii()),
            Self::Hidden(bytes) => write!(f, "hidden({bytes})"),
            Self::LineTooLong(bytes) => write!(f, "line_too_long({bytes})"),
            Self::Oversize(topic, declared) => {
                write!(f, "oversize({}, {declared})", topic.escape_ascii())
            }
            Self::Message(message) => write!(
                f,
                "message({}, {}{}{})",
                message.topic.escape_ascii(),
                message.payload.escape_ascii(),
                if message.truncated { ", truncated" } else { "" },
                if message.ambiguous { ", ambiguous" } else { "" },
            ),
        }
    }
}

impl From<Frame<'_>> for Seen {
    fn from(frame: Frame<'_>) -> Self {
        match frame {
            Frame::Line(line) => Self::Line(line.to_vec()),
            Frame::Untrusted(line) => Self::Untrusted(line.to_vec()),
            Frame::Hidden { bytes } => Self::Hidden(bytes),
            Frame::Oversize { topic, declared } => Self::Oversize(topic.to_vec(), declared),
            Frame::LineTooLong { bytes } => Self::LineTooLong(bytes),
            Frame::Publish(publish) => Self::Message(Message {
                topic: publish.topic.to_vec(),
                payload: publish.payload.to_vec(),
                truncated: publish.truncated,
                ambiguous: publish.ambiguous,
            }),
        }
    }
}

pub(crate) fn line(text: &str) -> Seen {
    Seen::Line(text.as_bytes().to_vec())
}

pub(crate) fn untrusted(text: &str) -> Seen {
    Seen::Untrusted(text.as_bytes().to_vec())
}

pub(crate) fn message(topic: &str, payload: &str) -> Seen {
    Seen::Message(Message {
        topic: topic.as_bytes().to_vec(),
        payload: payload.as_bytes().to_vec(),
        truncated: false,
        ambiguous: false,
    })
}

pub(crate) fn ambiguous(topic: &str, payload: &str) -> Seen {
    Seen::Message(Message {
        topic: topic.as_bytes().to_vec(),
        payload: payload.as_bytes().to_vec(),
        truncated: false,
        ambiguous: true,
    })
}

pub(crate) fn truncated(topic: &str, payload: &str) -> Seen {
    Seen::Message(Message {
        topic: topic.as_bytes().to_vec(),
        payload: payload.as_bytes().to_vec(),
        truncated: true,
        ambiguous: false,
    })
}

/// `+MQTTPUBLISH` as a module of today prints it, at QoS 0.
pub(crate) fn publish(topic: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"+MQTTPUBLISH:0,0,0,0,".to_vec();
    bytes.extend_from_slice(topic);
    bytes.extend_from_slice(format!(",{},", payload.len()).as_bytes());
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// A framer and virtual time.
pub(crate) struct Bench {
    pub(crate) framer: Framer,
    pub(crate) now: Instant,
}

impl Bench {
    /// `None`: the subscriptions are not known.
    pub(crate) fn new(config: FramerConfig, subscriptions: Option<&[&str]>) -> Self {
        let mut framer = Framer::new(config);
        if let Some(filters) = subscriptions {
            framer.set_subscriptions(filters.iter().copied());
        }
        Self {
            framer,
            now: Instant::now(),
        }
    }

    pub(crate) fn subscribed(filters: &[&str]) -> Self {
        Self::new(FramerConfig::default(), Some(filters))
    }

    pub(crate) fn unknown() -> Self {
        Self::new(FramerConfig::default(), None)
    }

    fn drain(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.framer.next_frame().map(Seen::from)).collect()
    }

    pub(crate) fn input(&mut self, bytes: impl AsRef<[u8]>) -> Vec<Seen> {
        self.framer.handle_input(self.now, bytes.as_ref());
        self.drain()
    }

    /// Lets time pass until the framer waits for nothing any more.
    pub(crate) fn silence(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        while let Some(deadline) = self.framer.poll_timeout() {
            assert!(deadline > self.now, "a deadline that has passed would spin");
            self.now = deadline;
            self.framer.handle_timeout(self.now);
            seen.extend(self.drain());
        }
        seen
    }

    /// All frames of these pieces, and those of the silence behind them.
    pub(crate) fn all(&mut self, pieces: &[&[u8]]) -> Vec<Seen> {
        let mut seen: Vec<Seen> = pieces.iter().flat_map(|piece| self.input(piece)).collect();
        seen.extend(self.silence());
        seen
    }
}

/// Cuts `bytes` into pieces whose lengths repeat `lengths`.
pub(crate) fn pieces<'a>(bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        if rest.is_empty() || lengths.iter().sum::<usize>() == 0 {
            break;
        }
        let (piece, behind) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}
