//! The rules of the framer once more, for an input that is complete and followed by silence.
//!
//! Written from the rules, not from the framer: it sees everything at once, looks at every byte as
//! often as it likes and copies all it touches.

use m531x_at::framer::FramerConfig;
use m531x_at::response::FinalResult;
use m531x_at::topic::FilterSet;
use m531x_at::urc::Urc;

use super::reading::{Choice, Failure, Reading, Readings, header};
use super::{Message, Seen};

pub(super) const PREFIX: &[u8] = b"+MQTTPUBLISH:";

/// All frames of `input`; the topics are bare.
pub(crate) fn parse(input: &[u8], config: &FramerConfig, filters: Option<&[&str]>) -> Vec<Seen> {
    let subscriptions = filters.map_or_else(FilterSet::unknown, FilterSet::new);
    let exact = filters.is_some_and(|all| !all.iter().any(|one| one.contains(['+', '#'])));
    let mut parser = Parser {
        config,
        readings: Readings::new(config, subscriptions),
        exact,
        seen: Vec::new(),
    };
    parser.run(input);
    parser.seen
}

struct Parser<'a> {
    config: &'a FramerConfig,
    readings: Readings<'a>,
    exact: bool,
    seen: Vec<Seen>,
}

/// What a message does to the bytes behind it.
struct Aftermath {
    end: usize,
    doubt_end: usize,
    hidden: usize,
    rest_of_line: bool,
    lost: bool,
}

