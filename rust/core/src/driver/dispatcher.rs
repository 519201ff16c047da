//! The thread that runs user callbacks, one after the other, with no lock held.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::callbacks::{Handler, HandlerKind, Job};
use super::engine::Engine;
use super::mailbox::{Entry, Select, Untaken};
use super::sync::channel::{self, Receiver, Sender, TryRecvError, select};
use crate::Incoming;
use m531x_threads::Thread;

/// The handle to a running dispatcher; the thread ends when the jobs' senders are gone.
pub(super) struct Dispatcher {
    jobs: Sender<Job>,
    gate: Arc<Gate>,
    thread: Thread,
}

impl Dispatcher {
    pub(super) fn start(engine: Arc<Engine>) -> io::Result<Self> {
        let (jobs, work) = channel::unbounded();
        let gate = Arc::new(Gate::default());
        engine.set_jobs(Some(jobs.clone()));
        let thread = Thread::spawn("m531x-dispatcher", {
            let gate = Arc::clone(&gate);
            move || dispatch(&engine, &work, &gate)
        })?;
        Ok(Self { jobs, gate, thread })
    }

    pub(super) fn send(&self, job: Job) {
        // A dispatcher that has ended makes no further calls.
        let _ = self.jobs.send(job);
    }

    /// No message callback begins after this; one that runs may finish after it, and is waited for
    /// a moment unless it is the caller. The thread has until `leaves` to end.
    pub(super) fn stop(self, leaves: Instant) {
        let mut state = self.gate.lock();
        state.closed = true;
        if self.thread.is_current() {
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
        let idle = !state.running;
        drop(state);
        drop(self.jobs);
        if idle {
            self.thread.join_until(leaves);
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
        let mut state = self.lock();
        state.running = false;
        // To notify costs a system call also if no one waits.
        if state.closed {
            self.finished.notify_all();
        }
        sound
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is called for which entries.
#[derive(Default)]
struct Handlers {
    all: Option<Handler>,
    messages: Option<Handler>,
    events: Option<Handler>,
}

impl Handlers {
    /// What they are called for. A front end with a dispatcher of its own takes the rest: this one may
    /// run there for the ends of deliveries alone.
    fn select(&self) -> Select {
        if self.all.is_some() {
            return Select::ANY;
        }
        let of = |handler: &Option<Handler>, select| {
            if handler.is_some() {
                select
            } else {
                Select::NONE
            }
        };
        of(&self.messages, Select::CALLED_MESSAGES).or(of(&self.events, Select::CALLED_EVENTS))
    }

    fn of(&mut self, incoming: &Incoming) -> Option<&mut Handler> {
        let own = match incoming {
            Incoming::Message(_) => &mut self.messages,
            Incoming::Event(_) => &mut self.events,
        };
        own.as_mut().or(self.all.as_mut())
    }
}

fn dispatch(engine: &Arc<Engine>, work: &Receiver<Job>, gate: &Gate) {
    let mut handlers = Handlers::default();
    let (ready, arrivals) = channel::bounded(1);
    engine.mailbox().add_signal(
        Select::ANY,
        Box::new(move |waits| {
            if waits {
                // A full channel holds a token that has not been taken yet; one is enough.
                let _ = ready.try_send(());
            }
        }),
    );
    let mut ended = false;
    loop {
        match work.try_recv() {
            Ok(job) => {
                handle_job(engine, job, &mut handlers);
                continue;
            }
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        let select = handlers.select();
        if ended || select == Select::NONE {
            match work.recv() {
                Ok(job) => handle_job(engine, job, &mut handlers),
                Err(_) => return,
            }
            continue;
        }
        let taken = engine.mailbox().take(select, Some(Duration::ZERO));
        engine.after_receiving();
        match taken {
            Ok(entry) => deliver(engine, gate, &mut handlers, entry),
            Err(Untaken::End) => ended = true,
            Err(_) => select! {
                recv(work) -> job => match job {
                    Ok(job) => handle_job(engine, job, &mut handlers),
                    Err(_) => return,
                },
                recv(arrivals) -> _ => {}
            },
        }
    }
}

fn deliver(engine: &Engine, gate: &Gate, handlers: &mut Handlers, entry: Entry) {
    let Some(call) = handlers.of(&entry.incoming) else {
        engine.mailbox().put_back(entry);
        return;
    };
    let (number, mut back) = (entry.number, None);
    if !gate.pass(|| back = call(entry.incoming)) {
        engine.count_callback_panic();
    }
    if let Some(incoming) = back {
        engine.mailbox().put_back(Entry { number, incoming });
    }
}

fn handle_job(engine: &Engine, job: Job, handlers: &mut Handlers) {
    match job {
        Job::SetHandler(kind, new) => {
            let place = match kind {
                HandlerKind::All => &mut handlers.all,
                HandlerKind::Messages => &mut handlers.messages,
                HandlerKind::Events => &mut handlers.events,
            };
            *place = new;
        }
        // Runs after the close as well: a delivery always ends, and its callback learns of it.
        Job::Done(callback, receipt) => {
            if catch_unwind(AssertUnwindSafe(|| callback(receipt))).is_err() {
                engine.count_callback_panic();
            }
        }
    }
}
