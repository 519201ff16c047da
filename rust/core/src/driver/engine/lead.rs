//! Waiting for an operation: as the leader, or parked behind one.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::Engine;
use super::kept::still_kept;
use super::shared::{Leading, Role, Shared};
use crate::driver::io::{Interest, Waiter};
use crate::driver::sync::{Condvar, MutexGuard};
use crate::session::{OperationId, Outcome};
use crate::{Error, ErrorCode};

type Guard<'a> = MutexGuard<'a, Shared>;

impl Engine {
    /// Waits until the operation has ended, the deadline has passed, or the wait was cancelled.
    pub(super) fn wait_locked<'a>(
        &'a self,
        mut shared: Guard<'a>,
        id: OperationId,
        deadline: Option<Instant>,
        cancelled: &mut Option<Error>,
    ) -> (Guard<'a>, Option<Result<Outcome, Error>>) {
        let epoch = shared.cancel_epoch;
        let outcome = loop {
            if let Some(outcome) = shared.outcome(id) {
                break Some(outcome);
            }
            if shared.cancel_epoch != epoch {
                let error = Error::new(ErrorCode::Cancelled, "the wait was cancelled");
                *cancelled = Some(if id.is_kept() {
                    still_kept(&error)
                } else {
                    error
                });
                break None;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break None;
            }
            shared = match shared.role {
                Role::Leader => park(shared, id, deadline),
                Role::Reader if shared.port.is_none() => park(shared, id, deadline),
                Role::Vacant if shared.port.is_none() => {
                    // Nothing can be read: the reader thread keeps the time.
                    shared.role = Role::Reader;
                    self.sync_reader(&mut shared);
                    shared
                }
                Role::Reader | Role::Vacant => self.lead(shared, id, deadline, epoch),
            };
        };
        if shared.role == Role::Vacant {
            self.hand_over(&mut shared);
        }
        (shared, outcome)
    }

    /// Somebody has to read on: a parked caller, or else the reader thread.
    pub(super) fn hand_over(&self, shared: &mut Shared) {
        if let Some((_, condvar)) = shared.parked.first() {
            // If that one leaves instead, it hands over in its turn.
            condvar.notify_one();
        } else {
            shared.role = Role::Reader;
            self.sync_reader(shared);
        }
    }

    /// Reads and serves everybody until the own operation has ended.
    fn lead<'a>(
        &'a self,
        mut shared: Guard<'a>,
        id: OperationId,
        deadline: Option<Instant>,
        epoch: u64,
    ) -> Guard<'a> {
        shared.role = Role::Leader;
        shared.thaw();
        self.set_interest(&mut shared, Interest::NONE);
        while !shared.has_outcome(id) && shared.cancel_epoch == epoch {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
            let Some(port) = shared.port.clone() else {
                break;
            };
            let until = match (deadline, shared.next_deadline()) {
                (Some(own), Some(session)) => Some(own.min(session)),
                (own, session) => own.or(session),
            };
            let interest = Interest {
                read: true,
                write: !shared.unsent.is_empty(),
            };
            shared.leading = Some(Leading {
                id,
                until,
                interest,
            });
            drop(shared);
            let waited = self.waiter.wait_as_leader(&port, interest, until);
            drop(port);
            shared = self.lock();
            match waited {
                Ok(()) => self.turn(&mut shared),
                Err(error) => self.lose_port(&mut shared, &error.to_string()),
            }
        }
        shared.leading = None;
        shared.role = Role::Vacant;
        if shared.end.is_some() {
            self.left.notify_all();
        }
        shared
    }
}

fn park(mut shared: Guard<'_>, id: OperationId, deadline: Option<Instant>) -> Guard<'_> {
    let condvar = Arc::new(Condvar::new());
    shared.parked.push((id, Arc::clone(&condvar)));
    shared = match deadline {
        None => condvar.wait(shared).unwrap_or_else(PoisonError::into_inner),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            condvar
                .wait_timeout(shared, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0
        }
    };
    shared
        .parked
        .retain(|(_, parked)| !Arc::ptr_eq(parked, &condvar));
    shared
}
