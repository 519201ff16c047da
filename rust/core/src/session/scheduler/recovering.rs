//! The difference between the connection that is wanted and the one there is, and its removal.

use std::time::Instant;

use super::turns::Class;
use super::{Phase, Scheduler};
use crate::session::MqttState;
use crate::session::operation::{
    HealthCheck, Missing, Operation, Recheck, Recover, Startup, WhileRecovering,
};
use crate::session::recovery::{Cause, MODULE_PATIENCE, Stage};
use crate::session::request::{OperationId, Outcome};
use crate::session::subscriptions::Subscription;
use crate::session::wire::seconds;
use crate::{Error, ErrorCode, EventKind};

/// So many commands or probes in a row without any line of the module are silence.
const SILENT: u32 = 3;

/// After so many looks the module's own reconnecting is not awaited any longer.
const MOST_LOOKS: u32 = 3;

impl Scheduler {
    /// Compares what is wanted with what there is; to be called after every change of the state.
    pub(in crate::session) fn reconcile(&mut self, now: Instant) {
        self.remove_the_difference(now);
        let connected = self.shared.is_connected();
        let recovery = &mut self.shared.recovery;
        let keeps = recovery.stage == Stage::Idle && recovery.is_wanted();
        recovery.health.watch(now, keeps && connected);
    }

    fn remove_the_difference(&mut self, now: Instant) {
        let state = self.shared.machine.state();
        let recovery = &self.shared.recovery;
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
                self.shared.recovery.rest();
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
                let new = |entry: &super::Entry| matches!(entry.phase, Phase::New);
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
        if self.slot.unanswered() >= SILENT {
            self.shared
                .suspect(Cause::Silent, "the module answers nothing any more");
            self.reconcile(now);
        }
        match self.shared.recovery.stage {
            Stage::Waiting { until } if until <= now => {
                self.shared.recovery.attempts += 1;
                let id = self.add(now, Box::new(Recover::new()), None, true);
                self.shared.recovery.stage = Stage::Attempt(id);
            }
            Stage::Module { ask_at, asked } if ask_at <= now && asked == MOST_LOOKS => {
                self.shared.suspect(
                    Cause::ModuleReconnecting,
                    "the module does not get on with its reconnecting",
                );
                self.reconcile(now);
            }
            Stage::Module { ask_at, asked } if ask_at <= now => {
                self.shared.recovery.stage = Stage::Module {
                    ask_at: now + MODULE_PATIENCE,
                    asked: asked + 1,
                };
                let look = Box::new(Recheck::settings_and_state());
                self.shared.internal.push_back(look);
            }
            Stage::Idle => self.check_health(now),
            _ => {}
        }
    }

    fn check_health(&mut self, now: Instant) {
        let Some(loop_back) = self.shared.recovery.health.take_due(now) else {
            return;
        };
        let check: Box<dyn Operation> = if loop_back {
            Box::new(HealthCheck::new())
        } else {
            self.shared.stats.health_checks += 1;
            Box::new(Recheck::state())
        };
        let id = self.add(now, check, None, true);
        self.shared.recovery.health.operation = Some(id);
    }

    /// A health check is over; a module that did not answer one is asked again.
    pub(super) fn health_checked(&mut self, now: Instant) {
        self.shared.recovery.health.operation = None;
        if self.slot.unanswered() > 0 && !self.shared.recovery.is_active() {
            self.shared.recovery.health.again(now);
        }
    }

    /// Signs that the module has lost its settings: it echoes, its errors have no number.
    pub(in crate::session) fn take_signs(&mut self, now: Instant) {
        if self.slot.take_sign() && self.shared.settled && self.shared.recovery.takes_sign(now) {
            self.shared.settled = false;
            let look = Box::new(Recheck::settings_and_state());
            self.shared.internal.push_back(look);
        }
    }

    /// The application connects by itself, with perhaps other options.
    pub(in crate::session) fn supersede(&mut self, now: Instant, by: OperationId) {
        if let Stage::Attempt(id) = self.shared.recovery.stage {
            self.drop_operation(now, id);
        }
        self.shared.recovery.stage = Stage::Superseded(by);
    }

    /// An attempt has ended.
    pub(super) fn attempt_ended(&mut self, now: Instant, result: &Result<Outcome, Error>) {
        let state = self.shared.machine.state();
        match result {
            Ok(_) if state == MqttState::Connected => {
                let recovery = &mut self.shared.recovery;
                recovery.succeed(now, &mut self.shared.stats.recoveries);
            }
            _ if state == MqttState::ModuleReconnecting => self.leave_to_module(now),
            Ok(_) => self.schedule(now, None),
            Err(error) => self.schedule(now, Some(error)),
        }
    }

    /// What does not wait for a connection fails without waiting for the slot either.
    pub(super) fn fail_at_once(&mut self, now: Instant) {
        if !self.shared.recovery.is_active() {
            return;
        }
        while let Some(id) = self.turns.first_failing() {
            self.leave_turns(id);
            self.take_turn(now, id);
        }
    }

    /// What is held back until the connection is there, and has not begun.
    pub(super) fn is_held(&self, id: OperationId) -> bool {
        self.shared.recovery.is_active()
            && self.entries.get(&id).is_some_and(|entry| {
                matches!(entry.phase, Phase::New)
                    && entry.operation.while_recovering() == WhileRecovering::Waits
            })
    }

