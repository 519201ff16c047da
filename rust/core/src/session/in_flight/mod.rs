//! One command in flight, its echo, its lines, its final result, its deadline.

mod command;
mod lines;
mod resync;

use std::time::{Duration, Instant};

use m531x_at::profile::Profile;

pub(in crate::session) use command::Answered;
use command::PendingCommand;
pub(in crate::session) use lines::LineOwner;

use crate::session::late_answers::{LateAnswers, Probe};
use crate::session::prepared_command::{Answer, PreparedCommand};
use crate::session::request::OperationId;
use crate::session::stats::SessionStats;

/// How long a command whose answer may have been swallowed by a message is left alone before the
/// module is asked again.
const SETTLE: Duration = Duration::from_millis(500);
/// Where the next command waits, where the one in flight is watched.
#[derive(Debug, Default)]
pub(in crate::session) struct InFlightCommand {
    pending: Option<PendingCommand>,
    probe: Option<Probe>,
    late_answers: LateAnswers,
    ready_at: Option<Instant>,
    answered: Option<Answered>,
    /// Commands and probes in a row that the module has left without a line.
    unanswered: u32,
    /// An echo or an error without a number came.
    restart_hint: bool,
    /// The command that was sent last, until it is asked for.
    sent: Option<OperationId>,
}

impl InFlightCommand {
    /// Whether a command waits or is in flight.
    pub(in crate::session) fn is_occupied(&self) -> bool {
        self.pending.is_some() || self.answered.is_some()
    }

    /// Whether a command or a probe has been sent whose answer is due.
    pub(in crate::session) fn is_in_flight(&self) -> bool {
        self.probe.is_some()
            || self
                .pending
                .as_ref()
                .is_some_and(PendingCommand::is_in_flight)
    }

    /// Takes the next command, if there is none; [`poll_send`](Self::poll_send) sends it.
    pub(in crate::session) fn assign(
        &mut self,
        owner: OperationId,
        prepared: PreparedCommand,
        limit: Option<Instant>,
    ) {
        debug_assert!(!self.is_occupied(), "one command at a time");
        self.pending = Some(PendingCommand::new(owner, prepared, limit));
    }

    /// No operation waits for this command from now on: unsent, it is dropped; in flight, it
    /// stays until its final result or its deadline.
    pub(in crate::session) fn detach(&mut self, owner: OperationId) {
        if let Some(pending) = self.pending.as_mut().filter(|p| p.owner == owner) {
            pending.detached = true;
            if !pending.is_in_flight() {
                self.pending = None;
            }
        }
    }

    /// As [`detach`](Self::detach), but the answer counts as owed from now on.
    pub(in crate::session) fn give_up(&mut self, owner: OperationId, stats: &mut SessionStats) {
        self.detach(owner);
        if let Some(pending) = self.pending.take_if(|p| p.detached) {
            stats.timeouts += 1;
            self.late_answers.expect(&pending.prepared, pending.echo);
        }
    }

    /// Forgets everything in flight, as a rebooted module does.
    pub(in crate::session) fn reset(&mut self) {
        self.pending = None;
        self.probe = None;
        self.answered = None;
        self.late_answers.reset();
        self.unanswered = 0;
    }

    /// How many commands and probes in a row the module has left without a line.
    pub(in crate::session) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Whether the module has echoed, or refused without a number, since the last call.
    pub(in crate::session) fn take_restart_hint(&mut self) -> bool {
        std::mem::take(&mut self.restart_hint)
    }

    /// Whose command has been sent since the last call.
    pub(in crate::session) fn take_sent(&mut self) -> Option<OperationId> {
        self.sent.take()
    }

    /// Sends nothing before this time.
    pub(in crate::session) fn hold_until(&mut self, time: Instant) {
        self.ready_at = Some(self.ready_at.map_or(time, |ready| ready.max(time)));
    }

