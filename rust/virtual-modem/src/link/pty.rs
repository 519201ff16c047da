//! A serial line as a pseudo terminal.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, SpecialCodeIndex, ioctl_tiocnxcl, tcgetattr, tcsetattr};

use super::Heard;
use super::host_watch::HostWatch;
use super::stable_name::StableName;
use crate::StartError;

#[cfg(not(target_vendor = "apple"))]
const FLAGS: OpenptFlags = OpenptFlags::RDWR
    .union(OpenptFlags::NOCTTY)
    .union(OpenptFlags::CLOEXEC);
#[cfg(target_vendor = "apple")]
const FLAGS: OpenptFlags = OpenptFlags::RDWR.union(OpenptFlags::NOCTTY);

/// The master of a pseudo terminal, and one slave that stays open: without any the master would read
/// errors as long as no host is there.
#[derive(Debug)]
pub(crate) struct PtyLink {
    master: OwnedFd,
    slave: OwnedFd,
    path: PathBuf,
    name: Option<StableName>,
    baudrate: u32,
    hosts: HostWatch,
}

impl PtyLink {
    pub(super) fn open(symlink: Option<&Path>, baudrate: u32) -> Result<Self, StartError> {
        let terminal = || -> io::Result<_> {
            let master = openpt(FLAGS)?;
            #[cfg(target_vendor = "apple")]
            rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
            grantpt(&master)?;
            unlockpt(&master)?;
            rustix::io::ioctl_fionbio(&master, true)?;
            let path = ptsname(&master, Vec::new())?;
            let path = PathBuf::from(OsStr::from_bytes(path.as_bytes()));
            let slave = rustix::fs::open(
                &path,
                OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
                Mode::empty(),
            )?;
            // The system lets the group tty write. In a container the terminal may be another's, and stays as it is.
            let _ = rustix::fs::fchmod(&slave, Mode::RUSR | Mode::WUSR);
            reset_terminal(&slave, baudrate)?;
            let hosts = HostWatch::new(&path)?;
            Ok((master, slave, path, hosts))
        };
        let (master, slave, path, hosts) = terminal().map_err(StartError::Pty)?;
        let name = symlink
            .map(|link| StableName::take(link, &path))
            .transpose()?;
        Ok(Self {
            master,
            slave,
            path,
            name,
            baudrate,
            hosts,
        })
    }

    pub(super) fn name(&self) -> String {
        let path = self
            .name
            .as_ref()
            .map_or(self.path.as_path(), StableName::path);
        path.to_string_lossy().into_owned()
    }

    pub(super) fn data_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    pub(super) fn presence_fd(&self) -> BorrowedFd<'_> {
        self.hosts.as_fd()
    }

    /// When the last host goes, its settings go: the next one finds the terminal as the first did.
    ///
    /// serialport leaves an exclusive terminal with a speed that other readers refuse.
    pub(super) fn handle_presence(&mut self) -> bool {
        let left = self.hosts.last_one_left();
        if left {
            // A terminal that cannot be reset still carries bytes.
            let _ = reset_terminal(&self.slave, self.baudrate);
            let _ = ioctl_tiocnxcl(&self.slave);
        }
        left
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Heard {
        match rustix::io::read(&self.master, buffer) {
            Ok(0) | Err(_) => Heard::Nothing,
            Ok(count) => Heard::Bytes(count),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        rustix::io::write(&self.master, bytes).unwrap_or(0)
    }
}

/// Raw, 8N1, at the module's speed.
fn reset_terminal(slave: &OwnedFd, baudrate: u32) -> io::Result<()> {
    let mut settings = tcgetattr(slave)?;
    settings.make_raw();
    settings.set_speed(baudrate)?;
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(slave, OptionalActions::Now, &settings)?;
    Ok(())
}
