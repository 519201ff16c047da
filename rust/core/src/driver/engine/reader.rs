//! The thread that reads while no caller waits.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::Engine;
use super::state::Role;
use crate::transport::Waiter;
use m531x_threads::spawn_thread;

/// Starts the reader thread; it ends when the modem is closed or the port is lost.
pub(in crate::driver) fn spawn_reader(engine: Arc<Engine>) -> io::Result<JoinHandle<()>> {
    spawn_thread("m531x-reader", move || {
        // A defect must end in errors, not in callers that wait for a thread that is gone.
        if catch_unwind(AssertUnwindSafe(|| read_on(&engine))).is_err() {
            engine.lose_port_for_good(
                &mut engine.lock(),
                "the reader thread panicked, which is a defect",
            );
        }
    })
}

pub(in crate::driver) fn read_on(engine: &Arc<Engine>) {
    loop {
        let waited = engine.waiter.wait_as_reader();
        let mut state = engine.lock();
        if state.end.is_some() {
            return;
        }
        state.reader_wakeups += 1;
        if state
            .reader_deadline
            .is_some_and(|due| due <= Instant::now())
        {
            state.reader_deadline = None;
        }
        if let Err(error) = waited {
            engine.lose_port(&mut state, &error.to_string());
        } else if state.role == Role::Reader {
            // Held up by a full queue, the port is left alone even when it hangs up: what it still
            // holds is read once there is room.
            if !state.is_clock_paused() {
                engine.poll_port(&mut state);
            }
            engine.sync_reader(&mut state);
        }
        engine.start_reopening(&mut state);
    }
}