impl Parser<'_> {
    fn run(&mut self, mut input: &[u8]) {
        let mut rest_of_line = false;
        loop {
            while let Some(first) = input.first().filter(|byte| matches!(byte, b'\r' | b'\n')) {
                rest_of_line &= *first != b'\n';
                input = &input[1..];
            }
            if input.is_empty() {
                return;
            }
            input = &input[before_message(input)..];
            if let Some(aftermath) = self.message(input, rest_of_line) {
                rest_of_line = aftermath.rest_of_line;
                let end = if aftermath.lost {
                    self.lost(&input[aftermath.end..], aftermath.hidden) + aftermath.end
                } else {
                    let known = aftermath.doubt_end.max(aftermath.end);
                    let (end, grown) = self.doubtful(known, aftermath.end, input);
                    if aftermath.hidden + grown > 0 {
                        self.seen.push(Seen::Hidden(aftermath.hidden + grown));
                    }
                    end
                };
                input = &input[end..];
                continue;
            }
            // A result as `ATV0` has it printed ends with CR alone.
            let ends = |next: Option<&u8>| !matches!(next, Some(b'\r' | b'\n'));
            if input[0].is_ascii_digit()
                && input.get(1) == Some(&b'\r')
                && ends(input.get(2))
                && !rest_of_line
            {
                self.line(&input[..1], false);
                input = &input[2..];
                continue;
            }
            let Some(length) = input.iter().position(|byte| *byte == b'\n') else {
                return;
            };
            let behind_cr = (length <= self.config.max_line)
                .then(|| message_behind_cr(trimmed(&input[..length])))
                .flatten();
            if let Some(start) = behind_cr {
                self.line(&input[..start], rest_of_line);
                input = &input[start..];
                continue;
            }
            self.line(&input[..length], rest_of_line);
            rest_of_line = false;
            input = &input[length + 1..];
        }
    }

    fn line(&mut self, raw: &[u8], doubt: bool) {
        let text = trimmed(raw);
        let text = text[before_line(text)..].to_vec();
        self.seen.push(if raw.len() > self.config.max_line {
            Seen::LineTooLong(raw.len())
        } else if doubt {
            Seen::Untrusted(text)
        } else {
            Seen::Line(text)
        });
    }

    /// Lines that nothing can be known of; returns where trust begins again.
    fn lost(&mut self, input: &[u8], hidden: usize) -> usize {
        let budget = self.config.max_line;
        let mut at = 0;
        while at < budget && at < input.len() {
            if matches!(input[at], b'\r' | b'\n') {
                at += 1;
                continue;
            }
            let line_end = input[at..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map(|length| at + length);
            self.line(&input[at..line_end.unwrap_or(input.len())], true);
            at = line_end.map_or(input.len(), |end| end + 1);
        }
        self.seen.push(Seen::Hidden(hidden + at.min(budget)));
        at
    }

    /// Lines and messages of `input[at..known]`; the last line may go on behind, also with a message
    /// after bytes that are none of it, and a message that closes behind carries the doubt on. Returns where that ends, and by how much it grew.
    fn doubtful(&mut self, known: usize, mut at: usize, input: &[u8]) -> (usize, usize) {
        let mut doubt_end = known;
        while at < doubt_end {
            if matches!(input[at], b'\r' | b'\n') {
                at += 1;
                continue;
            }
            at += before_message(&input[at..]);
            doubt_end = doubt_end.max(at + 1);
            let inner = &input[at..];
            let choice = inner
                .starts_with(PREFIX)
                .then(|| self.readings.choose(inner).ok()?.1)
                .flatten()
                .filter(|choice| inner[..choice.end].ends_with(b"\n"));
            if let Some(Choice {
                reading,
                end,
                doubt_end: reach,
                ..
            }) = choice
            {
                self.deliver(
                    &reading,
                    &inner[reading.payload..reading.end()],
                    false,
                    true,
                );
                doubt_end = doubt_end.max(at + end).max(at + reach);
                at += end;
                continue;
            }
            let line_end = input[at..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map(|length| at + length);
            let raw = &input[at..line_end.unwrap_or(input.len())];
            let behind_cr = (raw.len() <= self.config.max_line && line_end.is_some())
                .then(|| message_behind_cr(trimmed(raw)))
                .flatten();
            if let Some(start) = behind_cr {
                self.line(&raw[..start], true);
                at += start;
                doubt_end = doubt_end.max(at + 1);
                continue;
            }
            self.line(raw, true);
            at = line_end.map_or(input.len(), |end| end + 1);
        }
        (at, doubt_end - known)
    }

    fn deliver(&mut self, reading: &Reading, payload: &[u8], truncated: bool, ambiguous: bool) {
        self.seen.push(Seen::Message(Message {
            topic: reading.topic.clone(),
            payload: payload.to_vec(),
            truncated,
            ambiguous,
        }));
    }

    /// A message at the front of `input`, if one is there.
    fn message(&mut self, input: &[u8], rest_of_line: bool) -> Option<Aftermath> {
        if !input.starts_with(PREFIX) {
            return None;
        }
        let (stop, choice) = match self.readings.choose(input) {
            Ok(found) => found,
            Err(Failure::NotNumeric) => return None,
            Err(Failure::Unfinished) => {
                return Some(Aftermath {
                    end: input.len(),
                    doubt_end: 0,
                    hidden: 0,
                    rest_of_line: false,
                    lost: false,
                });
            }
            Err(Failure::Unreadable) => {
                return Some(Aftermath {
                    end: 0,
                    doubt_end: 0,
                    hidden: 0,
                    rest_of_line: false,
                    lost: true,
                });
            }
        };
        if let Some(choice) = choice {
            let Choice {
                reading,
                end,
                ambiguous,
                doubt_end,
                hidden,
            } = choice;
            let payload = &input[reading.payload..reading.end()];
            self.deliver(&reading, payload, false, ambiguous || rest_of_line);
            return Some(Aftermath {
                end,
                doubt_end,
                hidden,
                rest_of_line: false,
                lost: false,
            });
        }
        Some(self.broken(input, stop, rest_of_line))
    }

    /// Nothing fits: the shortest topic among the subscribed ones, else among all.
    fn broken(&mut self, input: &[u8], stop: Option<u8>, rest_of_line: bool) -> Aftermath {
        let (readings, _, legacy) = self.readings.all(input).expect("the choice has read them");
        let subscribed = readings.iter().any(|reading| reading.subscribed);
        let group: Vec<&Reading> = readings
            .iter()
            .filter(|reading| reading.subscribed == subscribed)
            .collect();
        let first = group[0];
        if first.length > self.config.max_message {
            self.seen
                .push(Seen::Oversize(first.topic.clone(), first.length));
            let came = input.len().min(first.end()) - first.payload;
            let next = input.get(first.end());
            let garbage = next.is_some_and(|byte| !matches!(byte, b'\r' | b'\n' | b'+'));
            let short = came < first.length;
            return Aftermath {
                end: first.payload + came,
                doubt_end: 0,
                hidden: if short || garbage { came } else { 0 },
                rest_of_line: garbage,
                lost: false,
            };
        }
        let within = || {
            group
                .iter()
                .filter(|reading| reading.length <= self.config.max_message)
        };
        let end = first.end().min(input.len());
        let mut payload = &input[first.payload..end];
        if payload.ends_with(b"\r\n") {
            payload = &payload[..payload.len() - 2];
        } else if payload.ends_with(b"\r") && input.get(end) == Some(&b'\n') {
            payload = &payload[..payload.len() - 1];
        }
        let several = within().count() > 1;
        let reach = within()
            .filter(|reading| reading.open(input))
            .map(|reading| reading.end().min(input.len()))
            .fold(end, usize::max);
        let whole = !first.open(input);
        assert!(!(legacy && whole), "the choice refuses these");
        let known_stop = matches!(stop, Some(b'\r' | b'\n')) || (self.exact && first.subscribed);
        let payload = payload.to_vec();
        let (hidden, start) = (reach - first.payload, first.payload);
        let reading = Reading {
            topic: first.topic.clone(),
            payload: start,
            ..*first
        };
        self.deliver(&reading, &payload, true, several || rest_of_line);
        Aftermath {
            end,
            doubt_end: reach,
            hidden,
            rest_of_line: whole && known_stop,
            lost: whole && !known_stop,
        }
    }
}

fn trimmed(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

fn message_behind_cr(line: &[u8]) -> Option<usize> {
    (1..line.len()).find(|&at| {
        let rest = &line[at..];
        let start = garbage(rest);
        line[at - 1] == b'\r'
            && start <= 64
            && rest[start..].starts_with(PREFIX)
            && header(&rest[start..]).is_ok()
    })
}

/// How many bytes come first that no line of a module's own begins with.
fn garbage(bytes: &[u8]) -> usize {
    let is_other = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'!'..=b'~');
    bytes.iter().position(is_other).unwrap_or(bytes.len())
}

fn before_message(input: &[u8]) -> usize {
    let start = garbage(input);
    let counts = start <= 64 && input[start..].starts_with(PREFIX);
    if counts { start } else { 0 }
}

fn before_line(line: &[u8]) -> usize {
    let start = garbage(line);
    let rest = &line[start..];
    let known = rest.starts_with(b"+")
        || rest.starts_with(b"*")
        || FinalResult::parse(rest).is_some()
        || Urc::parse(rest).is_some();
    if start <= 64 && known { start } else { 0 }
}
