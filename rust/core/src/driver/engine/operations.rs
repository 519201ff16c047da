//! Beginning an operation, waiting for it, giving it up.

use std::time::{Duration, Instant, SystemTime};

use super::Engine;
use super::state::{EngineState, Role, Slot};
use crate::driver::callbacks::{DoneCallback, Job, ReadySignal};
use crate::driver::sync::MutexGuard;
use crate::driver::sync::channel::SendError;
use crate::driver::ticket::Ticket;
use crate::session::{OperationId, Outcome, Request, RequestKind};
use crate::transport::Interest;
use crate::{Error, ErrorCode, Event, EventKind, Incoming, Receipt};

impl Engine {
    /// Begins an operation and waits for its end.
    pub(in crate::driver) fn run(&self, request: Request) -> Result<Outcome, Error> {
        let (state, ticket) = self.begin_as_leader(request)?;
        let mut cancelled = None;
        let (mut state, outcome) = self.wait_locked(state, ticket, None, &mut cancelled);
        let outcome = outcome.or(cancelled.map(Err));
        self.forget_locked(&mut state, ticket);
        drop(state);
        outcome.unwrap_or_else(|| {
            Err(Error::new(
                ErrorCode::Internal,
                "a wait without a time limit ran out",
            ))
        })
    }

    /// Begins an operation and waits for its end, but not longer than `slice`. The result stays.
    pub(in crate::driver) fn start_and_wait(
        &self,
        request: Request,
        slice: Duration,
    ) -> Result<Ticket, Error> {
        let (state, ticket) = self.begin_as_leader(request)?;
        let deadline = Instant::now().checked_add(slice);
        let mut cancelled = None;
        let (mut state, _) = self.wait_locked(state, ticket, deadline, &mut cancelled);
        if let Some(error) = cancelled {
            self.forget_locked(&mut state, ticket);
            return Err(error);
        }
        Ok(ticket)
    }

    /// Begins an operation that is waited for later, or never.
    pub(in crate::driver) fn start(&self, request: Request) -> Result<Ticket, Error> {
        self.start_unattended(request, true)
    }

    /// Begins a publish; one that an outbox keeps may wait for a connection that is neither there
    /// nor being made.
    pub(in crate::driver) fn deliver(&self, request: Request) -> Result<Ticket, Error> {
        self.start_unattended(request, false)
    }

    fn start_unattended(&self, request: Request, needs_connection: bool) -> Result<Ticket, Error> {
        if let Some(outbox) = self.outbox_for(&request)? {
            return outbox.keep(request, needs_connection).map(Ticket::Stored);
        }
        let mut state = self.lock();
        let ticket = self.begin(&mut state, request)?;
        self.wake_owner(&mut state);
        Ok(ticket)
    }

    /// The lead is taken before the first byte is sent, or the answer could wake the reader thread;
    /// the caller goes on to wait.
    fn begin_as_leader(
        &self,
        request: Request,
    ) -> Result<(MutexGuard<'_, EngineState>, Ticket), Error> {
        if let Some(outbox) = self.outbox_for(&request)? {
            // The outbox's thread sends it; who leads then waits for it as for any other.
            let message = outbox.keep(request, true)?;
            return Ok((self.lock(), Ticket::Stored(message)));
        }
        let mut state = self.lock();
        if state.role == Role::Reader && state.port.is_some() {
            state.role = Role::Vacant;
            self.set_interest(&mut state, Interest::NONE);
        }
        match self.begin(&mut state, request) {
            Ok(ticket) => {
                self.wake_owner(&mut state);
                Ok((state, ticket))
            }
            Err(error) => {
                if state.role == Role::Vacant {
                    self.hand_over(&mut state);
                }
                Err(error)
            }
        }
    }

    /// Waits for an operation's end; `None` when the slice elapsed first. The result stays.
    pub(in crate::driver) fn wait(
        &self,
        ticket: Ticket,
        slice: Option<Duration>,
    ) -> Option<Result<Outcome, Error>> {
        // An `Instant` cannot hold every `Duration`: what is beyond it is forever.
        let deadline = slice.and_then(|slice| Instant::now().checked_add(slice));
        let mut cancelled = None;
        let (state, outcome) = self.wait_locked(self.lock(), ticket, deadline, &mut cancelled);
        drop(state);
        outcome.or(cancelled.map(Err))
    }

    pub(in crate::driver) fn is_done(&self, ticket: Ticket) -> bool {
        self.lock().has_outcome(ticket)
    }

    /// Has `signal` called when the operation has ended, under the lock.
    pub(in crate::driver) fn on_ready(&self, ticket: Ticket, signal: ReadySignal) {
        let mut state = self.lock();
        match state.slots.get_mut(&ticket) {
            Some(slot) if slot.outcome.is_none() => slot.ready = Some(signal),
            _ => signal(),
        }
    }

