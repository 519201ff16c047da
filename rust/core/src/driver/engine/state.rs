//! The state behind the engine's lock.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use m531x_threads::Thread;

use super::Engine;
use crate::driver::callbacks::{DoneCallback, Job, ReadySignal};
use crate::driver::outbox::{Link, Outbox};
use crate::driver::recorder::{Line, RecordedSession};
use crate::driver::sync::Condvar;
use crate::driver::sync::channel::Sender;
use crate::driver::ticket::Ticket;
use crate::driver::trace::Trace;
use crate::session::{OperationId, Outcome};
use crate::transport::{Interest, PortReopener, Transport};
use crate::{Error, ErrorCode, Receipt};

/// Large enough for all that a pseudo-terminal or a serial driver keeps.
const READ_SIZE: usize = 16 * 1024;
/// So many bytes are read on behind a full mailbox for the answer to a command.
const RESERVE: usize = 256 << 10;
/// A rest of the port that a recording notes.
const WORTH_A_NOTE: Duration = Duration::from_millis(100);

/// Who reads the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Reader,
    Leader,
    /// A leader left and a parked caller was asked to follow; the first who looks takes the lead.
    Vacant,
}

/// What the leader sleeps for.
pub(super) struct Leading {
    pub(super) ticket: Ticket,
    pub(super) until: Option<Instant>,
    pub(super) interest: Interest,
}

/// One operation, from its beginning until its result was fetched.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) outcome: Option<Result<Outcome, Error>>,
    pub(super) callbacks: Vec<DoneCallback>,
    pub(super) ready: Option<ReadySignal>,
    /// Its end is an event, of this number.
    pub(super) token: Option<u32>,
    /// Only the callbacks still want the result.
    pub(super) detached: bool,
}

pub(super) struct EngineState {
    /// The engine, for threads that come back to it.
    pub(super) myself: Weak<Engine>,
    pub(super) session: RecordedSession,
    /// What a recording notes about the port.
    pub(super) line: Line,
    pub(super) trace: Option<Trace>,
    /// `None` after the end, and while a port that vanished is looked for.
    pub(super) port: Option<Arc<Transport>>,
    pub(super) buffer: Box<[u8]>,
    /// What the port did not take at once.
    pub(super) unsent: Vec<u8>,
    pub(super) slots: HashMap<Ticket, Slot>,
    /// How many operations of the application may be under way.
    pub(super) max_waiting: usize,
    /// Callers that wait while another leads.
    pub(super) parked: Vec<(Ticket, Arc<Condvar>)>,
    pub(super) role: Role,
    pub(super) leading: Option<Leading>,
    /// What the reader thread is woken for, as last set.
    pub(super) interest: Interest,
    pub(super) reader_deadline: Option<Instant>,
    pub(super) reader_wakeups: u64,
    /// Why no operation can begin: closed, or the port is gone.
    pub(super) end: Option<Error>,
    pub(super) closed: bool,
    pub(super) cancel_epoch: u64,
    pub(super) jobs: Option<Sender<Job>>,
    /// How a port that vanished is found again; `None` ends everything with the port.
    pub(super) reopener: Option<PortReopener>,
    /// A thread is looking for the port.
    pub(super) reopening: bool,
    pub(super) search: Option<Thread>,
    pub(super) outbox: Option<Arc<Outbox>>,
    /// Operations that the outbox has begun.
    pub(super) outbox_sending: HashSet<OperationId>,
    /// What the outbox knows of the connection.
    pub(super) outbox_link: Link,
    /// With [`Overflow::Block`](crate::Overflow::Block) there is no room for what the session has.
    pub(super) blocked: bool,
    /// How many bytes have been read since, for the sake of a command's answer.
    pub(super) read_while_blocked: usize,
    /// When the mailbox wants to report what it has dropped.
    pub(super) report_at: Option<Instant>,
    paused_since: Option<Instant>,
    paused_for: Duration,
}

