//! Who goes next: the operations, their turns, their times.

mod ending;
mod recovering;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::Error;
use crate::session::in_flight::{Answered, InFlightCommand};
use crate::session::internal::Internal;
use crate::session::operation::{
    BrokerEvent, CallOff, HangUp, Input, MOST_UNRELEASED, Procedure, Recheck, Resubscribe, Scope,
    Settings, Startup, Step, WhileRecovering,
};
use crate::session::prepared_command::{Answer, PreparedCommand};
use crate::session::recovery::Stage;
use crate::session::request::{OperationId, Outcome};
use crate::session::state::{Context, SessionState};
use turns::{Class, Place, Turns};

/// The operations of a session, the command in flight and the state they share.
pub(in crate::session) struct Scheduler {
    pub state: SessionState,
    pub in_flight: InFlightCommand,
    entries: BTreeMap<OperationId, Entry>,
    /// Those that wait to send.
    turns: Turns,
    /// Those that have begun, for whom what happens is news.
    started: BTreeSet<OperationId>,
    /// How many of them are the application's, and how many make or end the connection.
    of_application: usize,
    of_connection: usize,
    /// When something is due, for which operation.
    timers: BTreeSet<(Instant, OperationId)>,
    /// The started operation beside which nothing may run.
    alone: Option<OperationId>,
    /// The started operation that makes or ends the connection.
    connection: Option<OperationId>,
    /// What subscribes again after the module has reconnected by itself.
    resubscription: Option<OperationId>,
    /// Started operations that begin again when the connection is lost.
    exposed: BTreeSet<OperationId>,
    completions: VecDeque<(OperationId, Result<Outcome, Error>)>,
    transmit: VecDeque<Vec<u8>>,
    next_id: u64,
    /// The settings must be sent before anything else; an attempt to do so has failed.
    settings_due: bool,
    /// The boot that is being waited for.
    pub boot: Option<Boot>,
}

/// A restart of the module that is under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Boot {
    pub began: Instant,
    /// When its last line came.
    pub last: Instant,
}

struct Entry {
    operation: Box<dyn Procedure>,
    begun: Instant,
    phase: Phase,
    /// When the operation asked to be woken.
    timer: Option<Instant>,
    deadline: Option<Instant>,
    /// The deadline that the caller has set.
    own_deadline: Option<Instant>,
    /// What of it stands in `timers`.
    due: Option<Instant>,
    /// Where it stands in `turns`, if it does.
    place: Option<Place>,
    /// Whether the session runs it for itself, so that its end is not reported.
    internal: bool,
    /// How many connections were lost while it was in flight.
    losses: u32,
}

impl Entry {
    /// Whether one loss more ends it, after others that it may be the cause of.
    fn is_on_trial(&self, budget: u32) -> bool {
        self.losses > 0 && self.losses + 1 >= budget
    }

    /// Has the operation do something with what the operations share.
    fn with_context<R>(
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
    fn is_exposed(&self) -> bool {
        !self.internal && self.operation.while_recovering() == WhileRecovering::Waits
    }
}

enum Phase {
    /// Its turn has not come yet.
    New,
    /// It wants this sent.
    Ready(Box<PreparedCommand>),
    /// Its command is in flight.
    InFlight,
    Waiting,
}

impl Scheduler {
    pub(in crate::session) fn new(state: SessionState) -> Self {
        Self {
            state,
            in_flight: InFlightCommand::default(),
            entries: BTreeMap::new(),
            turns: Turns::default(),
            started: BTreeSet::new(),
            of_application: 0,
            of_connection: 0,
            timers: BTreeSet::new(),
            alone: None,
            connection: None,
            resubscription: None,
            exposed: BTreeSet::new(),
            completions: VecDeque::new(),
            transmit: VecDeque::new(),
            next_id: 1,
            settings_due: false,
            boot: None,
        }
    }

    /// Whether no operation of the application is under way, and no lost connection being made.
    pub(in crate::session) fn is_idle(&self) -> bool {
        !matches!(self.state.recovery.stage, Stage::Attempt(_)) && self.of_application == 0
    }

    /// How many operations of the application have not ended.
    pub(in crate::session) fn under_way(&self) -> usize {
        self.of_application
    }

    /// Whether an operation that makes or ends the connection has been begun.
    pub(in crate::session) fn changes_connection(&self) -> bool {
        self.of_connection > 0
    }

