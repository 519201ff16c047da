//! What has arrived and waits for the C side: one queue of messages, one of events, one descriptor.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use m531x_core::{Error, ErrorCode, Event, EventKind, Message};

/// How many events wait at most; the oldest go first, and are counted.
const EVENTS: usize = 1024;

/// Messages that wait may have so many bytes, whatever their number; a queue that was asked to hold more may have a
/// kilobyte for each.
const MOST_BYTES: usize = 16 << 20;

/// What happens to a message beyond the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    Block,
    DropOldest,
    DropNewest,
}

/// Filled by the dispatcher thread, emptied by any thread.
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    messages: VecDeque<Message>,
    /// Of their topics and payloads.
    bytes: usize,
    events: VecDeque<Event>,
    bound: usize,
    overflow: Overflow,
    dropped: i64,
    /// Why nothing more will come: closed, or the port is gone.
    end: Option<Error>,
    /// Counts the calls of cancel, so that a waiter sees one that came during its wait.
    cancels: u64,
    /// Counts the calls of let_through in the same way.
    let_through: u64,
    signal: Option<signal::Signal>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                messages: VecDeque::new(),
                bytes: 0,
                events: VecDeque::new(),
                bound: 10_000,
                overflow: Overflow::Block,
                dropped: 0,
                end: None,
                cancels: 0,
                let_through: 0,
                signal: None,
            }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn set_bound(&self, bound: usize) {
        self.lock().bound = bound;
        self.changed.notify_all();
    }

    pub(crate) fn set_overflow(&self, overflow: Overflow) {
        self.lock().overflow = overflow;
        self.changed.notify_all();
    }

    /// Adds a message; with [`Overflow::Block`] it waits for room, which holds up the port.
    pub(crate) fn push_message(&self, message: Message) {
        let mut state = self.lock();
        let let_through = state.let_through;
        let blocked = |state: &State| {
            state.is_full() && state.overflow == Overflow::Block && state.let_through == let_through
        };
        while blocked(&state) {
            if state.end.is_some() {
                return;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        while state.overflow != Overflow::Block && state.is_full() {
            state.dropped += 1;
            if state.overflow == Overflow::DropNewest {
                return;
            }
            state.pop_message();
        }
        state.report_dropped();
        state.bytes += weight(&message);
        state.messages.push_back(message);
        self.announce(&state);
    }

    pub(crate) fn push_event(&self, event: Event) {
        let mut state = self.lock();
        state.push_event(event);
        self.announce(&state);
    }

    /// Nothing more comes; what is there can still be taken.
    pub(crate) fn finish(&self, why: Error) {
        self.lock().end.get_or_insert(why);
        self.changed.notify_all();
    }

    /// Has `take` look at the oldest message; if it returns `Ok`, the message is removed.
    pub(crate) fn with_message(
        &self,
        limit: Option<Duration>,
        take: impl FnOnce(&Message) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut state = self.wait(limit, "message", |state| !state.messages.is_empty())?;
        if let Some(message) = state.messages.front() {
            take(message)?;
            state.pop_message();
            state.report_dropped();
            self.taken(&state);
        }
        Ok(())
    }

    /// Has `take` look at the oldest event; if it returns `Ok`, the event is removed.
    pub(crate) fn with_event(
        &self,
        limit: Option<Duration>,
        take: impl FnOnce(&Event) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut state = self.wait(limit, "event", |state| !state.events.is_empty())?;
        if let Some(event) = state.events.front() {
            take(event)?;
            state.events.pop_front();
            self.taken(&state);
        }
        Ok(())
    }

    /// A descriptor that is readable while something waits.
    pub(crate) fn event_fd(&self) -> Result<i32, Error> {
        let mut state = self.lock();
        if state.signal.is_none() {
            state.signal = Some(signal::Signal::new()?);
            self.announce(&state);
        }
        Ok(state.signal.as_ref().map_or(-1, signal::Signal::descriptor))
    }

    /// A message that waits for room goes in without: those behind it go to a callback now.
    pub(crate) fn let_through(&self) {
        self.lock().let_through += 1;
        self.changed.notify_all();
    }

    pub(crate) fn cancel(&self) {
        self.lock().cancels += 1;
        self.changed.notify_all();
    }

    pub(crate) fn close(&self) {
        self.lock().end = Some(Error::new(ErrorCode::Closed, ""));
        self.changed.notify_all();
    }

    fn wait(
        &self,
        limit: Option<Duration>,
        what: &str,
        ready: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'_, State>, Error> {
        let begun = Instant::now();
        let mut state = self.lock();
        let cancels = state.cancels;
        loop {
            if ready(&state) {
                return Ok(state);
            }
            if let Some(end) = &state.end {
                return Err(end.clone());
            }
            if state.cancels != cancels {
                return Err(Error::new(ErrorCode::Cancelled, ""));
            }
            state = match limit {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(limit) => {
                    let left = limit.saturating_sub(begun.elapsed());
                    if left.is_zero() {
                        return Err(Error::new(
                            ErrorCode::Timeout,
                            format!("no {what} arrived within {} ms", limit.as_millis()),
                        ));
                    }
                    self.changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    fn announce(&self, state: &State) {
        if let Some(signal) = &state.signal {
            if !(state.messages.is_empty() && state.events.is_empty()) {
                signal.raise();
            }
        }
        self.changed.notify_all();
    }

    fn taken(&self, state: &State) {
        if let Some(signal) = &state.signal {
            if state.messages.is_empty() && state.events.is_empty() {
                signal.clear();
            }
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(message: &Message) -> usize {
    message.topic.len() + message.payload.len()
}

impl State {
    fn is_full(&self) -> bool {
        let most_bytes = MOST_BYTES.max(self.bound.saturating_mul(1024));
        self.messages.len() >= self.bound || self.bytes >= most_bytes
    }

    fn pop_message(&mut self) {
        if let Some(message) = self.messages.pop_front() {
            self.bytes -= weight(&message);
        }
    }

    fn push_event(&mut self, event: Event) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(event);
    }

    fn report_dropped(&mut self) {
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            self.push_event(Event::new(
                EventKind::Dropped,
                dropped,
                "the queue was full",
            ));
        }
    }
}

#[cfg(target_os = "linux")]
mod signal {
    use std::os::fd::{AsRawFd, OwnedFd};

    use m531x_core::{Error, ErrorCode};
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io::{read, write};

    /// An eventfd: readable while raised.
    pub(super) struct Signal(OwnedFd);

    impl Signal {
        pub(super) fn new() -> Result<Self, Error> {
            eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
                .map(Self)
                .map_err(|error| {
                    Error::new(
                        ErrorCode::Internal,
                        format!("no event descriptor is to be had: {error}"),
                    )
                })
        }

        pub(super) fn descriptor(&self) -> i32 {
            self.0.as_raw_fd()
        }

        pub(super) fn raise(&self) {
            // It fails only when the counter is full, and then it is raised.
            let _ = write(&self.0, &1u64.to_ne_bytes());
        }

        pub(super) fn clear(&self) {
            // It fails only when it was not raised.
            let _ = read(&self.0, &mut [0; 8]);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod signal {
    use std::convert::Infallible;

    use m531x_core::{Error, ErrorCode};

    /// There is no such descriptor on this system, so there is never a value of this type.
    pub(super) struct Signal(Infallible);

    impl Signal {
        pub(super) fn new() -> Result<Self, Error> {
            Err(Error::new(
                ErrorCode::InvalidArgument,
                "m531x_event_fd exists on Linux only: wait with m531x_wait_message here",
            ))
        }

        pub(super) fn descriptor(&self) -> i32 {
            match self.0 {}
        }

        pub(super) fn raise(&self) {
            match self.0 {}
        }

        pub(super) fn clear(&self) {
            match self.0 {}
        }
    }
}
