//! The module and its network.

use std::time::Duration;

use super::Modem;
use crate::driver::Pending;
use crate::driver::convert::{done, info, lines, signal};
use crate::session::{Request, RequestKind, Session};
use crate::{Error, Model, ModemInfo, Signal};

impl Modem {
    /// Sends one command line (without CR) and returns its information lines.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Command`](crate::ErrorCode::Command) if the module refuses it, [`ErrorCode::Timeout`](crate::ErrorCode::Timeout),
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument) for a line that would be more than one command.
    pub fn command(&self, line: &str, timeout: Option<Duration>) -> Result<Vec<String>, Error> {
        self.run(command_request(line, timeout), lines)
    }

    /// Begins a [`command`](Self::command).
    pub fn start_command(
        &self,
        line: &str,
        timeout: Option<Duration>,
    ) -> Result<Pending<Vec<String>>, Error> {
        self.start(command_request(line, timeout), lines)
    }

    /// Begins a [`command`](Self::command) and waits up to `slice` for its result.
    ///
    /// It is [`start_command`](Self::start_command) and [`Pending::wait_for`] in one, which spares
    /// the reader thread: most answers are there within a slice, and fetching the result of one that
    /// is costs nothing.
    ///
    /// # Errors
    ///
    /// As for `start_command`, and [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled) if another
    /// thread cancelled the wait.
    pub fn start_command_and_wait(
        &self,
        line: &str,
        timeout: Option<Duration>,
        slice: Duration,
    ) -> Result<Pending<Vec<String>>, Error> {
        self.start_and_wait(command_request(line, timeout), lines, slice)
    }

    /// Waits until SIM card, registration, attachment and address are there.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Timeout`](crate::ErrorCode::Timeout), which says what is missing.
    pub fn wait_for_network(&self, timeout: Option<Duration>) -> Result<(), Error> {
        self.run(network_request(timeout), done)
    }

    /// Begins to [`wait_for_network`](Self::wait_for_network).
    pub fn start_wait_for_network(&self, timeout: Option<Duration>) -> Result<Pending<()>, Error> {
        self.start(network_request(timeout), done)
    }

    /// Reads model, firmware and identities.
    pub fn info(&self) -> Result<ModemInfo, Error> {
        self.run(RequestKind::Info.into(), info)
    }

    /// Begins to read the [`info`](Self::info).
    pub fn start_info(&self) -> Result<Pending<ModemInfo>, Error> {
        self.start(RequestKind::Info.into(), info)
    }

    /// Reads the signal quality.
    pub fn signal(&self) -> Result<Signal, Error> {
        self.run(RequestKind::Signal.into(), signal)
    }

    /// Begins to read the [`signal`](Self::signal).
    pub fn start_signal(&self) -> Result<Pending<Signal>, Error> {
        self.start(RequestKind::Signal.into(), signal)
    }

    /// Wakes a sleeping module.
    pub fn wake(&self) -> Result<(), Error> {
        self.run(RequestKind::Wake.into(), done)
    }

    /// Begins to [`wake`](Self::wake).
    pub fn start_wake(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Wake.into(), done)
    }

    /// Restarts the module and waits until it answers again.
    pub fn reboot(&self) -> Result<(), Error> {
        self.run(RequestKind::Reboot.into(), done)
    }

    /// Begins to [`reboot`](Self::reboot).
    pub fn start_reboot(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Reboot.into(), done)
    }

    /// The module's model, as given at the opening or as the module reported; nothing is sent.
    pub fn model(&self) -> Option<Model> {
        self.engine().with_session(Session::model)
    }
}

fn command_request(line: &str, timeout: Option<Duration>) -> Request {
    Request {
        kind: RequestKind::Command(line.to_owned()),
        timeout,
    }
}

fn network_request(timeout: Option<Duration>) -> Request {
    Request {
        kind: RequestKind::WaitForNetwork,
        timeout,
    }
}
