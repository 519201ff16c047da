//! Which of the candidates is the message.
//!
//! The candidates fall into two groups, those whose topic is subscribed to and the others, and a
//! group decides as soon as nothing that may still come can change its answer. That makes the
//! interpretation a function of the bytes alone: it is the same however they were cut into pieces.

use crate::framer::search::{Candidate, Search, Stop};

/// What a candidate's bytes say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// CR LF stands behind the payload.
    Closed,
    /// Behind the payload something can begin: `+`, CR or LF, or nothing came for long. Firmware
    /// older than manual v1.1 prints no CR LF there.
    Followed,
    /// Something else stands behind the payload.
    Garbage,
    /// The line needs so many bytes for a decision.
    Open(usize),
}

/// The unread bytes, from the start of the message on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    pub(super) line: &'a [u8],
    /// Nothing more is waited for: a silence has passed, or the time that the message may take.
    pub(super) given_up: bool,
    /// So many of the bytes came in one go; what follows began a line after a pause.
    pub(super) in_one_go: usize,
}

impl<'a> Heard<'a> {
    fn first_go(&self) -> &'a [u8] {
        &self.line[..self.in_one_go.min(self.line.len())]
    }
}

fn standing(candidate: &Candidate, heard: Heard<'_>) -> Standing {
    let Heard { line, given_up, .. } = heard;
    let end = candidate.end();
    if candidate.hex {
        let payload = line.get(candidate.payload..).unwrap_or_default();
        let payload = &payload[..payload.len().min(candidate.length)];
        if candidate.length % 2 > 0 || !payload.iter().all(u8::is_ascii_hexdigit) {
            return Standing::Garbage;
        }
    }
    match (line.get(end), line.get(end + 1)) {
        (Some(b'\r'), Some(b'\n')) => Standing::Closed,
        (Some(b'\r'), None) if !given_up => Standing::Open(end + 2),
        // CR within and LF behind: one byte of the payload was lost, and this is its line end.
        (Some(b'\n'), _) if candidate.length > 0 && line[end - 1] == b'\r' => Standing::Garbage,
        (Some(b'+' | b'\r' | b'\n'), _) => Standing::Followed,
        (Some(_), _) => Standing::Garbage,
        (None, _) if given_up && end == line.len() => Standing::Followed,
        (None, _) => Standing::Open(end + 1),
    }
}

/// Whether the candidate is half of the digits that the one behind it may be.
fn is_half(search: &Search, index: usize, heard: Heard<'_>) -> bool {
    let payload = search.candidates[index].payload;
    let digits = search.candidates.get(index + 1);
    digits.is_some_and(|digits| {
        digits.hex && digits.payload == payload && standing(digits, heard) != Standing::Garbage
    })
}

/// Candidates of one standing, in the order of their topics' lengths.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    /// The candidate with the shortest topic.
    first: Option<usize>,
    /// Where that one's frame ends.
    end: usize,
    count: usize,
    nearest: usize,
    farthest: usize,
}

impl Ends {
    fn add(&mut self, index: usize, end: usize) {
        if self.first.is_none() {
            self.first = Some(index);
            self.end = end;
            self.nearest = end;
        }
        self.count += 1;
        self.nearest = self.nearest.min(end);
        self.farthest = self.farthest.max(end);
    }
}

/// What is known of one group of candidates.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    closed: Ends,
    followed: Ends,
    garbage: Ends,
    open: Ends,
    /// The bytes without which the group cannot decide; 0 if it can.
    need: usize,
    /// The bytes with which the next candidate is known.
    next: usize,
}

impl Tally {
    /// What the module can hardly deliver counts only if nothing else closes.
    fn of(search: &Search, matching: bool, heard: Heard<'_>) -> Self {
        let deliverable = Self::of_those(search, heard, |candidate| {
            candidate.matching == matching && candidate.deliverable
        });
        if deliverable.closed.count > 0 || (deliverable.need > 0 && !heard.given_up) {
            return deliverable;
        }
        Self::of_those(search, heard, |candidate| {
            candidate.matching == matching && candidate.within
        })
    }

