//! The readings of one message, and which of a group fits.

use super::reference::PREFIX;

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

pub(super) fn choose_from(group: &[&Reading], input: &[u8]) -> Option<Choice> {
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

pub(super) fn blank(bytes: &[u8]) -> bool {
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
