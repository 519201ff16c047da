//! The readings of one message, and which of a group fits.

use m531x_at::framer::FramerConfig;
use m531x_at::topic::FilterSet;

use super::reference::PREFIX;

/// What one message can be read as, for given subscriptions.
pub(super) struct Readings<'a> {
    config: &'a FramerConfig,
    subscriptions: FilterSet,
}

impl<'a> Readings<'a> {
    pub(super) fn new(config: &'a FramerConfig, subscriptions: FilterSet) -> Self {
        Self {
            config,
            subscriptions,
        }
    }

    /// The reading that fits, or `None` if there are readings and none fits.
    pub(super) fn choose(&self, input: &[u8]) -> Result<(Option<u8>, Option<Choice>), Failure> {
        let (readings, stop, legacy) = self.all(input)?;
        let limit = self.config.max_message;
        let group = |subscribed: bool| -> Vec<&Reading> {
            readings
                .iter()
                .filter(|reading| reading.subscribed == subscribed && reading.length <= limit)
                .collect()
        };
        let (wanted, others) = (group(true), group(false));
        if let Some(choice) = choose_from(&self.likely(&wanted, input), input) {
            return Ok((stop, Some(choice)));
        }
        let first_wanted = readings.iter().find(|reading| reading.subscribed);
        if first_wanted.is_some_and(|reading| reading.length > limit) {
            return if legacy {
                Err(Failure::Unreadable)
            } else {
                Ok((stop, None))
            };
        }
        if wanted.iter().any(|reading| reading.open(input)) {
            return Ok((stop, None));
        }
        if let Some(mut choice) = choose_from(&self.likely(&others, input), input) {
            let reach = wanted
                .iter()
                .map(|reading| reading.end())
                .fold(0, usize::max);
            if reach > choice.doubt_end {
                choice.ambiguous = true;
                choice.doubt_end = reach;
                choice.hidden = reach - choice.nearest(&others, input);
            }
            return Ok((stop, Some(choice)));
        }
        if legacy
            && readings
                .iter()
                .any(|reading| !reading.open(input) || reading.length > limit)
        {
            return Err(Failure::Unreadable);
        }
        Ok((stop, None))
    }

    /// Without those that declare more than the module delivers, if one of the others closes.
    fn likely<'b>(&self, group: &[&'b Reading], input: &[u8]) -> Vec<&'b Reading> {
        let deliverable = |reading: &&&Reading| reading.length <= self.config.deliverable;
        let likely: Vec<&Reading> = group.iter().filter(deliverable).copied().collect();
        if likely.iter().any(|reading| reading.closes(input)) {
            likely
        } else {
            group.to_vec()
        }
    }

    /// Every `,<digits>,` of the topic's region.
    pub(super) fn all(&self, input: &[u8]) -> Result<(Vec<Reading>, Option<u8>, bool), Failure> {
        let start = header(input)?;
        let forbidden = |byte: &u8| *byte < 0x20 || matches!(byte, 0x7f | b'+' | b'#');
        let region_end = input[start..]
            .iter()
            .position(forbidden)
            .map_or(input.len(), |length| start + length);
        let stop = input.get(region_end).copied();
        let commas: Vec<usize> = (start..region_end)
            .filter(|at| input[*at] == b',')
            .collect();
        let mut readings: Vec<Reading> = commas
            .windows(2)
            .filter_map(|pair| self.reading(input, start, pair[0], pair[1], pair[1] + 1))
            .collect();
        if !readings.is_empty() {
            return Ok((readings, stop, false));
        }
        match stop {
            None => return Err(Failure::Unfinished),
            Some(b'\r')
                if region_end + 1 == input.len()
                    && Self::ends_in_number(input, start, region_end) =>
            {
                return Err(Failure::Unfinished);
            }
            Some(b'\r' | b'\n') => {}
            Some(_) => return Err(Failure::Unreadable),
        }
        let line_feed = region_end + usize::from(stop == Some(b'\r'));
        if input.get(line_feed) != Some(&b'\n') {
            return Err(Failure::Unreadable);
        }
        let comma = commas.last().ok_or(Failure::Unreadable)?;
        readings.extend(self.reading(input, start, *comma, region_end, line_feed + 1));
        if readings.is_empty() || readings[0].length > self.config.max_message {
            return Err(Failure::Unreadable);
        }
        Ok((readings, stop, true))
    }

    fn ends_in_number(input: &[u8], start: usize, end: usize) -> bool {
        let text = &input[start..end];
        let digits = text
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        digits > 0 && text.len() > digits && text[text.len() - digits - 1] == b','
    }

    fn reading(
        &self,
        input: &[u8],
        start: usize,
        comma: usize,
        end: usize,
        payload: usize,
    ) -> Option<Reading> {
        let digits = &input[comma + 1..end];
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) || comma == start {
            return None;
        }
        let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let topic = input[start..comma].to_vec();
        (length <= 268_435_455).then(|| Reading {
            subscribed: self.subscriptions.matches(&topic),
            topic,
            payload,
            length,
        })
    }
}

