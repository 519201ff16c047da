//! Hides what is left of a password or a PIN when its echo comes in pieces.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::{lines, masked, places, secrets};

/// Shorter pieces than this are not looked for: any line would hold them by chance.
const SHORTEST: usize = 4;

/// Shows the lines that a module sends, without the secrets of the command before them.
///
/// The echo of `AT+MQTTCFG=` can be cut in two by a URC or come with bytes missing, so that no piece
/// of it can be recognised by its form. Until the next command, pieces of four bytes and more of the
/// passwords and PINs that were sent are hidden wherever they stand, and shorter ends of them in a line
/// that is the end of that command.
///
/// ```
/// use m531x_at::redact::EchoGuard;
///
/// let mut guard = EchoGuard::default();
/// guard.sent(br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","open sesame",1"#);
/// assert_eq!(&guard.show(br#"sesame",1"#)[..], br#"***",1"#);
/// guard.sent(b"AT+CSQ");
/// assert_eq!(&guard.show(b"sesame")[..], b"sesame");
/// ```
#[derive(Clone, Default)]
pub struct EchoGuard {
    /// The last command, if it holds a secret.
    line: Vec<u8>,
    secrets: Vec<Range<usize>>,
}

impl EchoGuard {
    /// Takes note of a command that was sent.
    pub fn sent(&mut self, line: &[u8]) {
        self.secrets = secrets(line);
        self.line = if self.secrets.is_empty() {
            Vec::new()
        } else {
            line.to_vec()
        };
    }

    /// A line that came, or several, as it may be shown.
    pub fn show<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        masked(line, &self.guarded(line, places(line)))
    }

    /// What [`show`](Self::show) hides, in order; nothing that has no byte.
    pub(crate) fn secrets(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.guarded(text, secrets(text))
    }

    /// Adds what is left of the command's secrets to what is found already.
    fn guarded(&self, text: &[u8], mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
        if self.secrets.is_empty() {
            return found;
        }
        self.add_ends(text, &mut found);
        self.add_pieces(text, &mut found);
        found
    }

    /// A line that is the end of the command, from the middle of a secret on: a PIN is too short to
    /// be known by its pieces.
    fn add_ends(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        for place in lines(text) {
            let line = &text[place.clone()];
            if line.is_empty() || !self.line.ends_with(line) {
                continue;
            }
            let begin = self.line.len() - line.len();
            let Some(cut) = self
                .secrets
                .iter()
                .position(|secret| secret.start < begin && begin < secret.end)
            else {
                continue;
            };
            // Whatever was found in it was known by less.
            found.retain(|other| other.end <= place.start || place.end <= other.start);
            for secret in &self.secrets[cut..] {
                let start = secret.start.max(begin) - begin;
                found.push(place.start + start..place.start + secret.end - begin);
            }
        }
        found.sort_by_key(|secret| secret.start);
    }

    fn add_pieces(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        let mut gaps: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for secret in found.iter() {
            gaps.push(from..secret.start);
            from = secret.end;
        }
        gaps.push(from..text.len());
        for gap in gaps {
            let mut from = gap.start;
            while let Some((start, length)) = self.piece(&text[from..gap.end]) {
                found.push(from + start..from + start + length);
                from += start + length;
            }
        }
        found.sort_by_key(|secret| secret.start);
    }

    /// The first piece of a secret, as far as it goes.
    fn piece(&self, text: &[u8]) -> Option<(usize, usize)> {
        (0..text.len()).find_map(|start| {
            let longest = self
                .secrets
                .iter()
                .filter(|secret| secret.len() >= SHORTEST)
                .flat_map(|secret| (secret.start..secret.end).map(|from| from..secret.end))
                .map(|rest| common(&self.line[rest], &text[start..]))
                .max()?;
            (longest >= SHORTEST).then_some((start, longest))
        })
    }
}

impl fmt::Debug for EchoGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = !self.secrets.is_empty();
        f.debug_struct("EchoGuard")
            .field("holds", &holds)
            .finish_non_exhaustive()
    }
}

/// How many bytes both begin with.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}
