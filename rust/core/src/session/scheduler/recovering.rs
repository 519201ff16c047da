//! The difference between the connection that is wanted and the one there is, and its removal.

use std::time::Instant;

use super::Scheduler;
use super::entry::{Entry, Phase};
use crate::session::MqttState;
use crate::session::internal::{Internal, Missing};
use crate::session::operation::{HealthCheck, Procedure, Recheck, Recover, WhileRecovering};
use crate::session::prepared_command::seconds;
use crate::session::recovery::{Cause, MODULE_PATIENCE, Stage};
use crate::session::request::{OperationId, Outcome};
use crate::session::subscriptions::Subscription;
use crate::{Error, ErrorCode, EventKind};

/// So many commands or probes in a row without any line of the module are silence.
const SILENT: u32 = 3;

/// After so many looks the module's own reconnecting is not awaited any longer.
const MOST_LOOKS: u32 = 3;

impl Scheduler {
    /// Compares what is wanted with what there is; to be called after every change of the state.
    pub(in crate::session) fn reconcile(&mut self, now: Instant) {
        self.remove_the_difference(now);
        let connected = self.state.is_connected();
        let recovery = &mut self.state.recovery;
        let keeps = recovery.stage == Stage::Idle && recovery.is_wanted();
        recovery.health.watch(now, keeps && connected);
    }

    fn remove_the_difference(&mut self, now: Instant) {
        let state = self.state.connection.state();
        let recovery = &self.state.recovery;
        let wanted = recovery.is_wanted();
        let by_module = matches!(state, MqttState::ModuleReconnecting | MqttState::Connecting);
        match recovery.stage {
            Stage::Idle if !wanted || state == MqttState::Connected => {}
            Stage::Idle => {
                self.lose(now);
                if by_module {
                    self.leave_to_module(now);
                } else {
                    self.schedule(now, None);
                }
            }
            Stage::Superseded(id) if self.entries.contains_key(&id) => {}
            Stage::Superseded(_) if wanted && state == MqttState::Connected => {
                self.state.recovery.rest();
            }
            _ if !wanted => self.end_recovery(now),
            Stage::Module { .. } | Stage::Waiting { .. } if state == MqttState::Connected => {
                self.came_back(now);
            }
            Stage::Module { .. } if by_module => {}
            // The module gave up, or the application before its own connect had begun.
            Stage::Module { .. } | Stage::Superseded(_) => self.schedule(now, None),
            Stage::Waiting { .. } if state == MqttState::ModuleReconnecting => {
                self.leave_to_module(now);
            }
            Stage::NoPort | Stage::Waiting { .. } => {}
            Stage::Attempt(id) => {
                let new = |entry: &Entry| matches!(entry.phase, Phase::New);
                if state == MqttState::Connected && self.entries.get(&id).is_some_and(new) {
                    // What came before the attempt has found the connection there.
                    self.drop_operation(now, id);
                    self.came_back(now);
                }
            }
        }
    }

    /// Does what is due for a recovery.
    pub(super) fn recovery_due(&mut self, now: Instant) {
        if self.in_flight.unanswered() >= SILENT {
            self.state
                .connection_lost(Cause::Silent, "the module no longer answers");
            self.reconcile(now);
        }
        match self.state.recovery.stage {
            Stage::Waiting { until } if until <= now => {
                self.state.recovery.attempts += 1;
                let id = self.add(now, Box::new(Recover::new()), None, true);
                self.state.recovery.stage = Stage::Attempt(id);
            }
            Stage::Module { ask_at, asked } if ask_at <= now && asked == MOST_LOOKS => {
                self.state.connection_lost(
                    Cause::ModuleReconnecting,
                    "the module does not get on with its reconnecting",
                );
                self.reconcile(now);
            }
            Stage::Module { ask_at, asked } if ask_at <= now => {
                self.state.recovery.stage = Stage::Module {
                    ask_at: now + MODULE_PATIENCE,
                    asked: asked + 1,
                };
                self.state.internal.push_back(Internal::SettingsAndState);
            }
            Stage::Idle => self.check_health(now),
            _ => {}
        }
    }

