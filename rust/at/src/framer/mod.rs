//! From the bytes of the port to lines and messages, however the bytes are cut.
//!
//! A line ends at LF. A message may not: `+MQTTPUBLISH` announces how many bytes follow, and these
//! may hold line ends, `OK`, or a whole `+MQTTPUBLISH` of their own. Where the topic ends is not
//! marked either. [`Framer`] finds what was meant, and where bytes can be read in two ways it says
//! so rather than guessing in silence.
//!
//! # The loop
//!
//! The framer has no clock and no port. Give it bytes with [`Framer::handle_input`], pass it the
//! time with [`Framer::handle_timeout`] when [`Framer::poll_timeout`] asks for it, and after each
//! of the two read [`Framer::next_frame`] until it returns `None`:
//!
//! ```
//! use std::time::Instant;
//! use m531x_at::framer::{Frame, Framer, FramerConfig};
//!
//! let mut framer = Framer::new(FramerConfig::default());
//! framer.set_subscriptions(["lamp"]);
//!
//! let now = Instant::now();
//! let mut seen = Vec::new();
//! for piece in [&b"\r\n+CSQ:21,99\r\n+MQTTPUBLISH:0,0,0,0,la"[..], b"mp,8,on\r\nOK\r\n\r\nOK\r\n"] {
//!     framer.handle_input(now, piece);
//!     while let Some(frame) = framer.next_frame() {
//!         seen.push(match frame {
//!             Frame::Line(line) => String::from_utf8_lossy(line).into_owned(),
//!             Frame::Publish(message) => format!("{:?}", message.payload.escape_ascii().to_string()),
//!             other => panic!("{other:?}"),
//!         });
//!     }
//! }
//! assert_eq!(seen, ["+CSQ:21,99", r#""on\\r\\nOK\\r\\n""#, "OK"]);
//! assert_eq!(framer.poll_timeout(), None);
//! ```
//!
//! # How a message is read
//!
//! Every `,<digits>,` in the topic's place is a candidate, up to the first byte that no topic
//! holds. A candidate whose payload is followed by CR LF closes. Those whose topic is subscribed
//! to are asked first, and if none of them can be the message the others are.
//!
//! * One closes: it is the message, at once when no other subscribed candidate is still open.
//!   With subscriptions that name their topics in full that is always so.
//! * Several close: the one with the shortest topic is delivered with the flag `ambiguous`. The
//!   bytes up to the farthest end are ambiguous: their lines come as [`Frame::Untrusted`], their
//!   messages flagged, and at the end [`Frame::Hidden`] asks to settle a pending command. A message
//!   that begins in ambiguous bytes and closes behind it carries the ambiguity on to its own end.
//! * None closes: firmware older than manual v1.1 ends a message without CR LF, so one is taken
//!   whose payload `+`, CR, LF or silence follows; nothing behind the payload is consumed. If the
//!   payload holds a line end, the module may as well have declared more than it printed: the
//!   message is flagged `ambiguous`, and `Hidden` asks to settle a pending command.
//! * Something else follows a complete payload, so bytes were lost: the declared bytes are
//!   delivered `truncated`, the rest of the line behind them is untrusted, `Hidden` is reported.
//! * Fewer bytes came than declared when the message is given up: what came is delivered
//!   `truncated`, and `Hidden` is reported. If another subscribed candidate is complete by then it
//!   wins; and if more came behind it in one go, it is flagged and that is ambiguous.
//! * No candidate at all: either the length ends the line and the payload has its own (firmware of
//!   2016), or the message cannot be read. Its lines are untrusted until a silence, the same time
//!   or [`FramerConfig::max_line`] bytes have passed.
//! * The payload is longer than [`FramerConfig::max_message`]: [`Frame::Oversize`] is reported and
//!   the payload streamed past, unless a shorter reading fits.
//! * A candidate longer than [`FramerConfig::deliverable`] counts only when no other closes.
//!
//! # How long a message is waited for
//!
//! A message is given up when nothing came for the silence limit. So that lines which go on coming
//! do not keep it waiting, it is also given up when it takes longer than its bytes do at
//! [`FramerConfig::baudrate`] and the module may pause in all: one silence limit while another
//! candidate is complete, and three otherwise. In the latter case pauses within a line do not
//! count, at most one silence limit for each 64 bytes: a message that stopped short is followed by
//! lines, and what pauses within a line has not ended. Lines that came meanwhile, after a pause at
//! the end of a line, are then read as they are; behind a message that stopped short they are
//! untrusted.
//!
//! # What stays open
//!
//! Bytes do not decide all. Under a wildcard subscription a publisher who chooses a topic with
//! commas can make two readings fit; they are flagged. Where the module breaks its own format as
//! well (no final CR LF, or fewer bytes than declared), a payload written for that purpose can pass
//! as a message under a *wildcard* subscription. Subscriptions without wildcards, or hex delivery
//! where the module has it, close that too.

