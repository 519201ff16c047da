//! Starts operations in turn and sends their commands.

use std::time::Instant;

use super::Scheduler;
use super::entry::{Entry, Phase};
use super::turns::Class;
use crate::session::internal::Internal;
use crate::session::operation::{
    CallOff, HangUp, Input, MOST_UNRELEASED, Procedure, Recheck, Resubscribe, Scope, Settings,
    Startup, WhileRecovering,
};
use crate::session::request::OperationId;

impl Scheduler {
    /// Starts and sends what can be started and sent.
    pub(in crate::session) fn pump(&mut self, now: Instant) {
        loop {
            self.reconcile(now);
            self.fail_at_once(now);
            while let Some(internal) = self.state.internal.pop_front() {
                let operation = self.operation_for(internal);
                self.add(now, operation, None, true);
            }
            self.subscribe_again(now);
            while let Some(bytes) =
                self.in_flight
                    .poll_send(now, &self.state.profile, &mut self.state.stats)
            {
                self.state.stats.bytes_sent += bytes.len() as u64;
                self.transmit.push_back(bytes);
                if let Some(id) = self.in_flight.take_sent() {
                    let wait = self.state.ack_wait();
                    self.state.packet_ids.sent(now, id, wait);
                }
            }
            if self.in_flight.is_occupied() {
                break;
            }
            let Some(id) = self.next_turn() else {
                break;
            };
            if self.settings_due && self.alone.is_none() {
                self.settings_due = false;
                self.add(now, Box::new(Settings::new()), None, true);
                continue;
            }
            self.leave_turns(id);
            self.take_turn(now, id);
        }
    }

    /// One of its kind at a time: what the module does meanwhile makes no more than one to follow.
    fn subscribe_again(&mut self, now: Instant) {
        if self.resubscription.is_some() {
            return;
        }
        if let Some(missing) = self.state.take_missing() {
            let again = Box::new(Resubscribe::of(missing));
            self.resubscription = Some(self.add(now, again, None, true));
        }
    }

    fn operation_for(&self, internal: Internal) -> Box<dyn Procedure> {
        match internal {
            Internal::Startup => Box::new(Startup::new(&self.state)),
            Internal::Settings => Box::new(Settings::new()),
            Internal::QueryState => Box::new(Recheck::state()),
            Internal::SettingsAndState => Box::new(Recheck::settings_and_state()),
            Internal::HangUp => Box::new(HangUp),
            Internal::CallOff { cfg, keepalive } => Box::new(CallOff::with(*cfg, keepalive)),
        }
    }

    fn next_turn(&self) -> Option<OperationId> {
        if let Some(alone) = self.alone {
            let waits = |entry: &Entry| entry.place.is_some();
            return self.entries.get(&alone).is_some_and(waits).then_some(alone);
        }
        let recovering = self.state.recovery.is_active();
        let may_begin = |class: Class, first: OperationId| match class.while_recovering {
            WhileRecovering::Waits | WhileRecovering::Fails if recovering => false,
            WhileRecovering::Waits if self.is_held_by_trial(first) => false,
            WhileRecovering::Waits if self.is_held_by_broker(first) => false,
            _ => self.connection.is_none() || !class.mqtt,
        };
        let may_go = |id: OperationId| {
            self.entries.get(&id).is_some_and(|entry| {
                let class = Class::of(entry.operation.as_ref());
                !matches!(entry.phase, Phase::New) || may_begin(class, id)
            })
        };
        self.turns.next(may_go, may_begin)
    }

    /// A broker takes only so many publishes of QoS 2 at a time.
    fn is_held_by_broker(&self, first: OperationId) -> bool {
        let entry = self.entries.get(&first);
        entry.is_some_and(|entry| entry.operation.awaits_release())
            && self.state.packet_ids.unreleased().1 >= MOST_UNRELEASED
    }

    /// What may be the cause of the losses is sent alone, so that it takes nothing with it: neither
    /// does it begin beside others, nor do others beside it.
    fn is_held_by_trial(&self, first: OperationId) -> bool {
        let budget = self.state.recovery.policy().loss_budget;
        let on_trial =
            |id: &OperationId| self.entries.get(id).is_some_and(|e| e.is_on_trial(budget));
        let exposed = self.exposed.first();
        exposed.is_some_and(|exposed| on_trial(exposed) || on_trial(&first))
    }

    /// Takes an operation out of those that wait to send.
    pub(super) fn leave_turns(&mut self, id: OperationId) {
        let entry = self.entries.get_mut(&id);
        if let Some(place) = entry.and_then(|entry| entry.place.take()) {
            self.turns.remove(id, place);
        }
    }

    pub(super) fn take_turn(&mut self, now: Instant, id: OperationId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        match std::mem::replace(&mut entry.phase, Phase::InFlight) {
            Phase::Ready(prepared) => {
                let limit = entry.deadline;
                self.in_flight.assign(id, *prepared, limit);
            }
            Phase::New => {
                entry.phase = Phase::Waiting;
                if entry.is_exposed() {
                    self.exposed.insert(id);
                }
                self.started.insert(id);
                let limit = entry.operation.time_limit(&self.state);
                if entry.deadline.is_none() {
                    entry.deadline = now.checked_add(limit);
                }
                match entry.operation.scope() {
                    Scope::Alone => self.alone = Some(id),
                    Scope::Connection => self.connection = Some(id),
                    Scope::General | Scope::Mqtt => {}
                }
                self.arm(id);
                self.step(now, id, Input::Start);
            }
            phase @ (Phase::InFlight | Phase::Waiting) => entry.phase = phase,
        }
    }
}
