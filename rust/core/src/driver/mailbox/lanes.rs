//! The lanes of the mailbox, and which of them a taker wants.

/// The entries of one kind for one kind of consumer; those of callbacks are `CALLED` lanes on.
#[derive(Clone, Copy)]
pub(super) enum Lane {
    Messages,
    LineEvents,
    ConnectionEvents,
    /// The ends of operations, each of which was asked for: they are not bounded here.
    Ends,
}

pub(super) const LANES: usize = 9;

impl Lane {
    pub(super) const CALLED: usize = 4;
    /// Messages for further readers of a filter.
    pub(super) const COPIES: usize = 8;

    pub(super) const fn bit(self) -> u16 {
        1 << self as usize
    }
}

/// Which entries to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::driver) struct Select(pub(super) u16);

impl Select {
    /// Messages that no callback takes.
    pub(in crate::driver) const MESSAGES: Self = Self(Lane::Messages.bit());
    /// Events that no callback takes.
    pub(in crate::driver) const EVENTS: Self =
        Self(Lane::LineEvents.bit() | Lane::ConnectionEvents.bit() | Lane::Ends.bit());
    /// What no callback takes.
    pub(in crate::driver) const READ: Self = Self(Self::MESSAGES.0 | Self::EVENTS.0);
    /// What callbacks take.
    pub(in crate::driver) const CALLED: Self = Self(Self::READ.0 << Lane::CALLED);
    pub(in crate::driver) const CALLED_MESSAGES: Self = Self(Self::MESSAGES.0 << Lane::CALLED);
    pub(in crate::driver) const CALLED_EVENTS: Self = Self(Self::EVENTS.0 << Lane::CALLED);
    /// Copies for further readers of a filter.
    pub(in crate::driver) const COPIES: Self = Self(1 << Lane::COPIES);
    pub(in crate::driver) const NONE: Self = Self(0);
    pub(in crate::driver) const ANY: Self = Self(Self::READ.0 | Self::CALLED.0 | Self::COPIES.0);

    pub(in crate::driver) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, lane: usize) -> bool {
        self.0 & (1 << lane) != 0
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
