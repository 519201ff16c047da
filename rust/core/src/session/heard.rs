//! What comes from a port before anything on it has answered: shown when nothing ever does.

use m531x_at::redact::redact;

/// So many bytes are kept, and so many are shown.
const KEPT: usize = 512;
const SHOWN: usize = 48;

/// The bytes since the module is being asked whether it is there.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// At any time.
    answered: bool,
    /// It listens, so nothing needs to be kept.
    settled: bool,
    count: u64,
    first: Vec<u8>,
    /// The last three, the newest at the end.
    last: [u8; 3],
}

impl Heard {
    /// The module is being asked anew.
    pub(super) fn restart(&mut self) {
        *self = Self {
            answered: self.answered,
            ..Self::default()
        };
    }

    /// It has answered.
    pub(super) fn answer(&mut self) {
        *self = Self {
            answered: true,
            settled: true,
            ..Self::default()
        };
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        if self.settled {
            return;
        }
        self.count += bytes.len() as u64;
        let room = KEPT - self.first.len();
        self.first.extend(bytes.iter().take(room));
        for byte in bytes.iter().rev().take(3).rev() {
            self.last = [self.last[1], self.last[2], *byte];
        }
    }

    /// Whether a result in digits came last, as modules print it after `ATV0`: one digit
    /// and CR.
    pub(super) fn ends_with_number(&self) -> bool {
        matches!(self.last, [0 | b'\r' | b'\n', b'0' | b'4', b'\r'])
    }

    /// The number was understood.
    pub(super) fn forget_number(&mut self) {
        self.last = [0; 3];
    }

    /// Whether the module has answered at any time.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
    }

    /// How many bytes came since it is being asked.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The first of them as one may show them, in quotes.
    pub(crate) fn shown(&self) -> String {
        let shown = redact(&self.first);
        let more = self.count > SHOWN as u64;
        let text = shown[..shown.len().min(SHOWN)].escape_ascii();
        format!("\"{text}{}\"", if more { "..." } else { "" })
    }
}
