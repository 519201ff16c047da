//! Hides what is left of a password when its echo comes in pieces.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::redact::{redact, secret, secrets};

/// Shorter pieces than this are not looked for: any line would hold them by chance.
const SHORTEST: usize = 4;

/// Shows the lines that a module sends, without the password of the command before them.
///
/// The echo of `AT+MQTTCFG=` can be cut in two by a URC or come with bytes missing, so that no piece
/// of it can be told from its form. Until the next command, pieces of four bytes and more of the
/// password that was sent are hidden wherever they stand.
///
/// ```
/// use m531x_at::command::EchoGuard;
///
/// let mut guard = EchoGuard::default();
/// guard.sent(br#"AT+MQTTCFG="broker",1883,"lamp",60,"user","open sesame",1"#);
/// assert_eq!(&guard.show(br#"sesame",1"#)[..], br#"***",1"#);
/// guard.sent(b"AT+CSQ");
/// assert_eq!(&guard.show(b"sesame")[..], b"sesame");
/// ```
#[derive(Clone, Default)]
pub struct EchoGuard {
    password: Vec<u8>,
}

impl EchoGuard {
    /// Takes note of a command that was sent.
    pub fn sent(&mut self, line: &[u8]) {
        self.password = secret(line).map_or_else(Vec::new, |place| line[place].to_vec());
    }

    /// A line that came, or several, as it may be shown.
    pub fn show<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let shown = redact(line);
        if self.password.len() < SHORTEST || self.piece(&shown).is_none() {
            return shown;
        }
        let mut rest: &[u8] = &shown;
        let mut hidden = Vec::new();
        while let Some((start, length)) = self.piece(rest) {
            hidden.extend_from_slice(&rest[..start]);
            hidden.extend_from_slice(b"***");
            rest = &rest[start + length..];
        }
        hidden.extend_from_slice(rest);
        Cow::Owned(hidden)
    }

    /// What [`show`](Self::show) hides, in order; nothing that has no byte.
    pub(crate) fn secrets(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = secrets(text);
        if self.password.len() < SHORTEST {
            return found;
        }
        let mut gaps: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for secret in &found {
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
        found
    }

    /// The first piece of the password, as far as it goes.
    fn piece(&self, text: &[u8]) -> Option<(usize, usize)> {
        (0..text.len()).find_map(|start| {
            let longest = (0..self.password.len())
                .map(|from| common(&self.password[from..], &text[start..]))
                .max()?;
            (longest >= SHORTEST).then_some((start, longest))
        })
    }
}

impl fmt::Debug for EchoGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = !self.password.is_empty();
        f.debug_struct("EchoGuard").field("holds", &holds).finish()
    }
}

/// How many bytes both begin with.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}
