//! The command that is about to be sent or is in flight, and what became of it.

use std::time::Instant;

use crate::session::echo::Echo;
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal};
use crate::session::request::OperationId;

/// A repeatable command is sent at most this often.
const MOST_SENDINGS: u32 = 4;

#[derive(Debug)]
pub(super) struct PendingCommand {
    pub owner: OperationId,
    /// The owner no longer waits for the answer.
    pub detached: bool,
    pub prepared: PreparedCommand,
    pub echo: Echo,
    pub lines: Vec<String>,
    /// The bytes of the lines.
    pub kept: usize,
    pub sendings: u32,
    /// `None` until it is sent.
    pub deadline: Option<Instant>,
    /// When the answer has to have come; the deadline is later while bytes are held back.
    pub due: Option<Instant>,
    pub sent_at: Option<Instant>,
    /// The owner's own deadline.
    pub limit: Option<Instant>,
    /// Bytes were swallowed while it was in flight: its answer may have been among them.
    pub ambiguous: bool,
    pub settle_at: Option<Instant>,
    /// Bytes were swallowed while a probe was in flight too, so that only an information line
    /// shows whose a final result is.
    pub ambiguous_probe: bool,
    /// An error that is either its own or the probe's.
    pub held: Option<Refusal>,
    /// An error that the module may have printed by itself: its own, if nothing else comes.
    pub unasked: Option<Refusal>,
}

/// What became of a command.
#[derive(Debug)]
pub(in crate::session) struct Answered {
    pub owner: OperationId,
    /// The owner no longer waits for it.
    pub detached: bool,
    pub prepared: PreparedCommand,
    pub answer: Answer,
}

impl PendingCommand {
    pub(super) fn new(
        owner: OperationId,
        prepared: PreparedCommand,
        limit: Option<Instant>,
    ) -> Self {
        Self {
            owner,
            detached: false,
            echo: Echo::new(prepared.line.as_bytes()),
            prepared,
            lines: Vec::new(),
            kept: 0,
            sendings: 0,
            deadline: None,
            due: None,
            sent_at: None,
            limit,
            ambiguous: false,
            settle_at: None,
            ambiguous_probe: false,
            held: None,
            unasked: None,
        }
    }

    /// Whether it was sent.
    pub(super) fn is_in_flight(&self) -> bool {
        self.deadline.is_some()
    }

    /// Whether it is to be sent once more if its answer was lost.
    pub(super) fn may_repeat(&self) -> bool {
        self.prepared.repeatable && !self.detached && self.sendings < MOST_SENDINGS
    }

    pub(super) fn send_again(&mut self) {
        self.echo = Echo::new(self.prepared.line.as_bytes());
        self.lines.clear();
        self.kept = 0;
        self.deadline = None;
        self.ambiguous = false;
        self.settle_at = None;
        self.ambiguous_probe = false;
        self.held = None;
        self.unasked = None;
    }

    pub(super) fn answered(self, answer: Answer) -> Answered {
        Answered {
            owner: self.owner,
            detached: self.detached,
            prepared: self.prepared,
            answer,
        }
    }
}