    /// The next bytes to send, if the time has come for some.
    pub(in crate::session) fn poll_send(
        &mut self,
        now: Instant,
        profile: &Profile,
        stats: &mut SessionStats,
    ) -> Option<Vec<u8>> {
        if self.probe.is_some() || self.ready_at.is_some_and(|ready| now < ready) {
            return None;
        }
        self.ready_at = None;
        let pending = self.pending.as_mut()?;
        let unsent = pending.deadline.is_none();
        if unsent && (pending.prepared.forced || self.late_answers.is_synchronised()) {
            pending.deadline = Some(within(now + pending.prepared.timeout, pending.limit));
            pending.due = pending.deadline;
            pending.sent_at = Some(now);
            pending.sendings += 1;
            self.sent = Some(pending.owner);
            stats.commands += 1;
            return Some(pending.prepared.bytes());
        }
        let settle_due = pending.settle_at.is_some_and(|at| at <= now);
        if unsent || settle_due {
            let probe = self
                .late_answers
                .probe(now, Some(&pending.prepared.name), profile)?;
            let bytes = probe.prepared.bytes();
            self.probe = Some(probe);
            stats.commands += 1;
            stats.probes += 1;
            return Some(bytes);
        }
        None
    }

    /// Bytes were swallowed among which the pending answer may have been. If it was, as a final
    /// result among them says, it will not come.
    pub(in crate::session) fn mark_ambiguous(&mut self, now: Instant, result: bool) {
        let settle_at = if result { now } else { now + SETTLE };
        if let Some(pending) = self.pending.as_mut().filter(|p| p.is_in_flight()) {
            pending.ambiguous = true;
            pending.settle_at = Some(within(settle_at, pending.settle_at));
            pending.ambiguous_probe |= self.probe.is_some();
        }
    }

    /// Bytes that began to come at `since` are held back until a message is complete, or given up at
    /// `until`: what may be among them is not late.
    pub(in crate::session) fn wait_for_held(
        &mut self,
        now: Instant,
        since: Instant,
        until: Instant,
    ) {
        if let Some(pending) = &mut self.pending {
            let came = pending.due.is_some_and(|due| since <= due);
            if came && pending.deadline.is_some_and(|deadline| deadline <= now) {
                pending.deadline = Some(within(until, pending.limit));
            }
        }
        if let Some(probe) = &mut self.probe {
            if since <= probe.due && probe.deadline <= now {
                probe.deadline = until;
            }
        }
    }

    /// Does what is due.
    pub(in crate::session) fn handle_timeout(
        &mut self,
        now: Instant,
        guard: Duration,
        stats: &mut SessionStats,
    ) {
        if let Some(probe) = &self.probe {
            if probe.grace_until.is_some_and(|until| until <= now) {
                // Only the error came: it was the probe's own answer. A module that takes longer may
                // give that answer yet, and then it belongs to no other command.
                if let Some(probe) = self.probe.take() {
                    self.late_answers.lose(now, probe);
                }
                self.probe_answered(now, guard);
            } else if probe.deadline <= now {
                self.lose_probe(now);
            }
        }
        let overdue = |p: &PendingCommand| p.deadline.is_some_and(|deadline| deadline <= now);
        if self.pending.as_ref().is_some_and(overdue) {
            if let Some(pending) = self.pending.take() {
                stats.timeouts += 1;
                // Knocking expects silence.
                self.unanswered += u32::from(!pending.prepared.forced);
                self.late_answers
                    .expect(&pending.prepared, pending.echo.clone());
                let waited = pending
                    .sent_at
                    .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
                self.answered = Some(pending.answered(Answer::TimedOut(waited)));
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) or [`poll_send`](Self::poll_send) has
    /// something to do.
    pub(in crate::session) fn poll_timeout(&self) -> Option<Instant> {
        let pending = self.pending.as_ref();
        let deadline = pending.and_then(|p| p.deadline);
        if let Some(probe) = &self.probe {
            let probe_due = probe.grace_until.unwrap_or(probe.deadline);
            return Some(within(probe_due, deadline));
        }
        let pending = pending?;
        let send_at = match (pending.deadline, pending.settle_at) {
            (None, _) => self.ready_at,
            (Some(_), Some(settle)) => Some(self.ready_at.map_or(settle, |r| r.max(settle))),
            (Some(_), None) => None,
        };
        [deadline, send_at].into_iter().flatten().min()
    }

    /// What became of the last command, and whose it was.
    pub(in crate::session) fn take_answer(&mut self) -> Option<Answered> {
        self.answered.take()
    }
}

fn within(time: Instant, limit: Option<Instant>) -> Instant {
    limit.map_or(time, |limit| time.min(limit))
}