    fn check_health(&mut self, now: Instant) {
        let Some(loop_back) = self.state.recovery.health.take_due(now) else {
            return;
        };
        let check: Box<dyn Procedure> = if loop_back {
            Box::new(HealthCheck::new())
        } else {
            self.state.stats.health_checks += 1;
            Box::new(Recheck::state())
        };
        let id = self.add(now, check, None, true);
        self.state.recovery.health.operation = Some(id);
    }

    /// A health check is over; a module that did not answer one is asked again.
    pub(super) fn health_checked(&mut self, now: Instant) {
        self.state.recovery.health.operation = None;
        if self.in_flight.unanswered() > 0 && !self.state.recovery.is_active() {
            self.state.recovery.health.again(now);
        }
    }

    /// Signs that the module has lost its settings: it echoes, its errors have no number.
    pub(in crate::session) fn take_signs(&mut self, now: Instant) {
        if self.in_flight.take_restart_hint()
            && self.state.settled
            && self.state.recovery.takes_restart_hint(now)
        {
            self.state.settled = false;
            self.state.internal.push_back(Internal::SettingsAndState);
        }
    }

    /// The application connects by itself, with perhaps other options.
    pub(in crate::session) fn supersede(&mut self, now: Instant, by: OperationId) {
        if let Stage::Attempt(id) = self.state.recovery.stage {
            self.drop_operation(now, id);
        }
        self.state.recovery.stage = Stage::Superseded(by);
    }

    /// An attempt has ended.
    pub(super) fn attempt_ended(&mut self, now: Instant, result: &Result<Outcome, Error>) {
        let state = self.state.connection.state();
        match result {
            Ok(_) if state == MqttState::Connected => {
                let recovery = &mut self.state.recovery;
                recovery.succeed(now, &mut self.state.stats.recoveries);
            }
            _ if state == MqttState::ModuleReconnecting => self.leave_to_module(now),
            Ok(_) => self.schedule(now, None),
            Err(error) => self.schedule(now, Some(error)),
        }
    }

    /// What does not wait for a connection fails without waiting for the command in flight either.
    pub(super) fn fail_at_once(&mut self, now: Instant) {
        if !self.state.recovery.is_active() {
            return;
        }
        while let Some(id) = self.turns.first_failing() {
            self.leave_turns(id);
            self.take_turn(now, id);
        }
    }

    /// What is held back until the connection is there, and has not begun.
    pub(super) fn is_held(&self, id: OperationId) -> bool {
        self.state.recovery.is_active()
            && self.entries.get(&id).is_some_and(|entry| {
                matches!(entry.phase, Phase::New)
                    && entry.operation.while_recovering() == WhileRecovering::Waits
            })
    }

    /// The port is gone, but will be looked for.
    pub(in crate::session) fn detach(&mut self, now: Instant, error: &Error) {
        self.in_flight.reset();
        self.transmit.clear();
        self.state.internal.clear();
        self.state.missing = Missing::Nothing;
        self.boot = None;
        self.settings_due = false;
        self.state.settled = false;
        self.state.recovery.look_again = false;
        if self.state.recovery.is_wanted() {
            self.state.recovery.set_loss_cause(Cause::PortLost);
            if !self.state.recovery.is_active() {
                self.lose(now);
            }
            self.state.recovery.stage = Stage::NoPort;
            let transition = self.state.connection.on_lost("the port is gone");
            self.state.report(transition);
        } else {
            let transition = self.state.connection.on_port_gone();
            self.state.report(transition);
            self.state.recovery.rest();
        }
        let ids: Vec<OperationId> = self.entries.keys().copied().collect();
        for id in ids {
            if !self.is_held(id) {
                self.finish(now, id, Err(error.clone()));
            }
        }
    }

