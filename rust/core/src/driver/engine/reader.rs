//! The thread that reads while no caller waits.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::Engine;
use super::shared::Role;
use crate::driver::io::Waiter;
use crate::driver::thread::spawn_thread;

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
        let mut shared = engine.lock();
        if shared.end.is_some() {
            return;
        }
        shared.reader_wakeups += 1;
        if shared
            .reader_deadline
            .is_some_and(|due| due <= Instant::now())
        {
            shared.reader_deadline = None;
        }
        if let Err(error) = waited {
            engine.lose_port(&mut shared, &error.to_string());
        } else if shared.role == Role::Reader {
            // Held up by a full queue, the port is left alone even when it hangs up: what it still
            // holds is read once there is room.
            if !shared.is_frozen() {
                engine.turn(&mut shared);
            }
            engine.sync_reader(&mut shared);
        }
        engine.start_search(&mut shared);
    }
}
