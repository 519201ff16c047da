//! One reader thread for all modems of the program: it sleeps on all their ports, starts with the first
//! modem and ends with the last.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::Engine;
use crate::driver::sync::lock;
use crate::transport::WaiterSet;
use m531x_threads::{OfThisProcess, spawn_thread};

/// The thread of this process, while it has modems.
static CURRENT: OfThisProcess<Mutex<Option<Running>>> = OfThisProcess::new(|_| Mutex::new(None));

struct Running {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    waiters: WaiterSet,
    modems: Mutex<Modems>,
    /// Signalled when the thread has served a modem.
    served: Condvar,
}

#[derive(Default)]
struct Modems {
    engines: HashMap<u64, Arc<Engine>>,
    next: u64,
    /// The one that is being served.
    serving: Option<u64>,
}

/// The share of one modem in the reader thread.
pub(in crate::driver) struct Reader {
    shared: Arc<Shared>,
    number: u64,
}

impl Reader {
    pub(in crate::driver) fn start(engine: Arc<Engine>) -> io::Result<Self> {
        let mut current = lock(CURRENT.get());
        let running = match current.take() {
            Some(running) if !running.thread.is_finished() => running,
            _ => Running::start()?,
        };
        let shared = Arc::clone(&current.insert(running).shared);
        let added = shared.add(engine);
        if added.is_err() {
            stop_if_idle(&mut current);
        }
        added.map(|number| Self { shared, number })
    }

    /// Waits until the thread has left the modem; the engine must have ended.
    pub(in crate::driver) fn stop(self) {
        let mut current = lock(CURRENT.get());
        self.shared.remove(self.number);
        stop_if_idle(&mut current);
    }
}

/// Ends the thread after the last modem.
fn stop_if_idle(current: &mut Option<Running>) {
    let idle = |running: &Running| lock(&running.shared.modems).engines.is_empty();
    if let Some(running) = current.take_if(|running| idle(running)) {
        running.stop();
    }
}

impl Running {
    fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiters: WaiterSet::new()?,
            modems: Mutex::default(),
            served: Condvar::new(),
        });
        let thread = spawn_thread("m531x-reader", {
            let shared = Arc::clone(&shared);
            move || shared.read_on()
        })?;
        Ok(Self { shared, thread })
    }

    fn stop(self) {
        self.shared.waiters.end();
        let _ = self.thread.join();
    }
}

impl Shared {
    fn add(&self, engine: Arc<Engine>) -> io::Result<u64> {
        let mut modems = lock(&self.modems);
        let number = modems.next;
        self.waiters.add(&engine.waiter, number)?;
        modems.next += 1;
        modems.engines.insert(number, engine);
        Ok(number)
    }

    fn remove(&self, number: u64) {
        let mut modems = lock(&self.modems);
        self.forget(&mut modems, number);
        while modems.serving == Some(number) {
            modems = self
                .served
                .wait(modems)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn forget(&self, modems: &mut Modems, number: u64) {
        if let Some(engine) = modems.engines.remove(&number) {
            self.waiters.remove(&engine.waiter);
        }
    }

    fn read_on(&self) {
        let mut ready = Vec::new();
        loop {
            match self.waiters.wait(&mut ready) {
                Ok(true) => ready.drain(..).for_each(|number| self.serve(number)),
                Ok(false) => return,
                Err(error) => return self.lose_all(&error),
            }
        }
    }

    fn serve(&self, number: u64) {
        let Some(engine) = self.begin(number) else {
            return;
        };
        let goes_on = engine.serve_as_reader(engine.waiter.take_wakes());
        // Nothing of the modem is held once `remove` sees that it is served.
        drop(engine);
        let mut modems = lock(&self.modems);
        modems.serving = None;
        if !goes_on {
            self.forget(&mut modems, number);
        }
        // To notify costs a system call also if no one waits.
        if !modems.engines.contains_key(&number) {
            self.served.notify_all();
        }
    }

    /// A wait that fails will fail again: no port is readable from now on.
    fn lose_all(&self, error: &io::Error) {
        let engines = std::mem::take(&mut lock(&self.modems).engines);
        for engine in engines.into_values() {
            engine.lose_port_for_good(&mut engine.lock(), &error.to_string());
        }
    }

    /// The modem of this number, unless it was closed since the wait ended.
    fn begin(&self, number: u64) -> Option<Arc<Engine>> {
        let mut modems = lock(&self.modems);
        let engine = modems.engines.get(&number).cloned()?;
        modems.serving = Some(number);
        Some(engine)
    }
}
