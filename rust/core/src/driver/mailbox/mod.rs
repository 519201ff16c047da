//! The only store between the port and the program: messages and events, in the order of the wire.
//!
//! Each entry is for a call that reads, or for a callback; messages and events wait apart. Messages
//! have a bound, in number and in bytes, and the [`Overflow`] policy says what happens at it. Of
//! more than 4,096 events of the connection, or 1,024 that lines of the module cause, the oldest go;
//! messages push out none. One event counts what was dropped.

mod drops;
mod lanes;
mod ordered;
mod readers;
mod routes;
mod state;
mod taking;

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lanes::Lane;
pub(super) use lanes::Select;
use state::State;
pub(super) use state::weight;
pub(super) use taking::{Entry, Taken, Untaken};

use super::Overflow;
use super::sync::{AtomicBool, Condvar, Mutex, MutexGuard};
use crate::{Event, Incoming, Message};

/// How much may wait, and what happens beyond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Messages for each consumer.
    pub messages: usize,
    /// Bytes of everything.
    pub bytes: u64,
    pub overflow: Overflow,
}

/// Called under the mailbox's lock with whether something selected waits: `true` with every such
/// entry and at the end, `false` when the last was taken.
pub(super) type Signal = Box<dyn Fn(bool) + Send + Sync>;

/// Called under the mailbox's lock with every event that comes, before any program takes it, and with what is dropped.
pub(super) type Observer = Box<dyn Fn(&Event) + Send + Sync>;

/// Filled under the engine's lock; emptied by any thread.
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
    /// The port is not read because of this mailbox, or the session keeps back what it has. Changed
    /// under the lock.
    backpressured: AtomicBool,
}