impl EngineState {
    pub(super) fn new(
        port: Transport,
        session: RecordedSession,
        line: Line,
        trace: Option<Trace>,
        max_waiting: usize,
    ) -> Self {
        Self {
            myself: Weak::new(),
            session,
            line,
            trace,
            port: Some(Arc::new(port)),
            buffer: vec![0; READ_SIZE].into_boxed_slice(),
            unsent: Vec::new(),
            slots: HashMap::new(),
            max_waiting,
            parked: Vec::new(),
            role: Role::Reader,
            leading: None,
            interest: Interest::NONE,
            reader_deadline: None,
            reader_wakeups: 0,
            end: None,
            closed: false,
            cancel_epoch: 0,
            jobs: None,
            reopener: None,
            reopening: false,
            search: None,
            outbox: None,
            outbox_sending: HashSet::new(),
            outbox_link: Link::default(),
            blocked: false,
            read_while_blocked: 0,
            report_at: None,
            paused_since: None,
            paused_for: Duration::ZERO,
        }
    }

    pub(super) fn has_outcome(&self, ticket: Ticket) -> bool {
        self.slots
            .get(&ticket)
            .is_none_or(|slot| slot.outcome.is_some())
    }

    /// The result, once there is one. It stays, for a delivery may be asked many times.
    pub(super) fn outcome(&self, ticket: Ticket) -> Option<Result<Outcome, Error>> {
        match self.slots.get(&ticket) {
            Some(slot) => slot.outcome.clone(),
            None => Some(Err(self.end.clone().unwrap_or_else(|| {
                Error::new(ErrorCode::InvalidArgument, "the result was already taken")
            }))),
        }
    }

    pub(super) fn complete(&mut self, ticket: Ticket, outcome: Result<Outcome, Error>) {
        let Some(slot) = self.slots.get_mut(&ticket) else {
            return;
        };
        for callback in slot.callbacks.drain(..) {
            let ended = outcome.clone().and_then(Receipt::try_from);
            // Without a dispatcher there is no callback: registering one starts it.
            if let Some(jobs) = &self.jobs {
                let _ = jobs.send(Job::Done(callback, ended));
            }
        }
        let ready = slot.ready.take();
        if let (Some(token), Some(engine)) = (slot.token, self.myself.upgrade()) {
            engine.report_end(token, &outcome);
        }
        if slot.detached {
            self.slots.remove(&ticket);
        } else {
            slot.outcome = Some(outcome);
        }
        for (_, condvar) in self.parked.iter().filter(|(parked, _)| *parked == ticket) {
            condvar.notify_one();
        }
        if let Some(ready) = ready {
            ready();
        }
    }

    pub(super) fn wake_parked(&self) {
        for (_, condvar) in &self.parked {
            condvar.notify_one();
        }
    }

    pub(super) fn leader_sleeps_too_long(&self) -> bool {
        let Some(leading) = &self.leading else {
            return false;
        };
        let missed_deadline = match (self.next_deadline(), leading.until) {
            (Some(next), Some(until)) => next < until,
            (Some(_), None) => true,
            (None, _) => false,
        };
        missed_deadline
            || (!self.unsent.is_empty() && !leading.interest.write)
            || self.has_outcome(leading.ticket)
    }

    /// The next deadline of the session, on the real clock, or of the mailbox.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        if self.paused_since.is_some() {
            return None;
        }
        let session = self.session.poll_timeout().map(|due| due + self.paused_for);
        session.into_iter().chain(self.report_at).min()
    }

    /// The session's clock: it stands still while the port is not read, or the bytes that wait in
    /// the operating system would look like silence on the line.
    pub(super) fn now(&self) -> Instant {
        let now = self.paused_since.unwrap_or_else(Instant::now);
        now.checked_sub(self.paused_for).unwrap_or(now)
    }

    /// Whether the port is not to be read: there is no room, and no answer is due or it is too far
    /// behind.
    pub(super) fn is_backpressured(&self) -> bool {
        self.blocked && (self.session.idle() || self.is_held_back())
    }

    /// Whether the reserve is used up that an answer has behind a full mailbox.
    pub(super) fn is_held_back(&self) -> bool {
        self.blocked && self.read_while_blocked > RESERVE
    }

    pub(super) fn is_clock_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    pub(super) fn pause_clock(&mut self) {
        self.paused_since.get_or_insert_with(Instant::now);
    }

    pub(super) fn resume_clock(&mut self) {
        if let Some(since) = self.paused_since.take() {
            let paused = since.elapsed();
            self.paused_for += paused;
            if paused >= WORTH_A_NOTE {
                let now = self.now();
                self.session.note(now, || {
                    let seconds = paused.as_secs_f64();
                    format!("the port was not read for {seconds:.3} s, which do not count: the queue was full")
                });
            }
        }
    }
}
