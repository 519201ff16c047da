//! Reading while no caller waits.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::Engine;
use super::state::Role;

impl Engine {
    /// What the reader thread does each time its wait has ended; whether it will have to again.
    pub(super) fn serve_as_reader(self: &Arc<Self>, waited: io::Result<()>) -> bool {
        // A defect must end in errors, not in callers that wait for a thread that is gone.
        let served = catch_unwind(AssertUnwindSafe(|| self.serve(waited)));
        served.unwrap_or_else(|_| {
            let why = "the reader thread panicked, which is a defect";
            self.lose_port_for_good(&mut self.lock(), why);
            false
        })
    }

    fn serve(self: &Arc<Self>, waited: io::Result<()>) -> bool {
        let mut state = self.lock();
        if state.end.is_some() {
            return false;
        }
        state.reader_wakeups += 1;
        if state
            .reader_deadline
            .is_some_and(|due| due <= Instant::now())
        {
            state.reader_deadline = None;
        }
        if let Err(error) = waited {
            self.lose_port(&mut state, &error.to_string());
        } else if state.role == Role::Reader {
            // Held up by a full queue, the port is left alone even when it hangs up: what it still
            // holds is read once there is room.
            if !state.is_clock_paused() {
                self.poll_port(&mut state);
            }
            self.sync_reader(&mut state);
        }
        self.start_reopening(&mut state);
        true
    }
}
