//! Who reads the port, and who waits for what.
//!
//! One thread at a time reads: the *reader thread* while no caller waits, otherwise one of the
//! waiting callers, the *leader*. A caller that waits for its own answer so gets it straight from
//! the port, without a second thread switch; the others are parked until the leader hands them
//! their result. A leader that has its result passes the lead to a parked caller, or gives the
//! port back to the reader thread. Whoever reads also serves the session's timers and what is left
//! to write. While nothing happens nobody wakes.
//!
//! All state is in one [`Shared`] behind one lock, which is never held while a thread sleeps or
//! while user code runs. Reading happens under the lock, so bytes keep their order when the reader
//! changes.

#[cfg(feature = "outbox")]
mod feeding;
mod kept;
mod lead;
mod reader;
mod recording;
mod search;
mod shared;
mod turn;

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::convert::receipt;
use super::dispatcher::Job;
use super::io::{Interest, PlatformWaiter, Port, Transport, Waiter};
use super::queue::{Queue, Received};
use super::recorder::{Line, TapedSession};
use super::sync::channel::{SendError, Sender};
use super::sync::{AtomicBool, AtomicU64, Condvar, Mutex, MutexGuard};
use super::wire_log::{WireEntry, WireLog};
use super::{ModemOptions, Stats};
use crate::session::{OperationId, Outcome, Request, Session};
use crate::{Error, ErrorCode, Incoming, Receipt, Recovery};
#[cfg(all(test, loom))]
pub(super) use reader::read_on;
pub(super) use reader::spawn_reader;
pub(super) use search::Lookout;
use shared::{Role, Shared, Slot};

/// What to call with the end of a delivery.
pub(super) type DoneCallback = Box<dyn FnOnce(Result<Receipt, Error>) + Send>;

/// What to call when an operation has ended, for whoever does not wait on a thread.
pub(super) type ReadySignal = Box<dyn FnOnce() + Send>;

/// How long `close` waits for the leader, which needs microseconds to wake. In a model, where time
/// stands still, it is as long as it takes.
const LEADER_LEAVES: Duration = if cfg!(all(test, loom)) {
    Duration::from_secs(3600)
} else {
    Duration::from_millis(20)
};

pub(super) struct Engine {
    shared: Mutex<Shared>,
    waiter: PlatformWaiter,
    queue: Queue,
    /// Signalled when a leader has left after the end, so that `close` knows the port is free.
    left: Condvar,
    /// Signalled at the end, for a thread that looks for the port.
    ended: Condvar,
    callback_panics: AtomicU64,
    /// What receivers look at, so that they need not wait for a turn to end.
    closed: AtomicBool,
}

impl Engine {
    pub(super) fn new(
        port: Transport,
        line: Line,
        session: TapedSession,
        options: &ModemOptions,
    ) -> io::Result<Self> {
        let waiter = PlatformWaiter::new(&port)?;
        let wire = WireLog::new(options.wire_log);
        Ok(Self {
            waiter,
            shared: Mutex::new(Shared::new(port, session, line, wire)),
            queue: Queue::new(options.queue_size, options.overflow),
            left: Condvar::new(),
            ended: Condvar::new(),
            callback_panics: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        })
    }

    /// Begins an operation and waits for its end.
    pub(super) fn run(&self, request: Request) -> Result<Outcome, Error> {
        let (shared, id) = self.begin_as_leader(request)?;
        let mut cancelled = None;
        let (mut shared, outcome) = self.wait_locked(shared, id, None, &mut cancelled);
        let outcome = outcome.or(cancelled.map(Err));
        if let Some(Slot { outcome: None, .. }) = shared.slots.remove(&id) {
            self.abandon_locked(&mut shared, id);
            self.tell_whoever_reads(&mut shared);
        }
        drop(shared);
        outcome.unwrap_or_else(|| {
            Err(Error::new(
                ErrorCode::Internal,
                "a wait without a time limit ran out",
            ))
        })
    }

    /// Begins an operation and waits for its end, but not longer than `slice`. The result stays.
    pub(super) fn start_and_wait(
        &self,
        request: Request,
        slice: Duration,
    ) -> Result<OperationId, Error> {
        let (shared, id) = self.begin_as_leader(request)?;
        let deadline = Instant::now().checked_add(slice);
        let mut cancelled = None;
        let (shared, _) = self.wait_locked(shared, id, deadline, &mut cancelled);
        drop(shared);
        if let Some(error) = cancelled {
            self.forget(id);
            return Err(error);
        }
        Ok(id)
    }

