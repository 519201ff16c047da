//! The pseudo-terminal where the system has none: it is refused.

use std::convert::Infallible;
use std::path::Path;

use rustix::fd::BorrowedFd;

use super::Heard;
use crate::StartError;

/// Never made.
#[derive(Debug)]
pub(crate) struct PtyLink(Infallible);

impl PtyLink {
    pub(super) fn open(_symlink: Option<&Path>, _baudrate: u32) -> Result<Self, StartError> {
        Err(StartError::NoPty)
    }

    pub(super) fn name(&self) -> String {
        match self.0 {}
    }

    pub(super) fn data_fd(&self) -> BorrowedFd<'_> {
        match self.0 {}
    }

    pub(super) fn presence_fd(&self) -> BorrowedFd<'_> {
        match self.0 {}
    }

    pub(super) fn handle_presence(&mut self) -> bool {
        match self.0 {}
    }

    pub(super) fn read(&mut self, _buffer: &mut [u8]) -> Heard {
        match self.0 {}
    }

    pub(super) fn write(&mut self, _bytes: &[u8]) -> usize {
        match self.0 {}
    }
}
