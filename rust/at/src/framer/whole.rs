//! A message that is whole and can be read in one way: nearly every message is.
//!
//! The general search gives the same in more steps, for it can go on after any byte and keeps all
//! readings.

use crate::framer::header::{self, PREFIX, Parsed};
use crate::framer::search::{ENDS_RUN, LARGEST_PACKET, LONGEST_LENGTH_FIELD, QUOTES, read_topic};
use crate::framer::{Framer, Message, State};

impl Framer {
    /// Takes the message at the front, behind a line end or none. Whatever is not as plain as it
    /// can be stays where it is.
    #[inline]
    pub(super) fn whole_message(&mut self) -> Option<Message> {
        if self.state != State::LineStart
            || !self.ambiguity.is_none()
            || !self.filters.hex.is_empty()
        {
            return None;
        }
        let unread = self.buffer.unread();
        let start = if unread.starts_with(b"\r\n") { 2 } else { 0 };
        let line = &unread[start..];
        if !line.starts_with(PREFIX) {
            return None;
        }
        let (mut message, end) = self.only_reading_of(line)?;
        message.topic = self
            .buffer
            .position(start + message.topic.start..start + message.topic.end);
        message.payload = self
            .buffer
            .position(start + message.payload.start..start + message.payload.end);
        self.consume(start + end);
        Some(message)
    }

    /// The message and where its line ends, both from the start of the line.
    #[inline]
    fn only_reading_of(&self, line: &[u8]) -> Option<(Message, usize)> {
        let Parsed::Complete(header, start) = header::parse(line) else {
            return None;
        };
        let run = line[start..]
            .iter()
            .position(|byte| ENDS_RUN[usize::from(*byte)])?;
        let comma = start + run;
        let (length, payload) = length_field(line, comma)?;
        let most = self
            .config
            .max_message
            .min(self.config.deliverable)
            .min(LARGEST_PACKET);
        if run > self.config.topic_limit || length > most {
            return None;
        }
        let end = payload + length;
        if line.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        // Another reading would begin at a comma from here on, at the latest behind the longest topic.
        let search_end = self.longest.map_or(end, |longest| {
            end.min(start + longest + QUOTES + LONGEST_LENGTH_FIELD)
        });
        for at in payload - 1..search_end {
            if line[at] == b',' && length_field(line, at).is_some() {
                return None;
            }
        }
        let (topic, matching) = read_topic(
            line,
            start..comma,
            self.config.publish_topic,
            &self.filters.all,
        )?;
        let message = Message {
            header,
            topic,
            payload: payload..end,
            truncated: false,
            ambiguous: false,
        };
        matching.then_some((message, end + 2))
    }
}

/// The number between the comma at this place and the next one, and what begins behind that.
#[inline]
fn length_field(line: &[u8], comma: usize) -> Option<(usize, usize)> {
    let mut number = 0usize;
    let mut at = comma + 1;
    while let Some(digit @ b'0'..=b'9') = line.get(at) {
        number = number
            .saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'));
        at += 1;
    }
    let is_field = line.get(comma) == Some(&b',') && at > comma + 1 && line.get(at) == Some(&b',');
    is_field.then_some((number, at + 1))
}
