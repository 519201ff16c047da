//! Recording the session.

use super::Modem;
use crate::Error;
use crate::driver::{Recording, RecordingOptions};

impl Modem {
    /// Records everything that passes from now on into a file: the bytes in both directions with their
    /// times, what was asked for and how it ended. Passwords and PINs are not in it; topics, payloads and the
    /// numbers of module and SIM are.
    ///
    /// A recording from the first byte on, by [`ModemOptions::recording`](crate::ModemOptions), says
    /// more: one that begins later knows the connection and its subscriptions, but not the operations
    /// under way. [`Replay`](crate::replay::Replay) plays it again. The format is
    /// [`m531x_at::recording`]'s, the file readable by its owner only. No call waits for the disk:
    /// what it cannot take in time is left out, and the file says so. If the file becomes impossible
    /// to write, a [`RecordingStopped`](crate::EventKind::RecordingStopped) event reports why.
    ///
    /// ```
    /// # use m531x_core::{Modem, ModemOptions};
    /// # use m531x_virtual_modem::{VirtualModem, VirtualModemOptions};
    /// # let module = VirtualModem::start(VirtualModemOptions::default())?;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("field.rec");
    /// let modem = Modem::open(&module.port(), ModemOptions::default())?;
    /// let recording = modem.record(&path)?;
    /// modem.signal()?;
    /// println!("{} lines", recording.finish()?.entries);
    /// assert!(std::fs::read_to_string(&path)?.contains("> AT+CSQ"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Recording`](crate::ErrorCode::Recording) if the file cannot be created,
    /// [`ErrorCode::Busy`](crate::ErrorCode::Busy) if there is a recording under way,
    /// [`ErrorCode::Closed`](crate::ErrorCode::Closed).
    pub fn record(&self, options: impl Into<RecordingOptions>) -> Result<Recording, Error> {
        self.engine().start_recording(&options.into())
    }

    /// The recording under way, if there is one.
    pub fn recording(&self) -> Option<Recording> {
        self.engine().recording()
    }
}
