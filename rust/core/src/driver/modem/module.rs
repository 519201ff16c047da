//! The module and its network.

use std::time::Duration;

use super::Modem;
use crate::driver::operation::{self, Command, WaitForNetwork};
use crate::session::Session;
use crate::{Error, Model, ModemInfo, Signal};

impl Modem {
    /// Sends one command line (without CR) and returns its information lines.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Command`](crate::ErrorCode::Command) if the module refuses it, [`ErrorCode::Timeout`](crate::ErrorCode::Timeout),
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument) for a line that would be more than one command.
    pub fn command(&self, line: &str, timeout: Option<Duration>) -> Result<Vec<String>, Error> {
        self.run(Command::new(line).with_timeout(timeout))
    }

    /// Waits until SIM card, registration, attachment and address are there.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Timeout`](crate::ErrorCode::Timeout), which says what is missing.
    pub fn wait_for_network(&self, timeout: Option<Duration>) -> Result<(), Error> {
        self.run(WaitForNetwork { timeout })
    }

    /// Reads model, firmware and identities.
    pub fn info(&self) -> Result<ModemInfo, Error> {
        self.run(operation::Info)
    }

    /// Reads the signal quality.
    pub fn signal(&self) -> Result<Signal, Error> {
        self.run(operation::Signal)
    }

    /// The module's model, as given at the opening or as the module reported; nothing is sent.
    pub fn model(&self) -> Option<Model> {
        self.engine().with_session(Session::model)
    }
}