impl Mailbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State::new(limits)),
            changed: Condvar::new(),
            backpressured: AtomicBool::new(false),
        }
    }

    /// Adds an entry, or drops one, as the policy says; with [`Overflow::Block`] it comes in.
    pub(super) fn push(&self, incoming: Incoming) {
        let mut state = self.lock();
        let lanes = state.add(incoming);
        self.announce(&state, lanes);
    }

    /// Adds what `next` gives, as far as there is room; whether there is no room for more. From then on
    /// [`has_room_again`](Self::has_room_again) will say when there is. Also when `fill` must be called at
    /// the latest, for a report of what was dropped.
    pub(super) fn fill(
        &self,
        mut next: impl FnMut() -> Option<Incoming>,
    ) -> (bool, Option<Instant>) {
        let mut state = self.lock();
        let mut lanes = 0;
        let blocked = loop {
            if state.is_blocked() {
                self.backpressured.store(true, Ordering::Relaxed);
                break true;
            }
            match next() {
                Some(incoming) => lanes |= state.add(incoming),
                None => break false,
            }
        };
        if state.drops.timer().is_some_and(|at| at <= Instant::now()) {
            state.ring();
            lanes |= state.due_lanes();
        }
        if lanes != 0 {
            self.announce(&state, lanes);
        }
        (blocked, state.drops.timer())
    }

    /// An entry that its taker does not want goes back to its place, for those who read.
    pub(super) fn put_back(&self, entry: Entry) {
        let mut state = self.lock();
        let lane = state.lane_of(&entry.incoming) % Lane::CALLED;
        state.insert(lane, entry.number, entry.incoming);
        self.announce(&state, 1 << lane);
    }

    /// True once after backpressure, when there is room again; to be asked after taking.
    pub(super) fn has_room_again(&self) -> bool {
        // The thread that takes the last message that holds the port up has had the lock after `fill` had it.
        if !self.backpressured.load(Ordering::Relaxed) {
            return false;
        }
        let state = self.lock();
        state.has_ample_room() && self.backpressured.swap(false, Ordering::Relaxed)
    }

    /// Nothing more will come; takers get the rest, and then the end: those who read only after the
    /// callbacks, unless the modem was closed.
    pub(super) fn finish(&self, closed: bool) {
        let mut state = self.lock();
        if state.drops.timer().is_some() {
            state.ring();
        }
        state.ended = true;
        state.closed |= closed;
        self.announce(&state, Select::ANY.0);
    }

    /// New entries of these kinds are for callbacks from now on, or for readers; those that callbacks
    /// have not taken then go to readers.
    pub(super) fn set_called(&self, kinds: Select, called: bool) {
        let bits = kinds.0 & Select::READ.0;
        let mut state = self.lock();
        if called {
            state.called.0 |= bits;
            return;
        }
        state.called.0 &= !bits;
        state.return_called(Select(bits));
        self.announce(&state, bits);
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        let mut state = self.lock();
        state.limits = limits;
        // Entries beyond the new limits go with the next message.
        self.announce(&state, 0);
    }

    pub(super) fn limits(&self) -> Limits {
        self.lock().limits
    }

    /// Has `signal` called for these entries from now on, and now if some wait.
    pub(super) fn add_signal(&self, select: Select, signal: Signal) {
        let mut state = self.lock();
        if state.is_takable(select) || state.is_over(select) {
            signal(true);
        }
        state.signals.push((select, signal));
    }

    pub(super) fn set_observer(&self, observer: Observer) {
        self.lock().observer = Some(observer);
    }

    /// Wakes every thread that waits in [`take`](Self::take).
    pub(super) fn cancel(&self) {
        self.lock().cancels += 1;
        self.changed.notify_all();
    }

    /// Makes one taker for callbacks and one reader return with nothing: one that waits, or else the
    /// next that would.
    pub(super) fn wake(&self) {
        let mut state = self.lock();
        state.woken = Select::ANY;
        self.announce(&state, Select::ANY.0);
    }

    /// A message that no callback took waits for those who read.
    pub(super) fn give_back(&self, message: Message) {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.insert(Lane::Messages as usize, number, Incoming::Message(message));
        self.announce(&state, Select::MESSAGES.0);
    }

    /// Who has most messages waiting, in words.
    pub(super) fn fullest(&self) -> String {
        let state = self.lock();
        let called = state.lanes[Lane::CALLED].len();
        let unmatched = state.unmatched();
        match state.routes.fullest() {
            Some((filter, waiting)) if waiting > called.max(unmatched) => {
                format!("{waiting} messages of {filter:?} wait to be read")
            }
            _ if called > unmatched => format!("the callbacks are {called} messages behind"),
            _ => format!("{unmatched} messages wait to be received"),
        }
    }

    /// Forgets the end of an operation that was waited for in another way.
    pub(super) fn forget_end(&self, token: u32) {
        let mut state = self.lock();
        state.remove_end(token);
        self.after_taking(&mut state);
    }

    /// Messages, and then events, that wait.
    pub(super) fn len(&self) -> (usize, usize) {
        let state = self.lock();
        let of = |select: Select| {
            let lanes = state.lanes.iter().enumerate();
            lanes
                .filter(|(lane, _)| select.has(*lane))
                .map(|(_, entries)| entries.len())
                .sum()
        };
        let messages = Select::MESSAGES.0 | Select::COPIES.0;
        let messages = Select(messages | Select::MESSAGES.0 << Lane::CALLED);
        let events = Select(Select::EVENTS.0 | Select::EVENTS.0 << Lane::CALLED);
        (of(messages), of(events))
    }

    /// Messages, and then events, that were dropped.
    pub(super) fn dropped(&self) -> (u64, u64) {
        let drops = &self.lock().drops;
        (drops.messages, drops.events)
    }

    fn announce(&self, state: &State, lanes: u16) {
        for (select, signal) in &state.signals {
            if select.overlaps(Select(lanes)) {
                signal(true);
            }
        }
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn after_taking(&self, state: &mut State) {
        if state.has_ample_room() && state.drops.end_burst() {
            self.announce(state, state.due_lanes());
        }
        for (select, signal) in &state.signals {
            if !state.is_takable(*select) && !state.ended {
                signal(false);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
