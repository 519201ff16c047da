//! A serial line in memory.

use std::io;

use rustix::fd::{AsFd, BorrowedFd};

use super::{Heard, read_stream, write_stream};
use crate::local_stream::{self, LocalStream};

/// A stream whose other end the host holds.
#[derive(Debug, Default)]
pub(crate) struct MemoryLink {
    stream: Option<LocalStream>,
}

impl MemoryLink {
    /// Makes a new pair of ends; the former host's end reads an end of file.
    pub(super) fn connect(&mut self) -> io::Result<LocalStream> {
        let (module, host) = local_stream::pair()?;
        module.set_nonblocking(true)?;
        self.stream = Some(module);
        Ok(host)
    }

    pub(super) fn data_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Heard {
        let Some(stream) = &mut self.stream else {
            return Heard::Nothing;
        };
        let heard = read_stream(stream, buffer);
        if heard == Heard::Gone {
            self.stream = None;
        }
        heard
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        match &mut self.stream {
            Some(stream) => write_stream(stream, bytes),
            None => bytes.len(),
        }
    }
}
