//! The thread that runs user callbacks, one after the other, with no lock held.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::engine::{DoneCallback, Engine};
use super::mailbox::Received;
use super::sync::channel::{self, Receiver, Sender, TryRecvError, select};
use crate::thread::spawn_thread;
use crate::{Error, Incoming, Receipt};

/// What to call for every message and event.
pub(super) type Handler = Box<dyn FnMut(Incoming) + Send>;

pub(super) enum Job {
    SetHandler(Handler),
    Done(DoneCallback, Result<Receipt, Error>),
}

/// The handle to a running dispatcher; the thread ends when the jobs' senders are gone.
pub(super) struct Dispatcher {
    jobs: Sender<Job>,
    gate: Arc<Gate>,
    thread: ThreadId,
}

impl Dispatcher {
    pub(super) fn start(engine: Arc<Engine>) -> io::Result<Self> {
        let (jobs, work) = channel::unbounded();
        let gate = Arc::new(Gate::default());
        engine.set_jobs(Some(jobs.clone()));
        let thread = spawn_thread("m531x-dispatcher", {
            let gate = Arc::clone(&gate);
            move || dispatch(&engine, &work, &gate)
        })?;
        Ok(Self {
            jobs,
            gate,
            thread: thread.thread().id(),
        })
    }

    pub(super) fn send(&self, job: Job) {
        // A dispatcher that has ended has nobody left to call.
        let _ = self.jobs.send(job);
    }

    /// No message callback begins after this; one that runs may finish after it, and is waited for
    /// a moment unless it is the caller.
    pub(super) fn stop(self) {
        let mut state = self.gate.lock();
        state.closed = true;
        if thread::current().id() == self.thread {
            return;
        }
        let deadline = Instant::now() + Duration::from_millis(20);
        while state.running {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .gate
                .finished
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Keeps `close` and the start of a callback apart.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    finished: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: bool,
    running: bool,
}

impl Gate {
    /// Runs a callback unless the modem was closed; false if the callback panicked.
    fn pass(&self, callback: impl FnOnce()) -> bool {
        {
            let mut state = self.lock();
            if state.closed {
                return true;
            }
            state.running = true;
        }
        let sound = catch_unwind(AssertUnwindSafe(callback)).is_ok();
        self.lock().running = false;
        self.finished.notify_all();
        sound
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn dispatch(engine: &Arc<Engine>, work: &Receiver<Job>, gate: &Gate) {
    let mut handler: Option<Handler> = None;
    let mut queue_ended = false;
    loop {
        match work.try_recv() {
            Ok(job) => {
                handle_job(engine, job, &mut handler);
                continue;
            }
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        let Some(call) = handler.as_mut().filter(|_| !queue_ended) else {
            match work.recv() {
                Ok(job) => handle_job(engine, job, &mut handler),
                Err(_) => return,
            }
            continue;
        };
        match engine.try_recv() {
            Received::Entry(incoming) => deliver(engine, gate, call, incoming),
            Received::Nothing | Received::Cancelled => select! {
                recv(work) -> job => match job {
                    Ok(job) => handle_job(engine, job, &mut handler),
                    Err(_) => return,
                },
                recv(engine.mailbox().receiver()) -> incoming => match incoming {
                    Ok(incoming) => {
                        engine.mailbox().taken(&incoming);
                        engine.after_receiving();
                        deliver(engine, gate, call, incoming);
                    }
                    Err(_) => queue_ended = true,
                },
            },
            Received::End => queue_ended = true,
        }
    }
}

fn deliver(engine: &Engine, gate: &Gate, call: &mut Handler, incoming: Incoming) {
    if !gate.pass(|| call(incoming)) {
        engine.count_callback_panic();
    }
}

fn handle_job(engine: &Engine, job: Job, handler: &mut Option<Handler>) {
    match job {
        Job::SetHandler(new) => *handler = Some(new),
        // Runs after the close as well: a delivery always ends, and whoever asked is told so.
        Job::Done(callback, receipt) => {
            if catch_unwind(AssertUnwindSafe(|| callback(receipt))).is_err() {
                engine.count_callback_panic();
            }
        }
    }
}