mod ambiguity;
mod arrivals;
mod buffer;
mod frame;
mod garbage;
mod header;
mod interpretation;
mod lines;
mod messages;
mod patience;
mod search;
mod whole;

use std::ops::Range;
use std::time::{Duration, Instant};

pub use frame::{Frame, FramerConfig, OnAmbiguous, silence_limit};

use crate::profile::TopicQuoting;
use crate::topic::{FilterSet, shared_filter};
use crate::urc::Publish;
use ambiguity::Ambiguity;
use arrivals::Arrivals;
use buffer::Buffer;
use header::Header;
use search::{Filters, Search};

/// Cuts what the module sends into lines and messages.
///
/// Methods that start with `handle_` are the inputs, [`next_frame`](Self::next_frame) and
/// [`poll_timeout`](Self::poll_timeout) the outputs. The same bytes give the same frames however
/// they are cut, the cost is linear in the bytes, and the buffer holds one line or message at most
/// besides the last input.
#[derive(Clone, Debug)]
pub struct Framer {
    config: FramerConfig,
    filters: Filters,
    /// The length of the longest topic subscribed to, if no subscription has a wildcard.
    longest: Option<usize>,
    buffer: Buffer,
    state: State,
    search: Search,
    /// With fewer unread bytes than this nothing can be decided.
    need: usize,
    /// A complete reading of the message waits for another one to close.
    rival: bool,
    arrivals: Arrivals,
    /// The latest time that was passed in.
    clock: Option<Instant>,
    last_input: Option<Instant>,
    /// The silence limit has passed since the last byte.
    silent: bool,
    ambiguity: Ambiguity,
    /// When a payload that is too long began to come, or all trust was lost.
    since: Option<Since>,
}

/// A time, and how long the module had paused within lines up to then.
#[derive(Clone, Copy, Debug)]
struct Since {
    time: Instant,
    pauses: Duration,
}

/// What the first unread byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first byte of a line.
    LineStart,
    /// The first byte of a line of which so many bytes hold no LF.
    Line { scanned: usize },
    /// A byte within a line that is too long and of which so many bytes are gone.
    LongLine { passed: usize },
    /// The first byte of a message.
    Message,
    /// A byte within a payload that is too long.
    Payload { declared: usize, left: usize },
    /// The byte behind a payload that was too long.
    PayloadEnd { declared: usize },
}

/// A frame as positions in the buffer.
#[derive(Clone, Debug)]
enum Found {
    Line(Range<usize>),
    Untrusted(Range<usize>),
    Message(Message),
    Hidden(usize),
    Oversize {
        topic: Range<usize>,
        declared: usize,
    },
    LineTooLong(usize),
}

#[derive(Clone, Debug)]
struct Message {
    header: Header,
    topic: Range<usize>,
    payload: Range<usize>,
    truncated: bool,
    ambiguous: bool,
}

impl Framer {
    /// A framer with an empty buffer, for which every topic counts as subscribed.
    pub fn new(config: FramerConfig) -> Self {
        let config = FramerConfig {
            max_line: config.max_line.max(64),
            ..config
        };
        Self {
            config,
            filters: Filters {
                all: FilterSet::unknown(),
                hex: FilterSet::default(),
            },
            longest: None,
            buffer: Buffer::default(),
            state: State::LineStart,
            search: Search::default(),
            need: 1,
            rival: false,
            arrivals: Arrivals::default(),
            clock: None,
            last_input: None,
            silent: false,
            ambiguity: Ambiguity::default(),
            since: None,
        }
    }