    /// The port is there again, and behind it perhaps another module.
    pub(in crate::session) fn attach(&mut self, now: Instant) {
        self.state.internal.push_back(Internal::Startup);
        if self.state.recovery.stage == Stage::NoPort {
            self.schedule(now, None);
        }
    }

    /// The connection is gone: what can wait for the next one does.
    fn lose(&mut self, now: Instant) {
        self.state.subscriptions.drop_unlisted();
        let live = self.state.subscriptions.live().cloned().collect();
        self.state.recovery.lose(now, live);
        if self.state.connection.state() == MqttState::ModuleReconnecting {
            self.state
                .recovery
                .set_loss_cause(Cause::ModuleReconnecting);
        }
        for id in std::mem::take(&mut self.exposed) {
            self.survive_loss(now, id);
        }
    }

    fn leave_to_module(&mut self, now: Instant) {
        let ask_at = now + MODULE_PATIENCE;
        self.state.recovery.stage = Stage::Module { ask_at, asked: 0 };
    }

    /// The module has made the connection again by itself.
    fn came_back(&mut self, now: Instant) {
        let state = &mut self.state;
        let mut missing = std::mem::take(&mut state.recovery.subscriptions);
        if state.recovery.session_present {
            missing.retain(|kept| state.subscriptions.live().all(|s| s.filter != kept.filter));
        }
        state.recovery.succeed(now, &mut state.stats.recoveries);
        if !missing.is_empty() {
            // They stay the application's, also if the connection is lost again on the way.
            for Subscription {
                filter, qos, hex, ..
            } in &missing
            {
                state.subscriptions.grant(filter, *qos, *hex);
            }
            state.missing.add(missing);
        }
    }

    /// Sets the time of the next attempt, or ends the attempts.
    fn schedule(&mut self, now: Instant, failure: Option<&Error>) {
        let state = &mut self.state;
        let why = failure.map_or_else(|| state.recovery.reason.clone(), ToString::to_string);
        let Some(delay) = state.recovery.next_delay() else {
            let attempts = state.recovery.attempts;
            state.event(EventKind::RecoveryFailed, i64::from(attempts), why);
            state.recovery.forget();
            let transition = state.connection.on_lost("the attempts are given up");
            state.report(transition);
            self.end_recovery(now);
            return;
        };
        let attempt = state.recovery.attempts + 1;
        let text = format!("attempt {attempt} in {}: {why}", seconds(delay));
        let transition = state.connection.on_lost(&why);
        state.report(transition);
        state.event(EventKind::Recovering, i64::from(attempt), text);
        state.recovery.stage = Stage::Waiting { until: now + delay };
    }

    /// The recovery is over: what has waited for it fails.
    fn end_recovery(&mut self, now: Instant) {
        if let Stage::Attempt(id) = self.state.recovery.stage {
            self.drop_operation(now, id);
        }
        let ids: Vec<OperationId> = self.entries.keys().copied().collect();
        let held: Vec<OperationId> = ids.into_iter().filter(|id| self.is_held(*id)).collect();
        self.state.recovery.rest();
        for id in held {
            let title = self
                .entries
                .get(&id)
                .map(|entry| entry.operation.title())
                .unwrap_or_default();
            let error = Error::new(
                ErrorCode::NotConnected,
                format!("{title}: the connection was lost and is not made again; connect first"),
            );
            self.finish(now, id, Err(error));
        }
    }

    /// No further attempt is wanted, and what the module does for this one is to end.
    pub(in crate::session) fn give_up_attempt(&mut self, now: Instant) {
        if let Stage::Attempt(id) = self.state.recovery.stage {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.with_context(now, id, &mut self.state, |operation, cx| {
                    operation.given_up(cx);
                });
            }
        }
    }

    fn drop_operation(&mut self, now: Instant, id: OperationId) {
        if self.remove(now, id).is_some() {
            self.in_flight.detach(id);
        }
    }
}
