//! Bytes that can be read in more than one way.

/// Which of the unread bytes may be payload of a message that was read otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ambiguity {
    /// So many bytes, all of them in the buffer: messages in there are flagged.
    pub(super) known: usize,
    /// Up to so many bytes, or up to a silence: no messages can be recognised in there.
    pub(super) unknown: usize,
    /// The rest of the line at the front.
    pub(super) line: bool,
    /// To be reported when the ambiguity is over; `Some` as long as `known` or `unknown` is not 0.
    pub(super) hidden: Option<usize>,
    /// A reading that was given up causes the ambiguity: what is read in there as messages hides no
    /// answer, so that without a line in there nothing is reported.
    pub(super) lines_only: bool,
}

impl Ambiguity {
    /// Whether a line at the front must not be trusted.
    #[inline]
    pub(super) fn any(self) -> bool {
        self.line || self.known > 0 || self.unknown > 0
    }

    /// Whether all is as it seems, and nothing remains to be reported.
    #[inline]
    pub(super) fn is_none(&self) -> bool {
        !self.any() && self.hidden.is_none()
    }

    /// A line was not trusted, or may be hidden.
    #[inline]
    pub(super) fn report(&mut self) {
        self.lines_only = false;
    }

    /// The line at the front goes on `bytes` further with a message: a line that begins in ambiguous
    /// bytes is ambiguous to its end, so the ambiguity reaches the message's first byte.
    pub(super) fn reach_message(&mut self, bytes: usize) {
        if self.known > 0 && self.known <= bytes {
            self.hide(bytes + 1 - self.known);
            self.known = bytes + 1;
        }
    }

    /// The end of the ambiguity: what is to be reported.
    pub(super) fn end(&mut self) -> Option<usize> {
        let unreported = std::mem::take(&mut self.lines_only);
        self.hidden.take().filter(|_| !unreported)
    }

    /// Adds to what is reported when the ambiguity is over.
    pub(super) fn hide(&mut self, bytes: usize) {
        if bytes > 0 {
            *self.hidden.get_or_insert(0) += bytes;
        }
    }
}
