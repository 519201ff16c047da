//! Whose a line of the module is, and what it does to the command in flight.

use std::time::{Duration, Instant};

use m531x_at::response::FinalResult;

use super::command::PendingCommand;
use super::{InFlightCommand, SETTLE};
use crate::session::prepared_command::{Answer, Refusal};

/// More lines of one answer are not kept, nor more bytes: the longest that are known, lists of all
/// commands, have a few hundred.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum LineOwner {
    /// Echo, information line or final result of the command in flight or of a probe.
    Taken,
    /// Part of the answer to a command that had timed out.
    Late,
    /// A final result that no command waits for.
    Stray,
    /// Of no command.
    Other,
}

impl InFlightCommand {
    /// Judges one line. Lines that an ambiguous message may have made up are never given to this.
    pub(in crate::session) fn on_line(
        &mut self,
        now: Instant,
        line: &[u8],
        guard: Duration,
    ) -> LineOwner {
        self.unanswered = 0;
        if self.takes_echo(line) {
            self.restart_hint = true;
            return LineOwner::Taken;
        }
        if let Some(result) = self.result(line) {
            self.restart_hint |= matches!(result, FinalResult::Error);
            return self.on_final(now, result, guard);
        }
        self.on_information(line)
    }

    /// The final result in this line; beyond those of the dialect only that of the command in flight.
    fn result(&mut self, line: &[u8]) -> Option<FinalResult> {
        let in_flight = self.pending.as_mut().filter(|p| p.is_in_flight());
        match in_flight.filter(|_| self.probe.is_none()) {
            None => FinalResult::parse(line),
            Some(pending) => {
                let result = pending.prepared.grammar.result(line)?;
                if let FinalResult::Connect(text) = &result {
                    pending.lines.push(text.clone());
                }
                Some(result)
            }
        }
    }

    fn takes_echo(&mut self, line: &[u8]) -> bool {
        let pending = self.pending.as_mut().filter(|p| p.is_in_flight());
        pending.is_some_and(|p| p.echo.takes(line))
            || self.probe.as_mut().is_some_and(|p| p.echo.takes(line))
            || self.late_answers.takes_echo(line)
    }

    fn on_information(&mut self, line: &[u8]) -> LineOwner {
        if let Some(probe) = self.probe.as_mut() {
            if !probe.recognised && probe.prepared.grammar.accepts(line) {
                probe.recognised = true;
                if probe.grace_until.take().is_some() {
                    // The error before this line was not the probe's.
                    self.release_held();
                }
                return LineOwner::Taken;
            }
        }
        let recognised = self.probe.as_ref().is_some_and(|p| p.recognised);
        if let Some(pending) = self.pending.as_mut() {
            if pending.deadline.is_some() && !recognised && pending.prepared.grammar.accepts(line) {
                pending.kept += line.len();
                pending
                    .lines
                    .push(String::from_utf8_lossy(line).into_owned());
                if pending.lines.len() > MOST_LINES || pending.kept > MOST_BYTES {
                    self.end_endless();
                }
                return LineOwner::Taken;
            }
        }
        if self.late_answers.takes_information(line) {
            return if self.late_answers.reports() {
                LineOwner::Late
            } else {
                LineOwner::Taken
            };
        }
        LineOwner::Other
    }

    /// An answer without an end fails its command; what is still to come of it is owed.
    fn end_endless(&mut self) {
        if let Some(mut pending) = self.pending.take() {
            self.late_answers
                .expect(&pending.prepared, pending.echo.clone());
            pending.prepared.endless = Some(pending.lines.len());
            self.answered = Some(pending.answered(Answer::Hidden));
        }
    }

    fn on_final(&mut self, now: Instant, result: FinalResult, guard: Duration) -> LineOwner {
        if self.late_answers.takes_final() {
            return LineOwner::Late;
        }
        if self.set_aside(now, &result) {
            return LineOwner::Stray;
        }
        let in_flight = self
            .pending
            .as_ref()
            .is_some_and(PendingCommand::is_in_flight);
        match (self.probe.is_some(), in_flight) {
            (true, _) => self.on_final_while_probing(now, result, in_flight, guard),
            (false, true) => {
                self.hold_until(now + guard);
                self.complete(Refusal::from_result(result));
                LineOwner::Taken
            }
            (false, false) if self.late_answers.settle() => LineOwner::Late,
            (false, false) => LineOwner::Stray,
        }
    }

    /// Whether the module may have printed this by itself. If no other answer follows, the module is
    /// asked something, and only then it was the answer of the command in flight.
    fn set_aside(&mut self, now: Instant, result: &FinalResult) -> bool {
        let refusal = Refusal::from_result(result.clone()).filter(Refusal::may_be_unasked);
        let Some(refusal) = refusal else {
            return false;
        };
        if self.probe.is_none() {
            if let Some(pending) = self.pending.as_mut().filter(|p| p.is_in_flight()) {
                pending.unasked = Some(refusal);
                pending.settle_at.get_or_insert(now + SETTLE);
            }
        }
        true
    }

    pub(super) fn complete(&mut self, refusal: Option<Refusal>) {
        let Some(mut pending) = self.pending.take() else {
            return;
        };
        if pending.ambiguous && refusal.is_none() && pending.may_repeat() {
            // The OK came through, but an information line may have been swallowed.
            pending.send_again();
            self.pending = Some(pending);
            return;
        }
        let answer = match refusal {
            None => Answer::Ok(std::mem::take(&mut pending.lines)),
            Some(refusal) => Answer::Refused(refusal),
        };
        self.answered = Some(pending.answered(answer));
    }
}