    fn of_those(search: &Search, heard: Heard<'_>, belongs: impl Fn(&Candidate) -> bool) -> Self {
        let mut tally = Self::default();
        for (index, candidate) in search.candidates.iter().enumerate() {
            if !belongs(candidate) {
                continue;
            }
            let end = candidate.end();
            let standing = standing(candidate, heard);
            if standing == Standing::Garbage && (candidate.hex || is_half(search, index, heard)) {
                continue;
            }
            match standing {
                Standing::Closed => tally.closed.add(index, end + 2),
                Standing::Followed => tally.followed.add(index, end),
                Standing::Garbage => tally.garbage.add(index, end),
                Standing::Open(need) => {
                    tally.open.add(index, end);
                    tally.next = if tally.need == 0 {
                        need
                    } else {
                        tally.next.min(need)
                    };
                    tally.need = tally.need.max(need);
                }
            }
        }
        tally
    }

    /// The candidates that can be the message: those that close, else those that could.
    fn plausible(&self) -> Option<(usize, &Ends)> {
        [&self.closed, &self.followed]
            .into_iter()
            .find_map(|ends| Some((ends.first?, ends)))
    }

    /// What the group says, unless none of it can be the message.
    fn interpret(&self, search: &Search, heard: Heard<'_>) -> Option<Interpretation> {
        if let Some(need) = self.waits(heard) {
            return Some(need);
        }
        let (index, ends) = self.plausible()?;
        let reach = reach(heard, ends, self);
        Some(self.take(search, heard.line, index, ends, reach))
    }

    /// What has to come first, if anything has.
    fn waits(&self, heard: Heard<'_>) -> Option<Interpretation> {
        if self.need == 0 || heard.given_up {
            return None;
        }
        let rival = self.plausible().is_some();
        let bytes = if rival { self.need } else { self.next };
        Some(Interpretation::Need { bytes, rival })
    }

    /// This candidate is the message. Without a line end behind its payload but with one inside, the
    /// module may as well have declared more than it printed, and more may have been taken for
    /// payload.
    fn take(
        &self,
        search: &Search,
        line: &[u8],
        index: usize,
        ends: &Ends,
        reach: usize,
    ) -> Interpretation {
        let mut take = take(search, line, index, ends, reach);
        if self.closed.first.is_none() && !take.ambiguous {
            let candidate = &search.candidates[index];
            let payload = line
                .get(candidate.payload..candidate.end())
                .unwrap_or_default();
            if let Some(line_end) = payload.iter().position(|byte| *byte == b'\n') {
                take.ambiguous = true;
                take.swallows = true;
                take.hidden = payload.len() - line_end;
            }
        }
        Interpretation::Take(take)
    }

    /// The candidate with the shortest topic among those that cannot be the whole message.
    fn broken(&self) -> Option<usize> {
        self.garbage.first.into_iter().chain(self.open.first).min()
    }
}

/// A message and what to think of the bytes around it; offsets count from the start of its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Take {
    pub(super) index: usize,
    pub(super) payload_end: usize,
    /// Where the bytes behind the message begin.
    pub(super) end: usize,
    pub(super) truncated: bool,
    pub(super) ambiguous: bool,
    /// The bytes from `end` to here may be payload of another reading.
    pub(super) ambiguous_end: usize,
    /// The number of bytes in which an answer may have been lost.
    pub(super) hidden: usize,
    /// Some of them are payload of the message.
    pub(super) swallows: bool,
    /// What to do with what follows the ambiguity.
    pub(super) after: After,
}

impl Take {
    /// A message that closes behind its payload and leaves no doubt.
    #[inline]
    pub(super) fn whole(index: usize, payload_end: usize) -> Self {
        Self {
            index,
            payload_end,
            end: payload_end + 2,
            ..Self::default()
        }
    }
}

/// Where reading goes on behind a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum After {
    /// At the start of a line.
    #[default]
    LineStart,
    /// Within a line of which the beginning is gone.
    MidLine,
    /// Anywhere: the position is unknown.
    Nowhere,
}

/// The answer of [`judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interpretation {
    /// Ask again when the line has so many bytes, or when it is given up.
    Need {
        bytes: usize,
        /// Whether a reading is complete that the open ones hold up.
        rival: bool,
    },
    /// This is the message.
    Take(Take),
    /// This candidate is the message, and longer than the limit.
    Oversize(usize),
    /// A message that cannot be read.
    Unreadable,
}

