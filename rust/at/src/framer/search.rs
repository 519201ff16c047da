//! Where the topic ends: every `,<digits>,` that could be the length.

use std::ops::Range;

use crate::framer::FramerConfig;
use crate::framer::header::{self, Header, Parsed};
use crate::profile::TopicQuoting;
use crate::topic::FilterSet;

/// The longest packet of MQTT 3.1.1 (2.2.3); a module cannot declare more.
pub(super) const LARGEST_PACKET: usize = 268_435_455;
pub(super) const QUOTES: usize = 2;
/// A comma, the digits of [`LARGEST_PACKET`] and a comma.
pub(super) const LONGEST_LENGTH_FIELD: usize = 11;

/// What is subscribed to.
#[derive(Clone, Debug)]
pub(super) struct Filters {
    pub(super) all: FilterSet,
    /// Those whose payloads come as hex digits.
    pub(super) hex: FilterSet,
}

/// One way to read a message; all offsets count from the start of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) topic: Range<usize>,
    pub(super) payload: usize,
    pub(super) length: usize,
    /// Whether the topic is subscribed to.
    pub(super) matching: bool,
    /// Whether the length is within the limit of messages.
    pub(super) within: bool,
    /// Whether the module can be thought to deliver so much.
    pub(super) deliverable: bool,
    /// Whether its payload is hex digits, or it is no message.
    pub(super) hex: bool,
}

impl Candidate {
    /// The first offset behind the payload.
    pub(super) fn end(&self) -> usize {
        self.payload + self.length
    }
}

/// Why no candidate follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A CR or LF.
    LineEnd,
    /// Another byte that no topic holds.
    Forbidden,
    /// The longest topic is passed.
    Limit,
}

/// What is known of the message at the front of the buffer.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) header: Header,
    pub(super) candidates: Vec<Candidate>,
    pub(super) stop: Option<Stop>,
    /// Whether to look past the longest topic that is subscribed to.
    pub(super) whole: bool,
    /// Whether the length ends its line and the payload follows on the next (firmware of 2016).
    pub(super) legacy: bool,
    /// Whether hex digits on the next line have been looked for.
    two_lines: bool,
    /// Where the topic begins; 0 while the header is not complete.
    topic: usize,
    /// The next byte to look at.
    scanned: usize,
    /// The last comma, if nothing but digits followed it.
    comma: Option<usize>,
    /// The number these digits write.
    number: usize,
    /// Whether a candidate is subscribed to.
    subscribed: bool,
}

/// How far the search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing can be decided before the line has so many bytes.
    Need(usize),
    /// All candidates are known.
    Done,
    /// All candidates whose topic is subscribed to are known.
    SubscribedDone,
    /// Not a message.
    NotNumeric,
    /// A message that cannot be read.
    Unreadable,
}

impl Search {
    /// Forgets the last message.
    pub(super) fn restart(&mut self) {
        self.candidates.clear();
        self.stop = None;
        self.whole = false;
        self.legacy = false;
        self.two_lines = false;
        self.topic = 0;
        self.scanned = 0;
        self.comma = None;
        self.number = 0;
        self.subscribed = false;
    }

