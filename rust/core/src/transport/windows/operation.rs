//! One overlapped read or write at a time, and the memory that it needs until it has ended.

use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::ERROR_IO_INCOMPLETE;
use windows_sys::Win32::System::IO::{CancelIoEx, OVERLAPPED};

use super::device::{Device, is};
use super::event::{Event, wait_any};

/// As much as a COM port's driver keeps by default.
pub(super) const CAPACITY: usize = 4096;

/// How long to wait for the system to let go of a cancelled operation.
const PATIENCE: Duration = Duration::from_millis(20);

/// What [`Device::start_read`] and [`Device::start_write`] are.
type Start = unsafe fn(&Device, *mut u8, u32, *mut OVERLAPPED) -> io::Result<()>;

#[derive(Debug)]
pub(super) struct Operation {
    /// Shared with the operating system while `under_way`.
    memory: NonNull<Memory>,
    under_way: bool,
    /// Set when no operation is under way.
    done: Arc<Event>,
}

#[repr(C)]
struct Memory {
    overlapped: OVERLAPPED,
    buffer: [u8; CAPACITY],
}

// SAFETY: the memory belongs to the operation alone, and is reached through `&mut self` only or, by
// `bytes`, while the operating system does not use it.
unsafe impl Send for Operation {}

impl Operation {
    pub(super) fn new(done: Arc<Event>) -> Self {
        let memory = Box::new(Memory {
            overlapped: OVERLAPPED::default(),
            buffer: [0; CAPACITY],
        });
        Self {
            memory: NonNull::from(Box::leak(memory)),
            under_way: false,
            done,
        }
    }

    pub(super) fn start_read(&mut self, device: &Device) -> io::Result<()> {
        let length = device.read_size(CAPACITY);
        self.start(device, length, Device::start_read)
    }

    /// Writes what fits of these bytes.
    pub(super) fn start_write(&mut self, device: &Device, bytes: &[u8]) -> io::Result<usize> {
        if self.under_way {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = bytes.len().min(CAPACITY);
        // SAFETY: nothing is under way, so the memory is this thread's alone.
        unsafe { self.memory.as_mut() }.buffer[..length].copy_from_slice(&bytes[..length]);
        self.start(device, length, Device::start_write)?;
        Ok(length)
    }

    /// Once the operation has ended: how many bytes were moved, and how it ended.
    pub(super) fn finish(&mut self, device: &Device) -> Option<(usize, io::Result<()>)> {
        if !self.under_way {
            return None;
        }
        // SAFETY: `under_way` says that a start succeeded. The field is not borrowed: the system
        // may be writing to it.
        let (count, result) =
            unsafe { device.result(&raw const (*self.memory.as_ptr()).overlapped) };
        if result
            .as_ref()
            .is_err_and(|error| is(error, ERROR_IO_INCOMPLETE))
        {
            return None;
        }
        self.under_way = false;
        Some((count, result))
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// The buffer, which is empty while an operation is under way.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.under_way {
            return &[];
        }
        // SAFETY: nothing is under way, and nothing can begin while `self` is borrowed.
        &unsafe { self.memory.as_ref() }.buffer
    }

    /// Has the waiting thread look again, though nothing is under way.
    pub(super) fn announce(&self) {
        self.done.set();
    }

    /// Ends what is under way; to be called before the device is closed.
    pub(super) fn cancel(&mut self, device: &Device) {
        if !self.under_way {
            return;
        }
        // SAFETY: the handle is open, and `under_way` says that the address was given to a start.
        // It fails when the operation has just ended, which is as good.
        unsafe {
            CancelIoEx(
                device.handle(),
                &raw const (*self.memory.as_ptr()).overlapped,
            )
        };
        let deadline = Instant::now() + PATIENCE;
        while self.finish(device).is_none() && Instant::now() < deadline {
            if wait_any(&[self.done.handle()], Some(deadline)).is_err() {
                break;
            }
        }
    }

    fn start(&mut self, device: &Device, length: usize, start: Start) -> io::Result<()> {
        if self.under_way {
            return Ok(());
        }
        let overlapped = OVERLAPPED {
            hEvent: self.done.handle(),
            ..OVERLAPPED::default()
        };
        // SAFETY: nothing is under way, so the memory is this thread's alone.
        unsafe { self.memory.as_mut() }.overlapped = overlapped;
        let memory = self.memory.as_ptr();
        let length = u32::try_from(length.min(CAPACITY)).unwrap_or(0);
        // SAFETY: the memory is on the heap, is not touched while `under_way`, and is given back
        // only when nothing is; the event lives as long as `self.done`, and the system keeps an
        // event of its own beyond that.
        unsafe {
            start(
                device,
                (&raw mut (*memory).buffer).cast(),
                length,
                &raw mut (*memory).overlapped,
            )
        }
        .inspect_err(|_| self.done.set())?;
        self.under_way = true;
        Ok(())
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        // A driver that does not let go of the memory keeps it.
        if !self.under_way {
            // SAFETY: it came from a box, and nothing else refers to it.
            drop(unsafe { Box::from_raw(self.memory.as_ptr()) });
        }
    }
}