/// Decides on a search whose candidates are all known, or that a silence has ended.
///
/// `trusted` says that every subscription names one topic, so that only the publishers of those
/// topics chose the contents of this line.
pub(super) fn judge(search: &Search, heard: Heard<'_>, trusted: bool) -> Interpretation {
    let line = heard.line;
    let subscribed = Tally::of(search, true, heard);
    if let Some(interpretation) = subscribed.interpret(search, heard) {
        return interpretation;
    }
    let too_long = |matching: bool| {
        let mut both = search.candidates.iter();
        both.position(|candidate| candidate.matching == matching && !candidate.within)
    };
    let shortest = subscribed.broken();
    let before_shortest = |index: &usize| shortest.is_none_or(|shorter| *index < shorter);
    if let Some(index) = too_long(true).filter(before_shortest) {
        return oversize(search, index);
    }
    if let Some(index) = shortest.filter(|_| subscribed.open.count > 0) {
        // Less came than declared. A reading that closes within is more likely its payload than an
        // unsubscribed message.
        return broken(search, heard, index, &subscribed, trusted);
    }
    let others = Tally::of(search, false, heard);
    if let Some(need) = others.waits(heard) {
        return need;
    }
    if let Some((index, ends)) = others.plausible() {
        let farthest = reach(heard, ends, &others).max(subscribed.garbage.farthest);
        return others.take(search, line, index, ends, farthest);
    }
    match shortest {
        Some(index) => broken(search, heard, index, &subscribed, trusted),
        None => match (too_long(false), others.broken()) {
            (Some(index), shorter) if shorter.is_none_or(|shorter| index < shorter) => {
                oversize(search, index)
            }
            (_, Some(index)) => broken(search, heard, index, &others, false),
            (_, None) => Interpretation::Unreadable,
        },
    }
}

/// Decides on a search whose subscribed candidates are all known; `None` leaves it to the others.
pub(super) fn judge_subscribed(search: &Search, heard: Heard<'_>) -> Option<Interpretation> {
    Tally::of(search, true, heard).interpret(search, heard)
}

/// How far frames of this group reach that are given up although the module may have meant them
/// and printed less than it declared, with the chosen frame inside. What it printed after a pause at
/// a line end, within the time that has passed in vain, is no part of one.
fn reach(heard: Heard<'_>, chosen: &Ends, group: &Tally) -> usize {
    let rest = heard.first_go().get(chosen.end..).unwrap_or_default();
    if group.open.count > 0 && rest.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
        heard.first_go().len()
    } else {
        0
    }
}

fn take(search: &Search, line: &[u8], index: usize, ends: &Ends, reach: usize) -> Take {
    let farthest = ends.farthest.max(reach).min(line.len());
    let ambiguous = ends.count > 1 || reach > ends.farthest;
    Take {
        index,
        payload_end: search.candidates[index].end(),
        end: ends.end,
        ambiguous,
        ambiguous_end: farthest,
        swallows: ends.count > 1,
        hidden: if ambiguous {
            farthest - ends.nearest
        } else {
            0
        },
        ..Take::default()
    }
}

fn oversize(search: &Search, index: usize) -> Interpretation {
    if search.legacy {
        Interpretation::Unreadable
    } else {
        Interpretation::Oversize(index)
    }
}

/// No candidate fits the bytes: what came of the one with the shortest topic.
fn broken(
    search: &Search,
    heard: Heard<'_>,
    index: usize,
    group: &Tally,
    trusted: bool,
) -> Interpretation {
    let line = heard.line;
    let candidate = &search.candidates[index];
    let unfinished = candidate.end() >= line.len();
    if search.legacy && !unfinished {
        return Interpretation::Unreadable;
    }
    let end = if unfinished {
        heard
            .first_go()
            .len()
            .max(candidate.payload.min(line.len()))
    } else {
        candidate.end()
    };
    let came = &line[candidate.payload.min(end)..end];
    let line_end = match came {
        [.., b'\r', b'\n'] => 2,
        [.., b'\r'] if line.get(end) == Some(&b'\n') => 1,
        _ => 0,
    };
    // A topic that no rule allows would look like this too, and hide where its payload ends.
    let readable = trusted || search.stop == Some(Stop::LineEnd);
    Interpretation::Take(Take {
        index,
        payload_end: end - line_end,
        end,
        truncated: true,
        swallows: true,
        ambiguous: group.garbage.count + group.open.count > 1,
        ambiguous_end: if group.open.count > 0 {
            line.len()
        } else {
            end
        },
        hidden: line.len().min(group.open.farthest.max(end)) - candidate.payload.min(end),
        after: match (unfinished, readable) {
            (true, _) => After::LineStart,
            (false, true) => After::MidLine,
            (false, false) => After::Nowhere,
        },
    })
}
