//! The bytes that are not yet given away.

use std::fmt;
use std::ops::Range;

/// A queue of bytes in one piece.
#[derive(Clone, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    head: usize,
}

impl Buffer {
    /// Appends; what was consumed before is gone from here on.
    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.head > 0 {
            self.compact();
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Moves the rest to the front once it is the smaller part, so that no byte moves more often
    /// than once on average.
    #[inline]
    fn compact(&mut self) {
        let rest = self.bytes.len() - self.head;
        if rest <= self.head {
            self.bytes.copy_within(self.head.., 0);
            self.bytes.truncate(rest);
            self.head = 0;
        }
    }

    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Lets go of bytes; they stay readable by [`slice`](Self::slice) until the next `append`.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.head += count;
        debug_assert!(self.head <= self.bytes.len());
    }

    /// Turns offsets from the first unread byte into offsets that `consume` does not move.
    #[inline]
    pub(super) fn position(&self, range: Range<usize>) -> Range<usize> {
        self.head + range.start..self.head + range.end
    }

    #[inline]
    pub(super) fn slice(&self, position: Range<usize>) -> &[u8] {
        &self.bytes[position]
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.head = 0;
    }
}

impl fmt::Debug for Buffer {
    /// Shows no content: an echo may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
