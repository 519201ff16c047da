//! The direction from the module: one read is always under way, or has bytes to give.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;

use super::device::{Device, is};
use super::event::Event;
use super::operation::Operation;

/// How many reads in a row may end with nothing. Windows ends the reads of a thread that exits, and
/// a driver whose device is gone may do so forever.
const IDLE_READS: u32 = 64;

#[derive(Debug)]
pub(super) struct Receiver {
    operation: Operation,
    /// What of the buffer was not fetched yet.
    ready: Range<usize>,
    idle_reads: u32,
    end: Option<End>,
}

#[derive(Debug)]
enum End {
    HungUp,
    /// Reported once.
    Failed(Option<io::Error>),
}

impl Receiver {
    /// `readable` is set while a call of [`read`](Self::read) has something to report.
    pub(super) fn new(device: &Device, readable: Arc<Event>) -> io::Result<Self> {
        let mut operation = Operation::new(readable);
        operation.start_read(device)?;
        Ok(Self {
            operation,
            ready: 0..0,
            idle_reads: 0,
            end: None,
        })
    }

    pub(super) fn read(&mut self, device: &Device, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            if self.ready.is_empty() && !self.next_bytes(device) {
                break;
            }
            let length = self.ready.len().min(buffer.len() - count);
            let from = self.ready.start;
            buffer[count..count + length]
                .copy_from_slice(&self.operation.bytes()[from..from + length]);
            count += length;
            self.ready.start += length;
            if self.ready.is_empty() {
                self.start(device);
            }
        }
        if count > 0 {
            return Ok(count);
        }
        match &mut self.end {
            None => Err(io::ErrorKind::WouldBlock.into()),
            Some(End::HungUp) => Ok(0),
            Some(End::Failed(error)) => Err(error
                .take()
                .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Forgets what arrived and was not fetched.
    pub(super) fn clear(&mut self, device: &Device) {
        self.ready = 0..0;
        device.clear_input();
        if !self.operation.is_under_way() {
            self.start(device);
        }
    }

    pub(super) fn cancel(&mut self, device: &Device) {
        self.operation.cancel(device);
    }

    /// Whether there are bytes now.
    fn next_bytes(&mut self, device: &Device) -> bool {
        while self.end.is_none() {
            let Some((count, result)) = self.operation.finish(device) else {
                return false;
            };
            if count > 0 {
                self.idle_reads = 0;
                self.ready = 0..count;
                return true;
            }
            match result {
                Ok(()) if device.has_end() => self.finish(End::HungUp),
                Err(error) if !is(&error, ERROR_OPERATION_ABORTED) => {
                    self.finish(End::Failed(Some(error)));
                }
                Ok(()) | Err(_) if self.idle_reads >= IDLE_READS => self.finish(End::HungUp),
                Ok(()) | Err(_) => {
                    self.idle_reads += 1;
                    self.start(device);
                }
            }
        }
        false
    }

    fn start(&mut self, device: &Device) {
        if self.end.is_none() {
            if let Err(error) = self.operation.start_read(device) {
                self.finish(End::Failed(Some(error)));
            }
        }
    }

    fn finish(&mut self, end: End) {
        self.end = Some(end);
        self.operation.announce();
    }
}
