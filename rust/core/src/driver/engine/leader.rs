//! Waiting for an operation: as the leader, or parked behind one.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::Engine;
use super::outbox::still_kept;
use super::state::{EngineState, Leading, Role};
use crate::driver::sync::{Condvar, MutexGuard};
use crate::driver::ticket::Ticket;
use crate::session::Outcome;
use crate::transport::{Interest, Waiter};
use crate::{Error, ErrorCode};

type Guard<'a> = MutexGuard<'a, EngineState>;

impl Engine {
    /// Waits until the operation has ended, the deadline has passed, or the wait was cancelled.
    pub(super) fn wait_locked<'a>(
        &'a self,
        mut state: Guard<'a>,
        ticket: Ticket,
        deadline: Option<Instant>,
        cancelled: &mut Option<Error>,
    ) -> (Guard<'a>, Option<Result<Outcome, Error>>) {
        let epoch = state.cancel_epoch;
        let outcome = loop {
            if let Some(outcome) = state.outcome(ticket) {
                break Some(outcome);
            }
            if state.cancel_epoch != epoch {
                let error = Error::new(ErrorCode::Cancelled, "the wait was cancelled");
                *cancelled = Some(if ticket.is_stored() {
                    still_kept(&error)
                } else {
                    error
                });
                break None;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break None;
            }
            state = match state.role {
                Role::Leader => park(state, ticket, deadline),
                Role::Reader if state.port.is_none() => park(state, ticket, deadline),
                Role::Vacant if state.port.is_none() => {
                    // Nothing can be read: the reader thread keeps the time.
                    state.role = Role::Reader;
                    self.sync_reader(&mut state);
                    state
                }
                Role::Reader | Role::Vacant => self.lead(state, ticket, deadline, epoch),
            };
        };
        if state.role == Role::Vacant {
            self.hand_over(&mut state);
        }
        (state, outcome)
    }

    /// Another thread has to read on: a parked caller, or else the reader thread.
    pub(super) fn hand_over(&self, state: &mut EngineState) {
        if let Some((_, condvar)) = state.parked.first() {
            // If that one leaves instead, it hands over too.
            condvar.notify_one();
        } else {
            state.role = Role::Reader;
            self.sync_reader(state);
        }
    }

    /// Reads and serves everybody until the own operation has ended.
    fn lead<'a>(
        &'a self,
        mut state: Guard<'a>,
        ticket: Ticket,
        deadline: Option<Instant>,
        epoch: u64,
    ) -> Guard<'a> {
        state.role = Role::Leader;
        state.resume_clock();
        self.set_interest(&mut state, Interest::NONE);
        while !state.has_outcome(ticket) && state.cancel_epoch == epoch {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
            let Some(port) = state.port.clone() else {
                break;
            };
            let reads = !state.is_held_back();
            if !reads {
                state.pause_clock();
            }
            let until = match (deadline, state.next_deadline()) {
                (Some(own), Some(session)) => Some(own.min(session)),
                (own, session) => own.or(session),
            };
            let interest = Interest {
                read: reads,
                write: !state.unsent.is_empty(),
            };
            state.leading = Some(Leading {
                ticket,
                until,
                interest,
            });
            drop(state);
            let waited = self.waiter.wait_as_leader(&port, interest, until);
            drop(port);
            state = self.lock();
            match waited {
                Ok(()) => self.poll_port(&mut state),
                Err(error) => self.lose_port(&mut state, &error.to_string()),
            }
        }
        state.leading = None;
        state.role = Role::Vacant;
        if state.end.is_some() {
            self.left.notify_all();
        }
        state
    }
}

fn park(mut state: Guard<'_>, ticket: Ticket, deadline: Option<Instant>) -> Guard<'_> {
    let condvar = Arc::new(Condvar::new());
    state.parked.push((ticket, Arc::clone(&condvar)));
    state = match deadline {
        None => condvar.wait(state).unwrap_or_else(PoisonError::into_inner),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            condvar
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0
        }
    };
    state
        .parked
        .retain(|(_, parked)| !Arc::ptr_eq(parked, &condvar));
    state
}
