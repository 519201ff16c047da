//! An operation that was begun and is waited for separately.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::ticket::Ticket;
use crate::session::Outcome;
use crate::{Error, ErrorCode};

/// An operation under way; its result is fetched once, by [`wait`](Self::wait) or in slices by
/// [`wait_for`](Self::wait_for).
///
/// Dropping it without a result gives the operation up: what was not yet sent stays unsent.
/// It does not keep the modem open.
///
/// ```
/// use std::time::Duration;
/// # use m531x_core::{Modem, ModemOptions, Stream, operation};
/// # use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
/// # let module = VirtualModem::start(VirtualModemOptions {
/// #     link: LinkChoice::Memory,
/// #     ..VirtualModemOptions::default()
/// # })?;
/// # let modem = Modem::open_stream(Stream::from(module.connect()?), ModemOptions::default())?;
/// # fn interrupted() -> bool { false }
///
/// let mut pending = modem.start(operation::Signal)?;
/// let signal = loop {
///     if let Some(result) = pending.wait_for(Duration::from_millis(50)) {
///         break result?;
///     }
///     if interrupted() {
///         return Ok(()); // gives it up
///     }
/// };
/// println!("{:?} dBm", signal.rssi_dbm);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it gives the operation up"]
pub struct Pending<T> {
    engine: Arc<Engine>,
    ticket: Ticket,
    taken: bool,
    output: PhantomData<fn() -> T>,
}

impl<T> Pending<T> {
    pub(super) fn new(engine: Arc<Engine>, ticket: Ticket) -> Self {
        Self {
            engine,
            ticket,
            taken: false,
            output: PhantomData,
        }
    }

    /// Whether the result is there; never blocks.
    pub fn is_done(&self) -> bool {
        self.taken || self.engine.is_done(self.ticket)
    }

    /// Has the end put into the mailbox as an event [`Done`](crate::EventKind::Done), whose value is
    /// `token` and whose text is that of the error, if it is one. The result is still fetched here.
    pub fn announce_end(&self, token: u32) {
        self.engine.announce_end(self.ticket, token);
    }

    /// Lets the operation go on by itself: no one asks for the result.
    pub fn detach(mut self) {
        self.taken = true;
        self.engine.detach(self.ticket);
    }

    /// Has `signal` called once as soon as the result is there; at once if it is.
    ///
    /// This is for event loops: `signal` notifies the loop, and the loop fetches the result by
    /// [`wait_for`](Self::wait_for) with no time to wait. It runs on the thread that reads the port,
    /// ahead of everything else there, and so must neither wait nor use the modem.
    pub fn on_ready(&self, signal: impl FnOnce() + Send + 'static) {
        self.engine.on_ready(self.ticket, Box::new(signal));
    }
}

impl<T: TryFrom<Outcome, Error = Error>> Pending<T> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// The operation's own, among them [`ErrorCode::Timeout`]; [`ErrorCode::Cancelled`] and
    /// [`ErrorCode::Closed`] if another thread cancelled or closed the modem.
    pub fn wait(mut self) -> Result<T, Error> {
        loop {
            if let Some(result) = self.wait_slice(None) {
                return result;
            }
        }
    }

    /// Waits for the result, but not longer than `slice`; `None` means not yet.
    ///
    /// This is for callers that have to look at something else now and then, such as signals.
    pub fn wait_for(&mut self, slice: Duration) -> Option<Result<T, Error>> {
        self.wait_slice(Some(slice))
    }

    /// As [`wait_for`](Self::wait_for), but leaves the result: several threads may wait for it, and ask any
    /// number of times.
    pub fn look(&self, timeout: Option<Duration>) -> Option<Result<T, Error>> {
        let outcome = self.engine.wait(self.ticket, timeout)?;
        Some(outcome.and_then(T::try_from))
    }

    fn wait_slice(&mut self, slice: Option<Duration>) -> Option<Result<T, Error>> {
        if self.taken {
            return Some(Err(Error::new(
                ErrorCode::InvalidArgument,
                "the result of this operation was already taken",
            )));
        }
        let outcome = self.engine.wait(self.ticket, slice)?;
        self.taken = true;
        self.engine.forget(self.ticket);
        Some(outcome.and_then(T::try_from))
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        if !self.taken {
            self.engine.forget(self.ticket);
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("ticket", &self.ticket)
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}