    /// Goes on with the line that starts at `line[0]`, looking at each byte of the topic once.
    ///
    /// `longest` is the length of the longest topic subscribed to, if no wildcard is.
    pub(super) fn advance(
        &mut self,
        line: &[u8],
        config: &FramerConfig,
        filters: &Filters,
        longest: Option<usize>,
    ) -> Progress {
        if self.topic == 0 {
            match header::parse(line) {
                Parsed::Partial => return Progress::Need(line.len() + 1),
                Parsed::NotNumeric => return Progress::NotNumeric,
                Parsed::Impossible => return Progress::Unreadable,
                Parsed::Complete(header, topic) => {
                    self.header = header;
                    self.topic = topic;
                    self.scanned = topic;
                }
            }
        }
        if self.stop.is_none() {
            if let Some(longest) = longest.filter(|_| !self.whole) {
                let end = self.topic + longest + QUOTES + LONGEST_LENGTH_FIELD;
                self.enumerate(&line[..line.len().min(end)], config, filters);
                if self.scanned >= end && self.stop.is_none() {
                    if self.subscribed {
                        return Progress::SubscribedDone;
                    }
                    self.whole = true;
                }
            }
            if self.whole || longest.is_none() {
                self.enumerate(line, config, filters);
            }
        }
        if self.stop == Some(Stop::LineEnd) && !self.two_lines && !filters.hex.is_empty() {
            if let Some(need) = self.two_line_hex(line, config, filters) {
                return need;
            }
        }
        match self.stop {
            None => Progress::Need(line.len() + 1),
            Some(Stop::LineEnd) if self.candidates.is_empty() => {
                self.two_line_form(line, config, filters)
            }
            Some(_) if self.candidates.is_empty() => Progress::Unreadable,
            Some(_) => Progress::Done,
        }
    }

    fn enumerate(&mut self, line: &[u8], config: &FramerConfig, filters: &Filters) {
        let limit = self.topic + config.topic_limit + LONGEST_LENGTH_FIELD;
        let window = &line[..line.len().min(limit)];
        while let Some(&byte) = window.get(self.scanned) {
            match byte {
                b'0'..=b'9' if self.comma.is_some() => {
                    let digit = usize::from(byte - b'0');
                    self.number = self.number.saturating_mul(10).saturating_add(digit);
                    self.scanned += 1;
                }
                b',' => {
                    let payload = self.scanned + 1;
                    if let Some(comma) = self.length_field() {
                        self.propose(line, comma, payload, config, filters);
                    }
                    self.comma = Some(self.scanned);
                    self.number = 0;
                    self.scanned = payload;
                }
                b'\r' | b'\n' => {
                    self.stop = Some(Stop::LineEnd);
                    return;
                }
                _ if ENDS_RUN[usize::from(byte)] => {
                    self.stop = Some(Stop::Forbidden);
                    return;
                }
                _ => {
                    self.comma = None;
                    let rest = &window[self.scanned..];
                    let run = rest.iter().position(|&byte| ENDS_RUN[usize::from(byte)]);
                    self.scanned += run.unwrap_or(rest.len());
                }
            }
        }
        if self.scanned >= limit {
            self.stop = Some(Stop::Limit);
        }
    }

    /// The comma in front of the number that ends here, if one does.
    fn length_field(&self) -> Option<usize> {
        self.comma.filter(|&comma| comma + 1 < self.scanned)
    }

    /// Notes the candidate whose topic ends at `comma` and whose payload begins at `payload`.
    ///
    /// Where payloads come as hex digits, the length can be that of the payload rather than that of
    /// the digits.
    fn propose(
        &mut self,
        line: &[u8],
        comma: usize,
        payload: usize,
        config: &FramerConfig,
        filters: &Filters,
    ) {
        let Some(candidate) = self.candidate(line, comma, payload, config, filters) else {
            return;
        };
        let is_hex = candidate.length > 0 && filters.hex.matches(&line[candidate.topic.clone()]);
        let digits = is_hex.then(|| Candidate {
            length: 2 * candidate.length,
            hex: true,
            ..candidate.clone()
        });
        self.candidates.push(candidate);
        self.candidates.extend(digits);
    }

    fn candidate(
        &mut self,
        line: &[u8],
        comma: usize,
        payload: usize,
        config: &FramerConfig,
        filters: &Filters,
    ) -> Option<Candidate> {
        let length = self.number;
        if comma - self.topic > config.topic_limit || length > LARGEST_PACKET {
            return None;
        }
        let field = self.topic..comma;
        let (topic, matching) = read_topic(line, field, config.publish_topic, &filters.all)?;
        let candidate = Candidate {
            topic,
            payload,
            length,
            matching,
            within: length <= config.max_message,
            deliverable: length <= config.max_message.min(config.deliverable),
            hex: false,
        };
        self.subscribed |= matching && candidate.within;
        Some(candidate)
    }

