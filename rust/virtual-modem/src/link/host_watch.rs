//! Whether a host has the pseudo terminal open.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

/// Counts the hosts that have the terminal open.
#[derive(Debug)]
pub(super) struct HostWatch {
    inotify: OwnedFd,
    hosts: i32,
}

impl HostWatch {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let events = WatchFlags::OPEN | WatchFlags::CLOSE_WRITE | WatchFlags::CLOSE_NOWRITE;
        inotify::add_watch(&inotify, path, events)?;
        Ok(Self { inotify, hosts: 0 })
    }

    /// Records changes; returns whether hosts went and none is left.
    pub(super) fn last_one_left(&mut self) -> bool {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 1024];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut went = false;
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::OPEN) {
                self.hosts += 1;
            } else {
                self.hosts -= 1;
                went = true;
            }
        }
        // The kernel merges equal events that follow each other, so the count may be too low: the
        // reset then comes too early, which a host that has set up its terminal raw does not notice.
        self.hosts = self.hosts.max(0);
        went && self.hosts == 0
    }
}

impl AsFd for HostWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