    pub(in crate::session) fn add(
        &mut self,
        now: Instant,
        operation: Box<dyn Procedure>,
        timeout: Option<Duration>,
        internal: bool,
    ) -> OperationId {
        let id = OperationId(self.next_id);
        self.next_id += 1;
        let own_deadline = timeout.and_then(|timeout| now.checked_add(timeout));
        let class = Class::of(operation.as_ref());
        self.of_application += usize::from(!internal);
        self.of_connection += usize::from(operation.scope() == Scope::Connection);
        let place = if internal {
            self.turns.push_front(id)
        } else {
            self.turns.wait(id, class)
        };
        let entry = Entry {
            operation,
            begun: now,
            phase: Phase::New,
            timer: None,
            deadline: own_deadline,
            own_deadline,
            due: None,
            place: Some(place),
            internal,
            losses: 0,
        };
        self.entries.insert(id, entry);
        self.arm(id);
        id
    }

    pub(in crate::session) fn poll_completion(
        &mut self,
    ) -> Option<(OperationId, Result<Outcome, Error>)> {
        self.completions.pop_front()
    }

    pub(in crate::session) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    pub(in crate::session) fn poll_timeout(&self) -> Option<Instant> {
        let timer = self.timers.first().map(|(due, _)| *due);
        let recovery = self.state.recovery.poll_timeout();
        [timer, self.in_flight.poll_timeout(), recovery]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due for the command in flight and for the operations.
    pub(in crate::session) fn handle_timeout(&mut self, now: Instant) {
        let guard = self.state.guard_time();
        self.in_flight
            .handle_timeout(now, guard, &mut self.state.stats);
        self.deliver_answer(now);
        while let Some(&(due, id)) = self.timers.first() {
            if due > now {
                break;
            }
            let Some(entry) = self.entries.get_mut(&id) else {
                self.timers.pop_first();
                continue;
            };
            if entry.deadline.is_some_and(|deadline| deadline <= now) {
                self.expire(now, id);
            } else {
                entry.timer = None;
                self.arm(id);
                self.step(now, id, Input::Timer);
            }
        }
        self.recovery_due(now);
    }

    /// Hands the answer to the last command to its operation.
    pub(in crate::session) fn deliver_answer(&mut self, now: Instant) {
        if let Some(answered) = self.in_flight.take_answer() {
            let Answered {
                owner: id,
                detached,
                prepared,
                answer,
            } = answered;
            if matches!(answer, Answer::Ok(_)) {
                self.state.packet_ids.was_read(id);
            }
            if detached {
                // What was refused has no packet id, also if its operation waits for the next turn.
                if matches!(&answer, Answer::Refused(refusal) if !refusal.is_unnumbered()) {
                    self.state.packet_ids.withdraw(id);
                }
                return;
            }
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.phase = Phase::Waiting;
            }
            self.step(now, id, Input::Answer(answer, &prepared));
        }
    }

    /// Notifies one operation of what happened.
    pub(in crate::session) fn notify(
        &mut self,
        now: Instant,
        id: OperationId,
        notice: &BrokerEvent,
    ) {
        if self
            .entries
            .get(&id)
            .is_some_and(|entry| !matches!(entry.phase, Phase::New))
        {
            self.step(now, id, Input::BrokerEvent(notice));
        }
    }

    /// Notifies every started operation of what happened.
    pub(in crate::session) fn notify_all(&mut self, now: Instant, notice: &BrokerEvent) {
        for id in self.started() {
            self.notify(now, id, notice);
        }
    }

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

    fn started(&self) -> Vec<OperationId> {
        self.started.iter().copied().collect()
    }

    /// Takes an operation out of those that wait to send.
    fn leave_turns(&mut self, id: OperationId) {
        let entry = self.entries.get_mut(&id);
        if let Some(place) = entry.and_then(|entry| entry.place.take()) {
            self.turns.remove(id, place);
        }
    }

    fn take_turn(&mut self, now: Instant, id: OperationId) {
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

    fn step(&mut self, now: Instant, id: OperationId, input: Input<'_>) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let step = entry.with_context(now, id, &mut self.state, |operation, cx| {
            operation.step(cx, input)
        });
        if std::mem::take(&mut self.state.desynchronised) {
            self.in_flight.mark_desynchronised();
        }
        match step {
            Step::Pending => {}
            Step::Send(prepared) => {
                entry.phase = Phase::Ready(Box::new(prepared));
                entry.timer = None;
                if let Some(place) = entry.place.take() {
                    self.turns.remove(id, place);
                }
                entry.place = Some(self.turns.push_front(id));
                self.arm(id);
            }
            Step::Wait(until) => {
                entry.phase = Phase::Waiting;
                entry.timer = until;
                self.arm(id);
            }
            Step::Retry => self.requeue(now, id),
            Step::Done(result) => self.finish(now, id, result),
        }
    }

    /// Keeps `timers` true to the operation's timer and deadline.
    fn arm(&mut self, id: OperationId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let due = [entry.timer, entry.deadline].into_iter().flatten().min();
        if due == entry.due {
            return;
        }
        if let Some(old) = std::mem::replace(&mut entry.due, due) {
            self.timers.remove(&(old, id));
        }
        if let Some(new) = due {
            self.timers.insert((new, id));
        }
    }
}