pub(super) struct Reading {
    pub(super) topic: Vec<u8>,
    pub(super) payload: usize,
    pub(super) length: usize,
    pub(super) subscribed: bool,
}

impl Reading {
    pub(super) fn end(&self) -> usize {
        self.payload + self.length
    }

    pub(super) fn closes(&self, input: &[u8]) -> bool {
        input.len() >= self.end() && input[self.end()..].starts_with(b"\r\n")
    }

    pub(super) fn could_end(&self, input: &[u8]) -> bool {
        if input.len() < self.end() {
            return false;
        }
        let short = self.length > 0 && input[self.end() - 1] == b'\r';
        match input[self.end()..].first() {
            None | Some(b'+' | b'\r') => true,
            Some(b'\n') => !short,
            Some(_) => false,
        }
    }

    pub(super) fn open(&self, input: &[u8]) -> bool {
        input.len() < self.end()
    }
}

pub(super) struct Choice {
    pub(super) reading: Reading,
    pub(super) end: usize,
    pub(super) ambiguous: bool,
    pub(super) doubt_end: usize,
    pub(super) hidden: usize,
}

impl Choice {
    pub(super) fn nearest(&self, group: &[&Reading], input: &[u8]) -> usize {
        let ends = |closed: bool| {
            group
                .iter()
                .filter(move |reading| {
                    if closed {
                        reading.closes(input)
                    } else {
                        reading.could_end(input)
                    }
                })
                .map(move |reading| reading.end() + if closed { 2 } else { 0 })
                .min()
        };
        ends(true).or_else(|| ends(false)).unwrap_or(self.end)
    }
}

#[derive(Debug)]
pub(super) enum Failure {
    NotNumeric,
    Unfinished,
    Unreadable,
}

fn choose_from(group: &[&Reading], input: &[u8]) -> Option<Choice> {
    let closed: Vec<&&Reading> = group
        .iter()
        .filter(|reading| reading.closes(input))
        .collect();
    let possible: Vec<&&Reading> = group
        .iter()
        .filter(|reading| reading.could_end(input))
        .collect();
    let (fits, line_end) = if closed.is_empty() {
        (possible, 0)
    } else {
        (closed, 2)
    };
    let first = fits.first()?;
    let ends = || fits.iter().map(|reading| reading.end() + line_end);
    let (nearest, farthest) = (ends().min()?, ends().max()?);
    let end = first.end() + line_end;
    let unfinished = group.iter().any(|reading| reading.open(input)) && !blank(&input[end..]);
    let doubt_end = if unfinished { input.len() } else { farthest };
    let several = fits.len() > 1 || doubt_end > farthest;
    let payload = &input[first.payload..first.end()];
    let inner_end = payload.iter().position(|byte| *byte == b'\n');
    // Neither the end of this line nor of a shorter one is beyond doubt.
    let swallowed = inner_end
        .filter(|_| line_end == 0)
        .map(|at| payload.len() - at);
    Some(Choice {
        end,
        ambiguous: several || swallowed.is_some(),
        doubt_end,
        hidden: if several {
            doubt_end - nearest
        } else {
            swallowed.unwrap_or(0)
        },
        reading: Reading {
            topic: first.topic.clone(),
            ..***first
        },
    })
}

fn blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Where the topic begins. What does not stand within 64 bytes is no header.
pub(super) fn header(line: &[u8]) -> Result<usize, Failure> {
    let whole = line.len();
    let line = &line[..whole.min(PREFIX.len() + 64)];
    let mut at = PREFIX.len();
    while matches!(line.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    let mut numbers = Vec::new();
    while numbers.len() < 4 {
        let digits = line[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        match line.get(at + digits) {
            None if line.len() < whole => return Err(Failure::NotNumeric),
            None => return Err(Failure::Unfinished),
            Some(b',') if (1..10).contains(&digits) => {
                let text = String::from_utf8_lossy(&line[at..at + digits]).into_owned();
                numbers.push(text.parse::<u32>().map_err(|_| Failure::NotNumeric)?);
            }
            Some(_) => return Err(Failure::NotNumeric),
        }
        at += digits + 1;
    }
    if numbers[0] > 1 || numbers[1] > 2 || numbers[2] > 1 || numbers[3] > 65_535 {
        return Err(Failure::Unreadable);
    }
    Ok(at)
}
