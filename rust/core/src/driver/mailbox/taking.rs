//! Taking entries out of the mailbox, and waiting for them.

use std::convert::Infallible;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Mailbox;
use super::lanes::Select;
use super::state::{State, kind_bit};
use crate::driver::sync::MutexGuard;
use crate::{Event, EventKind, Incoming};

/// An entry and its place in the order.
pub(in crate::driver) struct Entry {
    pub(in crate::driver) number: u64,
    pub(in crate::driver) incoming: Incoming,
}

/// An entry, or why there is none.
pub(in crate::driver) type Taken<T> = Result<T, Untaken>;

/// Why nothing was taken.
pub(in crate::driver) enum Untaken {
    /// Nothing came in time, or the wait was woken.
    Nothing,
    Cancelled,
    /// The program has ended what it reads, since the number that it gave.
    ReadsEnded,
    /// There is no such filter, or no longer.
    Unrouted,
    /// The modem was closed or its port is gone, and nothing selected is left.
    End,
}

impl Mailbox {
    /// The oldest of the selected entries; `None` waits indefinitely.
    pub(in crate::driver) fn take(
        &self,
        select: Select,
        timeout: Option<Duration>,
    ) -> Taken<Entry> {
        let Ok(taken) = self.take_if(select, timeout, |_| Ok::<_, Infallible>(()));
        taken.map(|((), entry)| entry)
    }

    /// As [`take`](Self::take), but `look` sees the entry first, under the lock; with an error of it
    /// the entry stays.
    pub(in crate::driver) fn take_if<T, E>(
        &self,
        select: Select,
        timeout: Option<Duration>,
        look: impl FnOnce(&Incoming) -> Result<T, E>,
    ) -> Result<Taken<(T, Entry)>, E> {
        let mut state = match self.wait(select, timeout) {
            Ok(state) => state,
            Err(untaken) => return Ok(Err(untaken)),
        };
        state.report_due(select);
        let Some((lane, number)) = state.first(select) else {
            return Ok(Err(Untaken::Nothing));
        };
        let seen = state.lanes[lane].get(number).map(look).transpose()?;
        let Some((seen, incoming)) = seen.zip(state.remove(lane, number)) else {
            return Ok(Err(Untaken::Nothing));
        };
        state.delivering |= select.overlaps(Select::CALLED);
        self.after_taking(&mut state);
        Ok(Ok((seen, Entry { number, incoming })))
    }

    /// The oldest event for readers of one of these kinds, as the bits of [`kind_bit`]; `look` is that of
    /// [`take_if`](Self::take_if).
    pub(in crate::driver) fn take_event<T, E>(
        &self,
        kinds: u32,
        timeout: Option<Duration>,
        look: impl FnOnce(&Event) -> Result<T, E>,
    ) -> Result<Taken<T>, E> {
        let drops = kinds & kind_bit(EventKind::Dropped) != 0;
        let waits = |state: &State| {
            state.first_event(kinds).is_some()
                || (drops && state.due_lanes() & Select::EVENTS.0 != 0)
        };
        let mut state = match self.wait_for(Select::EVENTS, timeout, waits, |_| None) {
            Ok(state) => state,
            Err(untaken) => return Ok(Err(untaken)),
        };
        if drops {
            state.report_due(Select::EVENTS);
        }
        let Some((lane, number)) = state.first_event(kinds) else {
            return Ok(Err(Untaken::Nothing));
        };
        let Some(Incoming::Event(event)) = state.lanes[lane].get(number) else {
            return Ok(Err(Untaken::Nothing));
        };
        let seen = look(event)?;
        state.remove(lane, number);
        self.after_taking(&mut state);
        Ok(Ok(seen))
    }

    /// Appends entries as long as there are some and `more` wants them; waits for none.
    pub(in crate::driver) fn take_more(
        &self,
        select: Select,
        mut more: impl FnMut(Incoming) -> bool,
    ) {
        let mut state = self.lock();
        loop {
            state.report_due(select);
            let Some((lane, number)) = state.first(select) else {
                break;
            };
            let Some(incoming) = state.remove(lane, number) else {
                break;
            };
            if !more(incoming) {
                break;
            }
        }
        self.after_taking(&mut state);
    }

    fn wait(&self, select: Select, timeout: Option<Duration>) -> Taken<MutexGuard<'_, State>> {
        self.wait_for(select, timeout, |state| state.is_takable(select), |_| None)
    }

    pub(super) fn wait_for(
        &self,
        select: Select,
        timeout: Option<Duration>,
        takable: impl Fn(&State) -> bool,
        over: impl Fn(&State) -> Option<Untaken>,
    ) -> Taken<MutexGuard<'_, State>> {
        // Asking for the time takes as long as taking what waits.
        let mut deadline = None;
        let mut state = self.lock();
        if select.overlaps(Select::CALLED) && std::mem::take(&mut state.delivering) && state.ended {
            // The callback that had the last entry has returned.
            self.announce(&state, Select::READ.0);
        }
        let cancels = state.cancels;
        loop {
            if takable(&state) {
                return Ok(state);
            }
            if state.is_over(select) {
                return Err(Untaken::End);
            }
            if let Some(over) = over(&state) {
                return Err(over);
            }
            if timeout == Some(Duration::ZERO) {
                return Err(Untaken::Nothing);
            }
            if state.cancels != cancels {
                return Err(Untaken::Cancelled);
            }
            if state.woken.overlaps(select) {
                state.woken.0 &= !select.0;
                return Err(Untaken::Nothing);
            }
            // An `Instant` cannot hold every `Duration`: what is beyond it is as good as no limit.
            let deadline = *deadline
                .get_or_insert_with(|| timeout.and_then(|time| Instant::now().checked_add(time)));
            let left = deadline.map(|due| due.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(Untaken::Nothing);
            }
            state.waiting += 1;
            state = match left {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
            state.waiting -= 1;
        }
    }
}
