//! The outbox of an open modem.

use super::Modem;
use crate::Error;
use crate::driver::OutboxOptions;
use crate::driver::outbox::Opened;

impl Modem {
    /// Has publishes of QoS 1 and 2 kept in this file from now on, and sends its messages; `None`
    /// closes the file there is, and the messages stay in it.
    ///
    /// [`ModemOptions::outbox`](crate::ModemOptions::outbox) does the same from the start.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::OutboxInUse`](crate::ErrorCode::OutboxInUse), [`ErrorCode::OutboxCorrupt`](crate::ErrorCode::OutboxCorrupt),
    /// [`ErrorCode::OutboxFailed`](crate::ErrorCode::OutboxFailed), [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument),
    /// [`ErrorCode::Closed`](crate::ErrorCode::Closed); the outbox so far is closed then, too.
    pub fn set_outbox(&self, options: Option<OutboxOptions>) -> Result<(), Error> {
        let engine = self.engine();
        // First, for it may be the same file.
        if let Some(before) = engine.set_outbox(None) {
            before.stop();
        }
        let Some(options) = options else {
            return Ok(());
        };
        let outbox = Opened::open(&options)?.attach(engine)?;
        let replaced = engine.set_outbox(Some(outbox.clone()));
        if let Some(other) = replaced {
            other.stop();
        }
        if engine.is_closed() {
            outbox.stop();
            return Err(engine.why_ended());
        }
        Ok(())
    }
}
