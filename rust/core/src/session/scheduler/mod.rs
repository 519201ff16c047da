//! Who goes next: the operations, their turns, their times.

mod ending;
mod entry;
mod recovering;
mod starting;
mod surviving;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::Error;
use crate::session::in_flight::{Answered, InFlightCommand};
use crate::session::operation::{BrokerEvent, Input, Procedure, Scope, Step};
use crate::session::prepared_command::Answer;
use crate::session::recovery::Stage;
use crate::session::request::{OperationId, Outcome};
use crate::session::state::SessionState;
use entry::{Entry, Phase};
use turns::{Class, Turns};

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
        event: &BrokerEvent,
    ) {
        if self
            .entries
            .get(&id)
            .is_some_and(|entry| !matches!(entry.phase, Phase::New))
        {
            self.step(now, id, Input::BrokerEvent(event));
        }
    }

    /// Notifies every started operation of what happened.
    pub(in crate::session) fn notify_all(&mut self, now: Instant, event: &BrokerEvent) {
        for id in self.started() {
            self.notify(now, id, event);
        }
    }

    fn started(&self) -> Vec<OperationId> {
        self.started.iter().copied().collect()
    }

    fn step(&mut self, now: Instant, id: OperationId, input: Input<'_>) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let step = entry.with_context(now, id, &mut self.state, |operation, cx| {
            operation.step(cx, input)
        });
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
