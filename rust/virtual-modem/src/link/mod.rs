//! Where the host finds the serial port.

#[cfg(unix)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "no_host_watch.rs"
)]
mod host_watch;
mod memory;
#[cfg_attr(not(unix), path = "no_pty.rs")]
mod pty;
#[cfg(unix)]
mod stable_name;
mod tcp;

use std::io;

use m531x_at::profile::Profile;
use rustix::fd::BorrowedFd;

use crate::local_stream::LocalStream;
use crate::{LinkChoice, StartError};

use memory::MemoryLink;
use pty::PtyLink;
use tcp::TcpLink;

/// The module's end of the serial line; nothing here blocks.
#[derive(Debug)]
pub(crate) enum Link {
    Pty(PtyLink),
    Tcp(TcpLink),
    Memory(MemoryLink),
}

/// What a read from the host gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Bytes(usize),
    Nothing,
    /// The host went; output meant for it is for no other host.
    Gone,
}

impl Link {
    pub(crate) fn open(choice: &LinkChoice, profile: &Profile) -> Result<Self, StartError> {
        match choice {
            LinkChoice::Pty { symlink } => {
                PtyLink::open(symlink.as_deref(), profile.baudrate).map(Self::Pty)
            }
            LinkChoice::Tcp(address) => TcpLink::listen(*address).map(Self::Tcp),
            LinkChoice::Memory => Ok(Self::Memory(MemoryLink::default())),
        }
    }

    /// What the host opens.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Pty(pty) => pty.name(),
            Self::Tcp(tcp) => tcp.name(),
            Self::Memory(_) => "memory".to_owned(),
        }
    }

    /// A new host's end of an in-memory link.
    pub(crate) fn connect(&mut self) -> io::Result<LocalStream> {
        match self {
            Self::Memory(memory) => memory.connect(),
            Self::Pty(_) | Self::Tcp(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "only an in-memory link is connected to: open {}",
                    self.name()
                ),
            )),
        }
    }

    /// The descriptor on which the host's bytes come and the module's go, if there is a host.
    pub(crate) fn data_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Pty(pty) => Some(pty.data_fd()),
            Self::Tcp(tcp) => tcp.data_fd(),
            Self::Memory(memory) => memory.data_fd(),
        }
    }

    /// A descriptor that becomes readable when a host comes or goes.
    pub(crate) fn presence_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Pty(pty) => Some(pty.presence_fd()),
            Self::Tcp(tcp) => tcp.presence_fd(),
            Self::Memory(_) => None,
        }
    }

    /// Handles hosts that came or went; returns whether the last one went, where a read does not
    /// show it.
    pub(crate) fn handle_presence(&mut self) -> bool {
        match self {
            Self::Pty(pty) => return pty.handle_presence(),
            Self::Tcp(tcp) => tcp.handle_presence(),
            Self::Memory(_) => {}
        }
        false
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Heard {
        match self {
            Self::Pty(pty) => pty.read(buffer),
            Self::Tcp(tcp) => tcp.read(buffer),
            Self::Memory(memory) => memory.read(buffer),
        }
    }

    /// How many bytes were taken; without a host all of them, for they go nowhere.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Pty(pty) => pty.write(bytes),
            Self::Tcp(tcp) => tcp.write(bytes),
            Self::Memory(memory) => memory.write(bytes),
        }
    }
}

/// Reads from a stream; an end or an error means that the host went.
fn read_stream(stream: &mut impl io::Read, buffer: &mut [u8]) -> Heard {
    match stream.read(buffer) {
        Ok(0) => Heard::Gone,
        Ok(count) => Heard::Bytes(count),
        Err(error) if is_transient(&error) => Heard::Nothing,
        Err(_) => Heard::Gone,
    }
}

/// Writes to a stream; what a host that went does not take goes nowhere.
fn write_stream(stream: &mut impl io::Write, bytes: &[u8]) -> usize {
    match stream.write(bytes) {
        Ok(count) => count,
        Err(error) if is_transient(&error) => 0,
        Err(_) => bytes.len(),
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
