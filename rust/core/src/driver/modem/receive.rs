//! Receiving messages and events.

use std::time::Duration;

use super::{Modem, with_dispatcher};
use crate::driver::dispatcher::Job;
use crate::driver::{Overflow, Stats, TraceEntry};
use crate::{Error, Incoming};

impl Modem {
    /// Waits for the next message or event, in wire order; `Ok(None)` when the time has elapsed.
    ///
    /// `None` waits for ever, zero does not wait.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled), [`ErrorCode::Closed`](crate::ErrorCode::Closed), and [`ErrorCode::Port`](crate::ErrorCode::Port) once the port is
    /// gone and everything that arrived before was received.
    pub fn recv(&self, timeout: Option<Duration>) -> Result<Option<Incoming>, Error> {
        self.engine().recv(timeout)
    }

    /// Waits for at least one message or event, appends up to `max` to `out`, and returns how many;
    /// 0 when the time has elapsed.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv); nothing was appended then.
    pub fn recv_batch(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        self.engine().recv_batch(max, timeout, out)
    }

    /// Makes one [`recv`](Self::recv) or [`recv_batch`](Self::recv_batch) return with nothing: one
    /// that waits, or else the next that would wait.
    ///
    /// This is for a receiving thread that also has other work, which has just come up.
    pub fn wake_receiver(&self) {
        self.engine().mailbox().wake();
    }

    /// The last lines on the port from an entry's number on, oldest first, passwords and PINs shown as `***`;
    /// empty unless the modem was opened with [`ModemOptions::trace`].
    ///
    /// [`ModemOptions::trace`]: crate::ModemOptions::trace
    pub fn trace(&self, since: u64) -> Vec<TraceEntry> {
        self.engine().trace(since)
    }

    /// Wakes a receiver, as [`wake_receiver`](Self::wake_receiver) does, after every line on the port
    /// from now on that is kept for [`trace`](Self::trace).
    pub fn wake_receiver_for_trace(&self) {
        self.engine().wake_for_wire_log();
    }

    /// Has `signal` called whenever a message or event has come, and when none will come any more;
    /// false if there is a signal already, which stays.
    ///
    /// This is for event loops: `signal` tells the loop, and the loop fetches what is there by
    /// [`recv_batch`](Self::recv_batch) with no time to wait. It runs on the thread that reads the
    /// port, ahead of everything else there, and so must neither wait nor use the modem.
    pub fn on_receivable(&self, signal: impl Fn() + Send + Sync + 'static) -> bool {
        self.engine().mailbox().set_signal(Box::new(signal))
    }

    /// Has every message and event given to `callback` on the dispatcher thread, in wire order,
    /// instead of waiting for [`recv`](Self::recv). A second call replaces the callback.
    ///
    /// No lock is held meanwhile: the callback may call anything, [`close`](Self::close) included.
    /// If it panics, that is counted in [`stats`](Self::stats) and the next message is delivered.
    /// A handle that it keeps holds the modem open until somebody calls `close`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Closed`](crate::ErrorCode::Closed), or [`ErrorCode::Internal`](crate::ErrorCode::Internal) if no thread can be started.
    pub fn on_incoming(
        &self,
        callback: impl FnMut(Incoming) + Send + 'static,
    ) -> Result<(), Error> {
        let job = Job::SetHandler(Box::new(callback));
        with_dispatcher(self.engine(), &self.handle.dispatcher, |dispatcher| {
            dispatcher.send(job);
        })
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// How many messages and events may wait, and what happens to more of them.
    pub fn queue_limits(&self) -> (usize, Overflow) {
        self.engine().mailbox().limits()
    }
}
