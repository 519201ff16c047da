//! One operation, from its beginning to its end.

use std::time::Instant;

use super::turns::Place;
use crate::session::operation::{Procedure, WhileRecovering};
use crate::session::prepared_command::PreparedCommand;
use crate::session::request::OperationId;
use crate::session::state::{Context, SessionState};

pub(super) struct Entry {
    pub(super) operation: Box<dyn Procedure>,
    pub(super) begun: Instant,
    pub(super) phase: Phase,
    /// When the operation asked to be woken.
    pub(super) timer: Option<Instant>,
    pub(super) deadline: Option<Instant>,
    /// The deadline that the caller has set.
    pub(super) own_deadline: Option<Instant>,
    /// What of it stands in `timers`.
    pub(super) due: Option<Instant>,
    /// Where it stands in `turns`, if it does.
    pub(super) place: Option<Place>,
    /// Whether the session runs it for itself, so that its end is not reported.
    pub(super) internal: bool,
    /// How many connections were lost while it was in flight.
    pub(super) losses: u32,
}

impl Entry {
    /// Whether one loss more ends it, after others that it may be the cause of.
    pub(super) fn is_on_trial(&self, budget: u32) -> bool {
        self.losses > 0 && self.losses + 1 >= budget
    }

    /// Has the operation do something with what the operations share.
    pub(super) fn with_context<R>(
        &mut self,
        now: Instant,
        id: OperationId,
        state: &mut SessionState,
        act: impl FnOnce(&mut dyn Procedure, &mut Context<'_>) -> R,
    ) -> R {
        let mut context = Context {
            now,
            id,
            begun: self.begun,
            state,
        };
        act(self.operation.as_mut(), &mut context)
    }

    /// Whether it begins again when the connection is lost.
    pub(super) fn is_exposed(&self) -> bool {
        !self.internal && self.operation.while_recovering() == WhileRecovering::Waits
    }
}

pub(super) enum Phase {
    /// Its turn has not come yet.
    New,
    /// It wants this sent.
    Ready(Box<PreparedCommand>),
    /// Its command is in flight.
    InFlight,
    Waiting,
}
