//! The lock on an outbox file: one holder at a time, no matter what its process does to the file.
//!
//! The record locks that SQLite takes on Unix belong to the process and the file: as soon as any
//! descriptor of the file is closed anywhere in the process, by a backup of it for one, all of them
//! are gone. The lock here belongs to one open description, which lives as long as the store and
//! which SQLite does not know. It covers the bytes that SQLite itself locks, so it keeps out every
//! other SQLite too, also one in this process; ours runs without locks of its own (`unix-none`).
//! It is on the file and not on a name, so it holds through symbolic links as well.
//!
//! Where the system has no such locks, `flock` stands beside SQLite's own, which keeps out every
//! m531x. On Windows SQLite's locks belong to its handle, and are enough.

use std::fs::File;
use std::io;

/// The file, locked until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// A forked child has the lock with us, and must neither use nor release it.
    process: u32,
    /// SQLite need not lock anything.
    #[cfg_attr(not(unix), allow(dead_code, reason = "SQLite locks there"))]
    alone: bool,
}

impl Lock {
    /// Locks a file that is open for writing; `None` if another holder has it.
    pub(super) fn take(file: File) -> io::Result<Option<Self>> {
        let Some(alone) = system::lock(&file)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            file,
            process: std::process::id(),
            alone,
        }))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The locking that SQLite has to do itself; `None` is what it does anyway.
    pub(super) fn sqlite_vfs(&self) -> Option<&'static str> {
        #[cfg(unix)]
        if self.alone {
            return Some("unix-none");
        }
        None
    }

    /// Whether this is the process that took it, and no forked child.
    pub(super) fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_ours() {
            // A child that was forked meanwhile keeps the description open, and must not keep the lock.
            system::unlock(&self.file, self.alone);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::fs::File;
    use std::io;

    use rustix::io::Errno;

    use super::{of_description, whole};

    pub(super) fn lock(file: &File) -> io::Result<Option<bool>> {
        match of_description::set(file, libc::F_WRLCK) {
            Ok(()) => Ok(Some(true)),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(None),
            // A kernel, or something that acts as one, without them.
            Err(Errno::INVAL | Errno::NOSYS) => whole::lock(file),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn unlock(file: &File, alone: bool) {
        if alone {
            let _ = of_description::set(file, libc::F_UNLCK);
        } else {
            whole::unlock(file);
        }
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod system {
    use std::fs::File;
    use std::io;

    use super::whole;

    pub(super) fn lock(file: &File) -> io::Result<Option<bool>> {
        whole::lock(file)
    }

    pub(super) fn unlock(file: &File, _alone: bool) {
        whole::unlock(file);
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io;

    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn lock(_: &File) -> io::Result<Option<bool>> {
        Ok(Some(false))
    }

    pub(super) fn unlock(_: &File, _alone: bool) {}
}

/// `flock`.
#[cfg(unix)]
mod whole {
    use std::fs::File;
    use std::io;

    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;

    pub(super) fn lock(file: &File) -> io::Result<Option<bool>> {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(false)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn unlock(file: &File) {
        let _ = flock(file, FlockOperation::Unlock);
    }
}

/// Locks of an open file description (OFD) on the bytes that SQLite locks.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod of_description {
    use std::fs::File;
    use std::os::fd::AsRawFd;

    use rustix::io::Errno;

    /// Where SQLite's lock bytes begin (`PENDING_BYTE`), and how many there are.
    const FIRST: u32 = 0x4000_0000;
    const COUNT: u32 = 512;

    // glibc's fcntl of 32-bit systems takes a structure that the kernel does not know for this.
    #[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
    type Range = libc::flock64;
    #[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
    type Range = libc::flock;

    /// `kind` is `F_WRLCK` or `F_UNLCK`.
    pub(super) fn set(file: &File, kind: libc::c_int) -> Result<(), Errno> {
        // SAFETY: the structure holds numbers only, for which zero is a value.
        let mut range: Range = unsafe { std::mem::zeroed() };
        range.l_type = kind.try_into().unwrap_or_default();
        range.l_whence = libc::SEEK_SET.try_into().unwrap_or_default();
        range.l_start = FIRST.into();
        range.l_len = COUNT.into();
        let descriptor = file.as_raw_fd();
        // SAFETY: the descriptor is open as long as `file` is borrowed, and the kernel reads the
        // structure before the call returns.
        #[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
        let result = unsafe {
            libc::syscall(
                libc::SYS_fcntl64,
                descriptor,
                libc::F_OFD_SETLK,
                &raw const range,
            )
        };
        // SAFETY: as above.
        #[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
        let result = unsafe { libc::fcntl(descriptor, libc::F_OFD_SETLK, &raw const range) };
        if result == 0 {
            return Ok(());
        }
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
    }
}
