//! How operations end: done, out of time, abandoned, with the module or with the port.

use std::time::Instant;

use super::Scheduler;
use super::entry::{Entry, Phase};
use crate::session::operation::{BrokerEvent, Input, Scope};
use crate::session::recovery::Stage;
use crate::session::request::{OperationId, Outcome};
use crate::{Error, ErrorCode};

impl Scheduler {
    /// Ends an operation without reporting its end.
    pub(in crate::session) fn abandon(&mut self, now: Instant, id: OperationId) {
        self.completions.retain(|(done, _)| *done != id);
        if let Some(mut entry) = self.remove(now, id) {
            self.in_flight.detach(id);
            entry.with_context(now, id, &mut self.state, |operation, cx| {
                operation.given_up(cx);
            });
            if entry.operation.survives_reboot() {
                // No operation waits for what is left of the restart.
                self.boot = None;
            }
        }
    }

    /// Everything under way fails: the module restarted. Operations that expect it go on.
    pub(in crate::session) fn fail_for_reboot(&mut self, now: Instant, error: &Error) {
        self.reconcile(now);
        self.in_flight.reset();
        let awaited = self.awaits_boot();
        let ids: Vec<OperationId> = self.entries.keys().copied().collect();
        for id in ids {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            let new = matches!(entry.phase, Phase::New);
            if entry.operation.survives_reboot() {
                if !new {
                    entry.phase = Phase::Waiting;
                    entry.timer = None;
                    self.leave_turns(id);
                    self.step(now, id, Input::BrokerEvent(&BrokerEvent::Rebooted));
                }
            } else if !(awaited && new || self.is_held(id)) {
                self.finish(now, id, Err(error.clone()));
            }
        }
    }

    /// Whether a started operation takes care of a restart of the module.
    pub(in crate::session) fn awaits_boot(&self) -> bool {
        self.alone
            .and_then(|id| self.entries.get(&id))
            .is_some_and(|entry| entry.operation.survives_reboot())
    }

    /// Everything ends: the port is gone.
    pub(in crate::session) fn fail_all(&mut self, now: Instant, error: &Error) {
        self.in_flight.reset();
        self.transmit.clear();
        let ids: Vec<OperationId> = self.entries.keys().copied().collect();
        for id in ids {
            self.finish(now, id, Err(error.clone()));
        }
    }

    /// The operation's own time has run out.
    pub(super) fn expire(&mut self, now: Instant, id: OperationId) {
        if self.outlives(now, id) {
            return;
        }
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let error = entry.with_context(now, id, &mut self.state, |operation, cx| {
            operation.expired(cx)
        });
        self.in_flight.give_up(id, &mut self.state.stats);
        self.finish(now, id, Err(error));
    }

    pub(super) fn finish(&mut self, now: Instant, id: OperationId, result: Result<Outcome, Error>) {
        let Some(entry) = self.remove(now, id) else {
            return;
        };
        self.in_flight.detach(id);
        if entry.operation.survives_reboot() {
            self.boot = None;
            if let (true, Err(error)) = (entry.internal, &result) {
                // The operations behind the settings would wait forever.
                self.settings_due = true;
                for id in self.turns.ids() {
                    if !self.is_held(id) {
                        self.finish(now, id, Err(error.clone()));
                    }
                }
            }
        }
        if self.state.recovery.stage == Stage::Attempt(id) {
            self.attempt_ended(now, &result);
        }
        if !entry.internal {
            self.completions.push_back((id, result));
        }
    }

    pub(super) fn remove(&mut self, now: Instant, id: OperationId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if let Some(due) = entry.due {
            self.timers.remove(&(due, id));
        }
        self.exposed.remove(&id);
        self.state.passwords.forget(id);
        if let Some(place) = entry.place {
            self.turns.remove(id, place);
        }
        self.started.remove(&id);
        self.of_application -= usize::from(!entry.internal);
        self.of_connection -= usize::from(entry.operation.scope() == Scope::Connection);
        if self.alone == Some(id) {
            self.alone = None;
        }
        if self.connection == Some(id) {
            self.connection = None;
        }
        if self.resubscription == Some(id) {
            self.resubscription = None;
        }
        if self.state.recovery.health.operation == Some(id) {
            self.health_checked(now);
        }
        self.state.packet_ids.expire(now, id, false);
        Some(entry)
    }

    /// The error of an operation that can no longer begin.
    pub(in crate::session) fn port_lost(why: &str) -> Error {
        Error::new(
            ErrorCode::Port,
            format!("the port is gone: {why}; open it again"),
        )
    }
}