    /// The lead is taken before the first byte is sent, or the answer could wake the reader thread;
    /// the caller goes on to wait.
    fn begin_as_leader(
        &self,
        request: Request,
    ) -> Result<(MutexGuard<'_, Shared>, OperationId), Error> {
        let mut shared = self.lock();
        if shared.role == Role::Reader && shared.port.is_some() {
            shared.role = Role::Vacant;
            self.set_interest(&mut shared, Interest::NONE);
        }
        match self.begin(&mut shared, request) {
            Ok(id) => {
                self.tell_whoever_reads(&mut shared);
                Ok((shared, id))
            }
            Err(error) => {
                if shared.role == Role::Vacant {
                    self.hand_over(&mut shared);
                }
                Err(error)
            }
        }
    }

    /// Begins an operation that is waited for later, or never.
    pub(super) fn start(&self, request: Request) -> Result<OperationId, Error> {
        let mut shared = self.lock();
        let id = self.begin(&mut shared, request)?;
        self.tell_whoever_reads(&mut shared);
        Ok(id)
    }

    /// Waits for an operation's end; `None` when the slice elapsed first. The result stays.
    pub(super) fn wait(
        &self,
        id: OperationId,
        slice: Option<Duration>,
    ) -> Option<Result<Outcome, Error>> {
        // An `Instant` cannot hold every `Duration`: what is beyond it is for ever.
        let deadline = slice.and_then(|slice| Instant::now().checked_add(slice));
        let mut cancelled = None;
        let (shared, outcome) = self.wait_locked(self.lock(), id, deadline, &mut cancelled);
        drop(shared);
        outcome.or(cancelled.map(Err))
    }

    pub(super) fn is_done(&self, id: OperationId) -> bool {
        self.lock().has_outcome(id)
    }

    /// Has `signal` called when the operation has ended, under the lock.
    pub(super) fn on_ready(&self, id: OperationId, signal: ReadySignal) {
        let mut shared = self.lock();
        match shared.slots.get_mut(&id) {
            Some(slot) if slot.outcome.is_none() => slot.ready = Some(signal),
            _ => signal(),
        }
    }

    /// Nobody will ask for this result any more; an operation that is not done is given up.
    pub(super) fn forget(&self, id: OperationId) {
        let mut shared = self.lock();
        if let Some(Slot { outcome: None, .. }) = shared.slots.remove(&id) {
            self.abandon_locked(&mut shared, id);
            self.tell_whoever_reads(&mut shared);
        }
    }

    /// Nobody will ask for this result any more, but the operation goes on.
    pub(super) fn detach(&self, id: OperationId) {
        let mut shared = self.lock();
        if let Some(slot) = shared.slots.get_mut(&id) {
            if slot.outcome.is_some() || slot.callbacks.is_empty() {
                shared.slots.remove(&id);
            } else {
                slot.detached = true;
            }
        }
    }

    /// Has `callback` run by the dispatcher when the operation ends, or gives it back with the
    /// result if there is no dispatcher any more.
    pub(super) fn on_done(
        &self,
        id: OperationId,
        callback: DoneCallback,
    ) -> Result<(), (DoneCallback, Result<Receipt, Error>)> {
        let mut shared = self.lock();
        let end = shared.end.clone();
        let Some(slot) = shared.slots.get_mut(&id) else {
            let error =
                end.unwrap_or_else(|| Error::new(ErrorCode::Internal, "the delivery is unknown"));
            return Err((callback, Err(error)));
        };
        let Some(outcome) = &slot.outcome else {
            slot.callbacks.push(callback);
            return Ok(());
        };
        let receipt = outcome.clone().and_then(receipt);
        match &shared.jobs {
            Some(jobs) => match jobs.send(Job::Done(callback, receipt)) {
                Err(SendError(Job::Done(callback, receipt))) => Err((callback, receipt)),
                _ => Ok(()),
            },
            None => Err((callback, receipt)),
        }
    }

    /// Wakes every thread that waits for an operation or for the queue.
    pub(super) fn cancel(&self) {
        let mut shared = self.lock();
        shared.cancel_epoch += 1;
        shared.wake_parked();
        if shared.role == Role::Leader {
            self.waiter.wake_leader();
        }
        drop(shared);
        self.queue.cancel();
    }