    /// Takes bytes that arrived at `now`.
    ///
    /// Read the frames with [`next_frame`](Self::next_frame) until `None` before the next input.
    #[inline]
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.forgive_absence(now);
        self.buffer.append(bytes);
        let baudrate = self.config.baudrate;
        self.arrivals.note(now, bytes, || frame::per_byte(baudrate));
        self.clock = Some(now);
        self.last_input = Some(now);
        self.silent = false;
    }

    /// How many bytes are held back for a line or message that is not complete.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next frame, or `None` when more bytes or time are needed.
    #[inline]
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        if self.buffer.len() < self.need && !self.silent && !self.is_late() {
            return None;
        }
        self.need = 0;
        if let Some(message) = self.whole_message() {
            return Some(Frame::Publish(self.publish(&message)));
        }
        let found = self.step()?;
        Some(self.frame(found))
    }

    /// Sets which topic filters are subscribed to.
    ///
    /// Call it before the module can deliver for a new filter, and only after it no longer can for
    /// an old one. A message that is being read is read again by the new list.
    pub fn set_subscriptions<'a>(&mut self, filters: impl IntoIterator<Item = &'a str>) {
        let filters: Vec<&[u8]> = filters
            .into_iter()
            .map(|filter| shared_filter(filter.as_bytes()))
            .collect();
        let wild = |filter: &&[u8]| filter.iter().any(|byte| matches!(byte, b'+' | b'#'));
        self.longest = if filters.iter().any(wild) {
            None
        } else {
            Some(filters.iter().map(|filter| filter.len()).max().unwrap_or(0))
        };
        self.filters.all = FilterSet::new(filters);
        self.search.restart();
        self.need = 0;
    }

    /// Sets for which of the filters payloads come as hex digits.
    ///
    /// The length of such a message can be that of the payload, or that of the digits, and can end
    /// its line; what closes with CR LF decides. [`Publish::payload`] is the digits.
    pub fn set_hex<'a>(&mut self, filters: impl IntoIterator<Item = &'a str>) {
        self.filters.hex = FilterSet::new(filters.into_iter().collect::<Vec<&str>>());
        self.search.restart();
        self.need = 0;
    }

    /// Sets how topics stand on the wire, once the model is known.
    ///
    /// A message that is being read is read again by the new habit.
    pub fn set_publish_topic(&mut self, quoting: TopicQuoting) {
        if self.config.publish_topic != quoting {
            self.config.publish_topic = quoting;
            self.search.restart();
            self.need = 0;
        }
    }

    /// Forgets buffered bytes and open decisions, as after a lost port; the subscriptions stay.
    pub fn reset(&mut self) {
        self.buffer.clear();
        self.state = State::LineStart;
        self.search.restart();
        self.need = 1;
        self.rival = false;
        self.arrivals.clear();
        self.since = None;
        self.last_input = None;
        self.silent = false;
        self.ambiguity = Ambiguity::default();
    }

    fn step(&mut self) -> Option<Found> {
        loop {
            let next = match self.state {
                State::LineStart => self.line_start(),
                State::Line { scanned } => self.line(scanned),
                State::LongLine { passed } => self.long_line(passed),
                State::Message => self.message(),
                State::Payload { declared, left } => self.payload(declared, left),
                State::PayloadEnd { declared } => self.payload_end(declared),
            };
            match next {
                Next::Again => {}
                Next::Found(found) => return Some(found),
                Next::Need(bytes) => {
                    self.need = bytes;
                    return None;
                }
            }
        }
    }

    fn frame(&self, found: Found) -> Frame<'_> {
        match found {
            Found::Line(line) => Frame::Line(self.buffer.slice(line)),
            Found::Untrusted(line) => Frame::Untrusted(self.buffer.slice(line)),
            Found::Hidden(bytes) => Frame::Hidden { bytes },
            Found::LineTooLong(bytes) => Frame::LineTooLong { bytes },
            Found::Oversize { topic, declared } => Frame::Oversize {
                topic: self.buffer.slice(topic),
                declared,
            },
            Found::Message(message) => Frame::Publish(self.publish(&message)),
        }
    }

    #[inline]
    fn publish(&self, message: &Message) -> Publish<'_> {
        Publish {
            dup: message.header.dup,
            qos: message.header.qos,
            retain: message.header.retain,
            packet_id: message.header.packet_id,
            topic: self.buffer.slice(message.topic.clone()),
            payload: self.buffer.slice(message.payload.clone()),
            truncated: message.truncated,
            ambiguous: message.ambiguous,
        }
    }

    /// Lets go of bytes, which also uses up the ambiguity about them.
    #[inline]
    fn consume(&mut self, count: usize) {
        self.buffer.consume(count);
        self.arrivals.consume(count);
        let ambiguity = &mut self.ambiguity;
        if ambiguity.unknown > 0 {
            let used = count.min(ambiguity.unknown);
            ambiguity.unknown -= used;
            *ambiguity.hidden.get_or_insert(0) += used;
        }
        ambiguity.known = ambiguity.known.saturating_sub(count);
    }
}

/// What a step of the state machine led to.
#[derive(Clone, Debug)]
enum Next {
    /// Another state, to be looked at.
    Again,
    /// A frame.
    Found(Found),
    /// Nothing, before so many bytes are unread.
    Need(usize),
}