    /// The length ends its line, and the digits follow on the next.
    fn two_line_hex(
        &mut self,
        line: &[u8],
        config: &FramerConfig,
        filters: &Filters,
    ) -> Option<Progress> {
        let comma = self.length_field()?;
        let line_feed = self.scanned + usize::from(line[self.scanned] == b'\r');
        match line.get(line_feed) {
            None => return Some(Progress::Need(line_feed + 1)),
            Some(b'\n') => {}
            Some(_) => return None,
        }
        self.two_lines = true;
        let candidate = self.candidate(line, comma, line_feed + 1, config, filters)?;
        if filters.hex.matches(&line[candidate.topic.clone()]) {
            // A payload of nothing has one length.
            let mut lengths = vec![candidate.length, 2 * candidate.length];
            lengths.dedup();
            self.candidates
                .extend(lengths.into_iter().map(|length| Candidate {
                    length,
                    hex: true,
                    ..candidate.clone()
                }));
        }
        None
    }

    /// The form of 2016: `<topic>,<len>` CR LF `<payload>` CR LF. Only read where the line holds
    /// no length between commas, so that no topic can turn a message of today into it.
    fn two_line_form(&mut self, line: &[u8], config: &FramerConfig, filters: &Filters) -> Progress {
        let Some(comma) = self.length_field() else {
            return Progress::Unreadable;
        };
        let line_feed = self.scanned + usize::from(line[self.scanned] == b'\r');
        match line.get(line_feed) {
            None => return Progress::Need(line_feed + 1),
            Some(b'\n') => {}
            Some(_) => return Progress::Unreadable,
        }
        self.propose(line, comma, line_feed + 1, config, filters);
        if self.candidates.iter().any(|candidate| candidate.within) {
            self.legacy = true;
            Progress::Done
        } else {
            Progress::Unreadable
        }
    }
}

/// The topic in these bytes, with its quotes taken off, and whether it is subscribed to.
pub(super) fn read_topic(
    line: &[u8],
    field: Range<usize>,
    quoting: TopicQuoting,
    subscriptions: &FilterSet,
) -> Option<(Range<usize>, bool)> {
    let bytes = &line[field.clone()];
    let quoted = bytes.len() > 2 && bytes.starts_with(b"\"") && bytes.ends_with(b"\"");
    let inner = field.start + 1..field.end.saturating_sub(1);
    let topic = match quoting {
        // Some firmware quotes what its kin prints bare: believe the list where it decides.
        TopicQuoting::Bare
            if quoted
                && !subscriptions.matches(bytes)
                && subscriptions.matches(&line[inner.clone()]) =>
        {
            inner
        }
        TopicQuoting::Bare => field,
        TopicQuoting::Quoted if quoted => inner,
        TopicQuoting::Quoted => return None,
        TopicQuoting::Either if !quoted => field,
        // A quote is a legal character of a topic: believe the list where it decides.
        TopicQuoting::Either
            if !subscriptions.matches(&line[inner.clone()]) && subscriptions.matches(bytes) =>
        {
            field
        }
        TopicQuoting::Either => inner,
    };
    if topic.is_empty() {
        return None;
    }
    let matching = subscriptions.matches(&line[topic.clone()]);
    Some((topic, matching))
}

/// The bytes that end a run of plain ones: the comma, and what no topic name holds (control
/// characters, DEL and the wildcards; MQTT 3.1.1, 1.5.3 and 4.7.1). Bytes from 0x80 on are UTF-8.
pub(super) const ENDS_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[0x7f] = true;
    table[b',' as usize] = true;
    table[b'+' as usize] = true;
    table[b'#' as usize] = true;
    table
};