    /// The port is gone, but will be looked for.
    pub(in crate::session) fn detach(&mut self, now: Instant, error: &Error) {
        self.slot.reset();
        self.transmit.clear();
        self.shared.internal.clear();
        self.shared.missing = Missing::Nothing;
        self.boot = None;
        self.settings_due = false;
        self.shared.settled = false;
        self.shared.recovery.look_again = false;
        if self.shared.recovery.is_wanted() {
            self.shared.recovery.blame(Cause::PortLost);
            if !self.shared.recovery.is_active() {
                self.lose(now);
            }
            self.shared.recovery.stage = Stage::NoPort;
            let transition = self.shared.machine.on_lost("the port is gone");
            self.shared.report(transition);
        } else {
            let transition = self.shared.machine.on_port_gone();
            self.shared.report(transition);
            self.shared.recovery.rest();
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
        let startup = Box::new(Startup::new(&self.shared));
        self.shared.internal.push_back(startup);
        if self.shared.recovery.stage == Stage::NoPort {
            self.schedule(now, None);
        }
    }

    /// The connection is gone: what can wait for the next one does.
    fn lose(&mut self, now: Instant) {
        self.shared.subscriptions.drop_unlisted();
        let live = self.shared.subscriptions.live().cloned().collect();
        self.shared.recovery.lose(now, live);
        if self.shared.machine.state() == MqttState::ModuleReconnecting {
            self.shared.recovery.blame(Cause::ModuleReconnecting);
        }
        for id in std::mem::take(&mut self.exposed) {
            self.survive_loss(now, id);
        }
    }

    /// An operation that can wait for the next connection does so, unless it has seen too many end.
    fn survive_loss(&mut self, now: Instant, id: OperationId) {
        let budget = self.shared.recovery.policy().loss_budget;
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
        entry.with_context(now, id, &mut self.shared, |operation, cx| {
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
        self.slot.detach(id);
        self.shared.acks.expire(now, id, false);
        self.leave_turns(id);
        self.started.remove(&id);
        if let Some(entry) = self.entries.get_mut(&id) {
            let class = Class::of(entry.operation.as_ref());
            entry.place = Some(self.turns.wait(id, class));
        }
        self.arm(id);
    }

    fn leave_to_module(&mut self, now: Instant) {
        let ask_at = now + MODULE_PATIENCE;
        self.shared.recovery.stage = Stage::Module { ask_at, asked: 0 };
    }

    /// The module has made the connection again by itself.
    fn came_back(&mut self, now: Instant) {
        let shared = &mut self.shared;
        let mut missing = std::mem::take(&mut shared.recovery.subscriptions);
        if shared.recovery.session_present {
            missing.retain(|kept| shared.subscriptions.live().all(|s| s.filter != kept.filter));
        }
        shared.recovery.succeed(now, &mut shared.stats.recoveries);
        if !missing.is_empty() {
            // They stay the application's, also if the connection is lost again on the way.
            for Subscription {
                filter, qos, hex, ..
            } in &missing
            {
                shared.subscriptions.grant(filter, *qos, *hex);
            }
            shared.missing.add(missing);
        }
    }

    /// Sets the time of the next attempt, or ends the attempts.
    fn schedule(&mut self, now: Instant, failure: Option<&Error>) {
        let shared = &mut self.shared;
        let why = failure.map_or_else(|| shared.recovery.reason.clone(), ToString::to_string);
        let Some(delay) = shared.recovery.next_delay() else {
            let attempts = shared.recovery.attempts;
            shared.event(EventKind::RecoveryFailed, i64::from(attempts), why);
            shared.recovery.forget();
            let transition = shared.machine.on_lost("the attempts are given up");
            shared.report(transition);
            self.end_recovery(now);
            return;
        };
        let attempt = shared.recovery.attempts + 1;
        let text = format!("attempt {attempt} in {}: {why}", seconds(delay));
        let transition = shared.machine.on_lost(&why);
        shared.report(transition);
        shared.event(EventKind::Recovering, i64::from(attempt), text);
        shared.recovery.stage = Stage::Waiting { until: now + delay };
    }

    /// Nothing is made again any more: what has waited for it fails.
    fn end_recovery(&mut self, now: Instant) {
        if let Stage::Attempt(id) = self.shared.recovery.stage {
            self.drop_operation(now, id);
        }
        let ids: Vec<OperationId> = self.entries.keys().copied().collect();
        let held: Vec<OperationId> = ids.into_iter().filter(|id| self.is_held(*id)).collect();
        self.shared.recovery.rest();
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

    /// There shall be no attempt any more, and what the module does for this one is to end.
    pub(in crate::session) fn give_up_attempt(&mut self, now: Instant) {
        if let Stage::Attempt(id) = self.shared.recovery.stage {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.with_context(now, id, &mut self.shared, |operation, cx| {
                    operation.given_up(cx);
                });
            }
        }
    }

    fn drop_operation(&mut self, now: Instant, id: OperationId) {
        if self.remove(now, id).is_some() {
            self.slot.detach(id);
        }
    }

    /// The time limit of an operation's kind has run out; whether it begins again instead.
    pub(super) fn outlives(&mut self, now: Instant, id: OperationId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        if entry.own_deadline.is_some_and(|deadline| deadline <= now) {
            return false;
        }
        if !entry.with_context(now, id, &mut self.shared, |operation, cx| {
            operation.again(cx)
        }) {
            return false;
        }
        self.slot.give_up(id, &mut self.shared.stats);
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
