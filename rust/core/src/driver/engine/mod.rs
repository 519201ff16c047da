//! Who reads the port, and who waits for what.
//!
//! One thread at a time reads: the *reader thread* while no caller waits (on Linux one thread for all
//! modems), otherwise one of the waiting callers, the *leader*. A caller that waits for its own answer so gets it straight from
//! the port, without a second thread switch; the others are parked until the leader hands them
//! their result. A leader that has its result passes the lead to a parked caller, or gives the
//! port back to the reader thread. The thread that reads also serves the session's timers and what
//! is left to write. While nothing happens no thread wakes.
//!
//! All state is in one [`EngineState`] behind one lock, which is never held while a thread sleeps or
//! while user code runs. Reading happens under the lock, so bytes keep their order when the reader
//! changes.

mod leader;
mod operations;
mod outbox;
mod passwords;
mod poll;
mod reader;
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(all(test, loom)))))]
mod reader_each;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
mod reader_shared;
mod recording;
mod reopen;
mod state;
#[cfg(feature = "outbox")]
mod stored;

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::callbacks::Job;
use super::mailbox::{Limits, Mailbox};
use super::recorder::{Line, RecordedSession};
use super::sync::channel::Sender;
use super::sync::{AtomicBool, AtomicU64, Condvar, Mutex, MutexGuard};
use super::trace::{Trace, TraceEntry};
use super::{ModemOptions, Stats};
use crate::session::Session;
use crate::transport::{PlatformWaiter, Port, Transport, Waiter};
use crate::{Error, ErrorCode, Recovery};
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(all(test, loom)))))]
pub(super) use reader_each::Reader;
#[cfg(all(test, loom))]
pub(super) use reader_each::read_on;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
pub(super) use reader_shared::Reader;
use state::{EngineState, Role};

/// How long `close` waits for the leader, which needs microseconds to wake. In a model, where time
/// stands still, it is as long as it takes.
const LEADER_LEAVES: Duration = if cfg!(all(test, loom)) {
    Duration::from_secs(3600)
} else {
    Duration::from_millis(20)
};

pub(super) struct Engine {
    state: Mutex<EngineState>,
    waiter: PlatformWaiter,
    mailbox: Mailbox,
    /// Signalled when a leader has left after the end, so that `close` knows the port is free.
    left: Condvar,
    /// Signalled at the end, for a thread that looks for the port.
    ended: Condvar,
    callback_panics: AtomicU64,
    /// What receivers look at, so that they need not wait for a poll to end.
    closed: AtomicBool,
}

impl Engine {
    pub(super) fn new(
        port: Transport,
        line: Line,
        session: RecordedSession,
        options: &ModemOptions,
    ) -> io::Result<Self> {
        let waiter = PlatformWaiter::new(&port)?;
        let trace = Trace::new(options.trace);
        Ok(Self {
            waiter,
            state: Mutex::new(EngineState::new(
                port,
                session,
                line,
                trace,
                options.max_waiting,
            )),
            mailbox: Mailbox::new(Limits {
                messages: options.queue_size.max(1),
                bytes: options.queue_bytes,
                overflow: options.overflow,
            }),
            left: Condvar::new(),
            ended: Condvar::new(),
            callback_panics: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        })
    }

    /// Wakes every thread that waits for an operation or for the mailbox.
    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        state.cancel_epoch += 1;
        state.wake_parked();
        if state.role == Role::Leader {
            self.waiter.wake_leader();
        }
        drop(state);
        self.mailbox.cancel();
    }

    /// Ends everything and frees the port; true the first time.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.closed = true;
        self.closed.store(true, Ordering::SeqCst);
        self.end(&mut state, closed());
        state.session.handle_closed();
        // The leader holds the port until it has woken.
        let deadline = Instant::now() + LEADER_LEAVES;
        while state.role == Role::Leader {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .left
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        drop(state);
        self.end_recording();
        true
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    #[cfg(all(test, loom))]
    pub(super) fn waiter(&self) -> &PlatformWaiter {
        &self.waiter
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub(super) fn set_queue_limits(&self, limits: Limits) {
        self.mailbox.set_limits(limits);
        // A larger one has room again.
        self.after_receiving();
    }

    pub(super) fn with_session<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&self.lock().session)
    }

    /// Whether there is a serial line, on which bytes are lost that are not read in time.
    pub(super) fn is_serial_line(&self) -> bool {
        self.lock()
            .port
            .as_ref()
            .is_some_and(|port| port.is_real_line())
    }

    /// The lines on the port that are kept, from a number on.
    pub(super) fn trace(&self, since: u64) -> Vec<TraceEntry> {
        let state = self.lock();
        state
            .trace
            .as_ref()
            .map_or_else(Vec::new, |log| log.since(since))
    }

    pub(super) fn wake_for_trace(&self) {
        if let Some(log) = &mut self.lock().trace {
            log.wakes_receiver = true;
        }
    }

    /// Changes whether and how a lost connection or port is made again.
    pub(super) fn set_recovery(&self, recovery: &Recovery) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        let now = state.now();
        state.session.set_recovery(now, recovery);
        self.drain_session(&mut state, now);
        if state.port.is_none() && !recovery.enabled {
            self.lose_port_for_good(
                &mut state,
                "it had vanished, and reopening it is switched off",
            );
            return;
        }
        self.wake_owner(&mut state);
    }

    /// For the start-up at another speed: nothing may be in flight.
    pub(super) fn replace_session(&self, session: Session, baudrate: u32) -> io::Result<()> {
        let mut state = self.lock();
        if let Some(port) = &state.port {
            port.set_baudrate(baudrate)?;
        }
        let now = state.now();
        state.session.replace(now, session, baudrate);
        state.line.baudrate = Some(baudrate);
        state.unsent.clear();
        Ok(())
    }

    pub(super) fn set_max_waiting(&self, most: usize) {
        self.lock().max_waiting = most;
    }

    /// Where the dispatcher gets its work from; `None` once it is to stop.
    pub(super) fn set_jobs(&self, jobs: Option<Sender<Job>>) {
        let mut state = self.lock();
        state.jobs = jobs.filter(|_| !state.closed);
    }

    pub(super) fn count_callback_panic(&self) {
        self.callback_panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> Stats {
        let (queued, queued_events) = self.mailbox.len();
        let (dropped, dropped_events) = self.mailbox.dropped();
        let state = self.lock();
        Stats {
            session: state.session.stats(),
            queued,
            queued_events,
            dropped,
            dropped_events,
            callback_panics: self.callback_panics.load(Ordering::Relaxed),
            reader_wakeups: state.reader_wakeups,
            outbox: state.outbox.as_ref().map(|outbox| outbox.stats()),
        }
    }

    pub(in crate::driver) fn ended(&self) -> Option<Error> {
        self.lock().end.clone()
    }

    pub(super) fn why_ended(&self) -> Error {
        self.ended().unwrap_or_else(closed)
    }

    /// Every change of this thread must reach the one that sleeps on the port.
    fn wake_owner(&self, state: &mut EngineState) {
        match state.role {
            Role::Reader => self.sync_reader(state),
            Role::Leader if state.leader_sleeps_too_long() => self.waiter.wake_leader(),
            // The next leader looks at everything anew.
            Role::Leader | Role::Vacant => {}
        }
    }

    /// A panic elsewhere must not spread through the lock: every change of the state is complete
    /// before user code or a foreign call can run.
    fn lock(&self) -> MutexGuard<'_, EngineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "the modem was closed; open it again")
}
