//! Looking for a port that has vanished: an unplugged adapter, a serial server that restarts.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Engine;
use super::state::{EngineState, Role};
use crate::transport::{Interest, PortReopener, Transport, Waiter};
use m531x_threads::Thread;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Engine {
    /// From now on a port that vanishes is looked for, if it can be.
    pub(in crate::driver) fn set_reopener(&self, reopener: Option<PortReopener>) {
        self.lock().reopener = reopener;
    }

    /// The port is gone, and everything goes on without it as well as it can.
    pub(super) fn port_vanished(&self, state: &mut EngineState, why: &str) {
        if let Some(port) = state.port.take() {
            self.waiter.forget(&port);
        }
        state.resume_clock();
        state.unsent.clear();
        state.interest = Interest::NONE;
        let now = state.now();
        state.session.handle_port_detached(now, why);
        self.dispatch_outputs(state);
        if state.role == Role::Leader {
            self.waiter.wake_leader();
        }
        // It starts the search.
        self.waiter.wake_reader();
    }

    /// Starts a thread that looks for the port, unless there is one.
    pub(super) fn start_reopening(self: &Arc<Self>, state: &mut EngineState) {
        if state.port.is_some() || state.reopening || state.end.is_some() {
            return;
        }
        let Some(reopener) = state.reopener.clone() else {
            return;
        };
        let engine = Arc::clone(self);
        let thread = Thread::spawn("m531x-reopen", move || engine.reopen(&reopener));
        match thread {
            Ok(thread) => {
                state.reopening = true;
                state.search = Some(thread);
            }
            Err(error) => {
                self.lose_port_for_good(state, &format!("no thread can look for it: {error}"));
            }
        }
    }

    /// The thread that looks for the port, or the last one that did.
    pub(in crate::driver) fn take_search(&self) -> Option<Thread> {
        self.lock().search.take()
    }

    fn reopen(&self, reopener: &PortReopener) {
        let mut pause = FIRST_PAUSE;
        loop {
            let state = self.lock();
            let (state, _) = self
                .ended
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner);
            if state.end.is_some() {
                return;
            }
            drop(state);
            // Opening may take its time: no thread waits for it, a close least of all.
            if let Ok((transport, name)) = reopener.open(&|| self.lock().end.is_some()) {
                if self.attach(transport, name).is_ok() {
                    return;
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn attach(&self, transport: Transport, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Ok(());
        }
        self.waiter.adopt(&transport)?;
        state.port = Some(Arc::new(transport));
        state.interest = Interest::NONE;
        state.unsent.clear();
        state.reopening = false;
        let now = state.now();
        state.session.handle_port_back(now, name);
        self.drain_session(&mut state, now);
        if state.role == Role::Vacant {
            self.hand_over(&mut state);
        } else {
            self.sync_reader(&mut state);
        }
        self.waiter.wake_reader();
        Ok(())
    }
}
