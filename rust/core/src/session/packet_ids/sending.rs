//! One command that takes a packet id, as it was sent.

use std::time::Instant;

use super::AckKind;
use super::gap::Gap;
use crate::session::request::OperationId;

/// A sent command that is acknowledged, until it is forgotten.
#[derive(Debug)]
pub(super) struct Sending {
    pub operation: OperationId,
    pub kind: AckKind,
    pub filter: Option<String>,
    /// The user has typed it, and sees its acknowledgement among the URCs.
    pub typed: bool,
    /// On which connection it was sent.
    pub connection: u64,
    /// What was sent between the sending before this one and this one.
    pub before: Gap,
    pub wait: Wait,
    /// The module has answered the command with OK.
    pub accepted: bool,
    /// Without a word of it by then, the module has probably never read the command, and then its id
    /// is the next one's.
    pub doubtful_from: Instant,
    /// The id of the acknowledgement that was given to it.
    pub packet_id: Option<u16>,
    /// No other sending could have had that id.
    pub certain: bool,
    /// The broker may have taken it for a copy of another publish, and not have it.
    pub maybe_hidden: bool,
}

/// Whether an acknowledgement is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Waiting,
    /// The operation no longer waits, or has sent its command again, but the acknowledgement may
    /// still come, until then.
    GivenUp {
        until: Instant,
        /// The module itself has reported that the acknowledgement is late.
        reported: bool,
    },
    /// It came; until then a second copy belongs to no other sending.
    Acknowledged {
        until: Instant,
    },
}

impl Sending {
    pub(super) fn is_waiting(&self) -> bool {
        self.wait == Wait::Waiting
    }

    fn is_reported(&self) -> bool {
        matches!(self.wait, Wait::GivenUp { reported: true, .. })
    }

    /// Whether the module has said that it has read the command, in one way or the other.
    pub(super) fn is_counted(&self) -> bool {
        self.accepted || self.packet_id.is_some() || self.is_reported()
    }

    /// Whether the module has probably never read the command.
    pub(super) fn is_doubtful(&self, now: Instant) -> bool {
        !self.is_counted() && self.doubtful_from <= now
    }

    /// Whether an acknowledgement could be its own at all.
    pub(super) fn is_remembered(&self, now: Instant) -> bool {
        match self.wait {
            Wait::Waiting => true,
            Wait::GivenUp { until, .. } | Wait::Acknowledged { until } => until > now,
        }
    }

    /// Whether it has not been acknowledged yet, and still can be.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.is_remembered(now) && !matches!(self.wait, Wait::Acknowledged { .. })
    }

    /// Whether the broker may wait for its PUBREL.
    pub(super) fn is_unreleased(&self) -> bool {
        self.kind == AckKind::Publish2 && !matches!(self.wait, Wait::Acknowledged { .. })
    }

    /// Whether it may be acknowledged for this filter.
    pub(super) fn is_for(&self, filter: Option<&str>) -> bool {
        match (filter, &self.filter) {
            (Some(named), Some(own)) => named == own,
            _ => true,
        }
    }

    /// Whether the acknowledgement that was given to it could be another's.
    pub(super) fn is_loose(&self) -> bool {
        self.packet_id.is_some() && !self.certain
    }

    /// Whether it could have this id, as far as that depends on what was given to it.
    pub(super) fn may_have(&self, id: u16) -> bool {
        !self.certain || self.packet_id == Some(id)
    }

    pub(super) fn certain_id(&self) -> Option<u16> {
        self.packet_id.filter(|_| self.certain)
    }

    /// What it leaves behind when it is forgotten.
    pub(super) fn as_gap(&self) -> Gap {
        let mut gap = self.before;
        if self.is_counted() {
            gap.others += 1;
        } else {
            gap.unsure_others += 1;
        }
        gap
    }
}
