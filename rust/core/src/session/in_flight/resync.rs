//! Final results while a probe is in flight, and what the end of a probe means.

use std::time::{Duration, Instant};

use m531x_at::response::FinalResult;

use super::{InFlightCommand, LineOwner};
use crate::session::late_answers::GRACE;
use crate::session::prepared_command::{Answer, Refusal};

impl InFlightCommand {
    pub(super) fn on_final_while_probing(
        &mut self,
        now: Instant,
        result: FinalResult,
        in_flight: bool,
        guard: Duration,
    ) -> LineOwner {
        // `on_final` has seen that there is one.
        let Some(probe) = self.probe.as_mut() else {
            return LineOwner::Stray;
        };
        if probe.recognised {
            self.probe_answered(now, guard);
            return LineOwner::Taken;
        }
        let refusal = Refusal::from_result(result);
        // A probe that succeeds prints its information line first, so an OK here is older; an
        // error may be the probe's own.
        let second = probe.grace_until.is_some();
        let error = refusal.is_some();
        probe.grace_until = error.then(|| now + GRACE);
        let ambiguous_probe = self
            .pending
            .as_ref()
            .is_some_and(|p| in_flight && p.ambiguous_probe);
        match self
            .pending
            .as_mut()
            .filter(|_| in_flight && !ambiguous_probe)
        {
            None => {
                probe.accepted |= !error && !ambiguous_probe;
                self.late_answers.settle();
                LineOwner::Late
            }
            Some(_) if second => {
                self.release_held();
                if error {
                    self.probe_answered(now, guard);
                    return LineOwner::Taken;
                }
                LineOwner::Late
            }
            Some(pending) if error => {
                pending.held = refusal;
                LineOwner::Taken
            }
            Some(_) => {
                self.complete(None);
                LineOwner::Taken
            }
        }
    }

    /// The module has answered the probe, so nothing older can come. A command still in flight has
    /// been answered among the swallowed bytes.
    pub(super) fn probe_answered(&mut self, now: Instant, guard: Duration) {
        self.probe = None;
        self.late_answers.settled(now);
        self.hold_until(now + guard);
        let Some(pending) = self.pending.as_mut().filter(|p| p.is_in_flight()) else {
            return;
        };
        if let Some(refusal) = pending.unasked.take() {
            self.complete(Some(refusal));
        } else if pending.may_repeat() {
            pending.send_again();
        } else if let Some(pending) = self.pending.take() {
            self.answered = Some(pending.answered(Answer::Hidden));
        }
    }

    /// The probe was not answered as it should be.
    pub(super) fn lose_probe(&mut self, now: Instant) {
        let Some(probe) = self.probe.take() else {
            return;
        };
        self.unanswered += 1;
        if probe.accepted && self.late_answers.has_tried() {
            // An OK and then silence, for the third time: the module has got over all that it
            // owed. After one it may just be slow.
            self.late_answers.settled(now);
        }
        self.late_answers.lose(now, probe);
        if let Some(pending) = self.pending.as_mut().filter(|p| p.is_in_flight()) {
            pending.ambiguous_probe = true;
            pending.held = None;
        }
    }

    /// The error that was held back is the pending command's answer.
    pub(super) fn release_held(&mut self) {
        if let Some(refusal) = self.pending.as_mut().and_then(|p| p.held.take()) {
            self.complete(Some(refusal));
        }
    }
}