    /// Has the end of the operation put into the mailbox, as an event of this number.
    pub(in crate::driver) fn announce_end(&self, ticket: Ticket, token: u32) {
        let mut state = self.lock();
        let Some(slot) = state.slots.get_mut(&ticket) else {
            return;
        };
        match &slot.outcome {
            Some(outcome) => self.report_end(token, outcome),
            None => slot.token = Some(token),
        }
    }

    /// To be called under the lock, as for everything that goes into the mailbox.
    pub(super) fn report_end(&self, token: u32, outcome: &Result<Outcome, Error>) {
        let text = outcome.as_ref().err().map(ToString::to_string);
        let text = text.unwrap_or_default();
        self.push_event(Event::new(EventKind::Done, token.into(), text));
    }

    /// To be called under the lock, as for everything that goes into the mailbox.
    pub(super) fn push_event(&self, event: Event) {
        let mut incoming = Incoming::Event(event);
        incoming.stamp(SystemTime::now());
        self.mailbox.push(incoming);
    }

    /// No caller will ask for this result; an operation that is not done is given up.
    pub(in crate::driver) fn forget(&self, ticket: Ticket) {
        self.forget_locked(&mut self.lock(), ticket);
    }

    fn forget_locked(&self, state: &mut EngineState, ticket: Ticket) {
        let slot = state.slots.remove(&ticket);
        if let (Some(Slot { outcome: None, .. }), Ticket::Session(id)) = (slot, ticket) {
            self.abandon_locked(state, id);
            self.wake_owner(state);
        }
    }

    /// No caller will ask for this result, but the operation goes on.
    pub(in crate::driver) fn detach(&self, ticket: Ticket) {
        let mut state = self.lock();
        if let Some(slot) = state.slots.get_mut(&ticket) {
            if slot.outcome.is_some() || slot.callbacks.is_empty() {
                state.slots.remove(&ticket);
            } else {
                slot.detached = true;
            }
        }
    }

    /// Has `callback` run by the dispatcher when the operation ends, or gives it back with the
    /// result if the dispatcher has ended.
    pub(in crate::driver) fn on_done(
        &self,
        ticket: Ticket,
        callback: DoneCallback,
    ) -> Result<(), (DoneCallback, Result<Receipt, Error>)> {
        let mut state = self.lock();
        let end = state.end.clone();
        let Some(slot) = state.slots.get_mut(&ticket) else {
            let error =
                end.unwrap_or_else(|| Error::new(ErrorCode::Internal, "the delivery is unknown"));
            return Err((callback, Err(error)));
        };
        let Some(outcome) = &slot.outcome else {
            slot.callbacks.push(callback);
            return Ok(());
        };
        let receipt = outcome.clone().and_then(Receipt::try_from);
        match &state.jobs {
            Some(jobs) => match jobs.send(Job::Done(callback, receipt)) {
                Err(SendError(Job::Done(callback, receipt))) => Err((callback, receipt)),
                _ => Ok(()),
            },
            None => Err((callback, receipt)),
        }
    }

    fn begin(&self, state: &mut EngineState, request: Request) -> Result<Ticket, Error> {
        if let Some(end) = &state.end {
            return Err(end.clone());
        }
        check_room(state, &request.kind)?;
        if state.is_held_back() {
            return Err(self.full_mailbox());
        }
        state.resume_clock();
        let now = state.now();
        let ticket = Ticket::Session(state.session.begin(now, request)?);
        state.slots.insert(ticket, Slot::default());
        self.drain_session(state, now);
        Ok(ticket)
    }

    pub(super) fn abandon_locked(&self, state: &mut EngineState, id: OperationId) {
        if state.end.is_none() {
            let now = state.now();
            state.session.abandon(now, id);
            self.drain_session(state, now);
        }
    }
}

/// Bounds the number of waiting operations; with a full queue a program can still connect,
/// disconnect and restart.
fn check_room(state: &EngineState, kind: &RequestKind) -> Result<(), Error> {
    const RESERVE: usize = 64;
    let reserve = match kind {
        RequestKind::Startup
        | RequestKind::Connect(_)
        | RequestKind::Disconnect
        | RequestKind::Delete
        | RequestKind::Wake
        | RequestKind::Reboot => RESERVE,
        _ => 0,
    };
    let waiting = state.session.under_way();
    if waiting < state.max_waiting.saturating_add(reserve) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::QueueFull,
        format!(
            "{waiting} operations wait or are under way, and {} may; try again once some have ended",
            state.max_waiting
        ),
    ))
}
