//! The direction to the module: at most one write under way.

use std::io;
use std::sync::Arc;

use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;

use super::device::{Device, is};
use super::event::Event;
use super::operation::Operation;

/// How many writes in a row may end with nothing. Windows ends the writes of a thread that exits,
/// and a driver whose device is gone may do so forever.
const IDLE_WRITES: u32 = 64;

#[derive(Debug)]
pub(super) struct Sender {
    operation: Operation,
    /// How many bytes of the buffer the write under way is to move.
    length: usize,
    idle_writes: u32,
}

impl Sender {
    /// `writable` is set while no write is under way.
    pub(super) fn new(writable: Arc<Event>) -> Self {
        Self {
            operation: Operation::new(writable),
            length: 0,
            idle_writes: 0,
        }
    }

    /// Says that bytes are written only when they are: until then it is `WouldBlock`, and the same
    /// bytes come again. So a write that ended early, with the thread that began it, is noticed.
    pub(super) fn write(&mut self, device: &Device, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if self.length > 0 {
                let Some((count, result)) = self.operation.finish(device) else {
                    return Err(io::ErrorKind::WouldBlock.into());
                };
                let written = &self.operation.bytes()[..self.length];
                let is_ours = bytes.starts_with(written);
                self.length = 0;
                if count > 0 {
                    self.idle_writes = 0;
                    if is_ours {
                        return Ok(count);
                    }
                } else if let Err(error) = result {
                    if !is(&error, ERROR_OPERATION_ABORTED) {
                        return Err(error);
                    }
                }
            }
            if bytes.is_empty() {
                return Ok(0);
            }
            if self.idle_writes >= IDLE_WRITES {
                return Err(io::Error::new(
                    io::ErrorKind::WriteZero,
                    "the port takes no bytes",
                ));
            }
            self.idle_writes += 1;
            self.length = self.operation.start_write(device, bytes)?;
        }
    }

    pub(super) fn cancel(&mut self, device: &Device) {
        self.operation.cancel(device);
    }
}