    /// Ends everything and frees the port; true the first time.
    pub(super) fn close(&self) -> bool {
        let mut shared = self.lock();
        if shared.closed {
            return false;
        }
        shared.closed = true;
        self.closed.store(true, Ordering::SeqCst);
        self.end(&mut shared, closed());
        shared.session.handle_closed();
        // The leader holds the port until it has woken.
        let deadline = Instant::now() + LEADER_LEAVES;
        while shared.role == Role::Leader {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            shared = self
                .left
                .wait_timeout(shared, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        drop(shared);
        self.end_recording();
        true
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn recv(&self, timeout: Option<Duration>) -> Result<Option<Incoming>, Error> {
        if self.is_closed() {
            return Err(closed());
        }
        let received = self.queue.recv(timeout);
        self.after_receiving();
        received.into_result(|| self.why_ended())
    }

    pub(super) fn recv_batch(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        if max == 0 {
            return Ok(0);
        }
        let Some(first) = self.recv(timeout)? else {
            return Ok(0);
        };
        out.push(first);
        let mut count = 1;
        while count < max {
            let Received::Entry(entry) = self.queue.try_recv() else {
                break;
            };
            out.push(entry);
            count += 1;
        }
        self.after_receiving();
        Ok(count)
    }

    /// One entry if there is one, without waiting.
    pub(super) fn try_recv(&self) -> Received {
        let received = self.queue.try_recv();
        self.after_receiving();
        received
    }

    /// To be called by whoever took entries off the queue: the port may be read again.
    pub(super) fn after_receiving(&self) {
        if self.queue.has_room_again() {
            let mut shared = self.lock();
            if shared.role == Role::Reader && shared.end.is_none() {
                self.sync_reader(&mut shared);
            }
        }
    }

    #[cfg(all(test, loom))]
    pub(super) fn waiter(&self) -> &PlatformWaiter {
        &self.waiter
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(super) fn with_session<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&self.lock().session)
    }

    /// The lines on the port that are kept, from a number on.
    pub(super) fn wire_log(&self, since: u64) -> Vec<WireEntry> {
        let shared = self.lock();
        shared
            .wire
            .as_ref()
            .map_or_else(Vec::new, |log| log.since(since))
    }

    pub(super) fn wake_for_wire_log(&self) {
        if let Some(log) = &mut self.lock().wire {
            log.wakes_receiver = true;
        }
    }

    /// Changes whether and how a lost connection or port is made again.
    pub(super) fn set_recovery(&self, recovery: &Recovery) {
        let mut shared = self.lock();
        if shared.end.is_some() {
            return;
        }
        let now = shared.now();
        shared.session.set_recovery(now, recovery);
        self.settle(&mut shared, now);
        if shared.port.is_none() && !recovery.enabled {
            self.lose_port_for_good(
                &mut shared,
                "it had vanished and is not looked for any more",
            );
            return;
        }
        self.tell_whoever_reads(&mut shared);
    }

    /// For the start-up at another speed: nothing may be in flight.
    pub(super) fn replace_session(&self, session: Session, baudrate: u32) -> io::Result<()> {
        let mut shared = self.lock();
        if let Some(port) = &shared.port {
            port.set_baudrate(baudrate)?;
        }
        let now = shared.now();
        shared.session.replace(now, session, baudrate);
        shared.line.baudrate = Some(baudrate);
        shared.unsent.clear();
        Ok(())
    }

    /// Where the dispatcher gets its work from; `None` once it is to stop.
    pub(super) fn set_jobs(&self, jobs: Option<Sender<Job>>) {
        let mut shared = self.lock();
        shared.jobs = jobs.filter(|_| !shared.closed);
    }

    pub(super) fn count_callback_panic(&self) {
        self.callback_panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> Stats {
        let shared = self.lock();
        Stats {
            session: shared.session.stats(),
            queued: self.queue.len(),
            dropped: self.queue.dropped(),
            callback_panics: self.callback_panics.load(Ordering::Relaxed),
            reader_wakeups: shared.reader_wakeups,
            outbox: shared.kept.outbox.as_ref().map(|outbox| outbox.stats()),
        }
    }

    pub(super) fn why_ended(&self) -> Error {
        self.lock().end.clone().unwrap_or_else(closed)
    }

    fn begin(&self, shared: &mut Shared, request: Request) -> Result<OperationId, Error> {
        if let Some(end) = &shared.end {
            return Err(end.clone());
        }
        shared.thaw();
        let now = shared.now();
        let id = shared.session.begin(now, request)?;
        shared.slots.insert(id, Slot::default());
        self.settle(shared, now);
        Ok(id)
    }

    fn abandon_locked(&self, shared: &mut Shared, id: OperationId) {
        if shared.end.is_none() {
            let now = shared.now();
            shared.session.abandon(now, id);
            self.settle(shared, now);
        }
    }

    /// Whatever this thread changed must reach the one that sleeps on the port.
    fn tell_whoever_reads(&self, shared: &mut Shared) {
        match shared.role {
            Role::Reader => self.sync_reader(shared),
            Role::Leader if shared.leader_sleeps_too_long() => self.waiter.wake_leader(),
            // Whoever takes the lead looks at everything anew.
            Role::Leader | Role::Vacant => {}
        }
    }

    /// A panic elsewhere must not spread through the lock: every change of the state is complete
    /// before user code or a foreign call can run.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "the modem was closed; open it again")
}
