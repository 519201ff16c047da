//! Operations that outlive the connection on which they were begun.

use std::time::Instant;

use super::Scheduler;
use super::entry::Phase;
use super::turns::Class;
use crate::session::operation::WhileRecovering;
use crate::session::request::OperationId;
use crate::{Error, ErrorCode};

impl Scheduler {
    /// An operation that can wait for the next connection does so, unless it has seen too many end.
    pub(super) fn survive_loss(&mut self, now: Instant, id: OperationId) {
        let budget = self.state.recovery.policy().loss_budget;
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let sent = matches!(entry.phase, Phase::InFlight | Phase::Waiting);
        entry.losses += u32::from(sent);
        let losses = entry.losses;
        self.begin_again(now, id);
        if !sent || losses < budget {
            return;
        }
        let title = self.entries.get(&id).map(|entry| entry.operation.title());
        let error = lost_too_often(&title.unwrap_or_default(), losses);
        self.finish(now, id, Err(error));
    }

    /// Puts a started operation that can wait for a connection back into the queue.
    pub(super) fn begin_again(&mut self, now: Instant, id: OperationId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if matches!(entry.phase, Phase::New)
            || entry.operation.while_recovering() != WhileRecovering::Waits
        {
            return;
        }
        entry.with_context(now, id, &mut self.state, |operation, cx| {
            operation.restart(cx);
        });
        self.requeue(now, id);
    }

    /// Back into the queue, before everything that was asked for later.
    pub(super) fn requeue(&mut self, now: Instant, id: OperationId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.phase = Phase::New;
        entry.timer = None;
        entry.deadline = entry.own_deadline;
        self.exposed.remove(&id);
        self.in_flight.detach(id);
        self.state.packet_ids.expire(now, id, false);
        self.leave_turns(id);
        self.started.remove(&id);
        if let Some(entry) = self.entries.get_mut(&id) {
            let class = Class::of(entry.operation.as_ref());
            entry.place = Some(self.turns.wait(id, class));
        }
        self.arm(id);
    }

    /// The time limit of an operation's kind has run out; whether it begins again instead.
    pub(super) fn outlives(&mut self, now: Instant, id: OperationId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        if entry.own_deadline.is_some_and(|deadline| deadline <= now) {
            return false;
        }
        if !entry.with_context(now, id, &mut self.state, |operation, cx| {
            operation.again(cx)
        }) {
            return false;
        }
        self.in_flight.give_up(id, &mut self.state.stats);
        self.requeue(now, id);
        true
    }
}

/// The error of an operation that was in flight on so many connections when they were lost.
pub(in crate::session) fn lost_too_often(title: &str, losses: u32) -> Error {
    Error::new(
        ErrorCode::RepeatedLoss,
        format!(
            "{title}: the connection was lost {losses} times while it was on its way; a broker that \
             does not allow it may close the connection"
        ),
    )
}
