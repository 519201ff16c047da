//! Every port is one non-blocking file descriptor, whatever is behind it.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};
use serialport::{ClearBuffer, SerialPort, TTYPort};

use crate::driver::io::Port;

/// The open port; dropping it closes the descriptor.
#[derive(Debug)]
pub(crate) enum Transport {
    /// `real` is false for a pseudo-terminal, which has no line to drain.
    Serial {
        tty: TTYPort,
        real: bool,
    },
    Tcp(TcpStream),
    Memory(UnixStream),
}

impl Transport {
    pub(crate) fn serial(tty: TTYPort, real: bool) -> io::Result<Self> {
        let transport = Self::Serial { tty, real };
        transport.set_nonblocking()?;
        Ok(transport)
    }

    pub(crate) fn tcp(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self::Tcp(socket))
    }

    pub(crate) fn memory(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::Memory(socket))
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        let flags = rustix::fs::fcntl_getfl(self)?;
        rustix::fs::fcntl_setfl(self, flags | OFlags::NONBLOCK)?;
        Ok(())
    }
}

impl Port for Transport {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| rustix::io::read(self, &mut *buffer))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Serial { .. } => retry(|| rustix::io::write(self, bytes)),
            // A plain write to a connection that the peer closed would raise SIGPIPE, which ends a
            // C program that did not ask for anything else.
            Self::Tcp(_) | Self::Memory(_) => {
                retry(|| rustix::net::send(self, bytes, SendFlags::NOSIGNAL))
            }
        }
    }

    fn is_real_line(&self) -> bool {
        matches!(self, Self::Serial { real: true, .. })
    }

    fn set_baudrate(&self, baudrate: u32) -> io::Result<()> {
        if let Self::Serial { .. } = self {
            let mut termios = tcgetattr(self)?;
            termios.set_speed(baudrate)?;
            tcsetattr(self, OptionalActions::Now, &termios)?;
            // What arrived at another speed means nothing.
            tcflush(self, QueueSelector::IFlush)?;
        }
        Ok(())
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            // SAFETY: the descriptor is owned by `tty`, which stays open for as long as `self` is
            // borrowed, and so for the life of the borrowed descriptor.
            Self::Serial { tty, .. } => unsafe { BorrowedFd::borrow_raw(tty.as_raw_fd()) },
            Self::Tcp(socket) => socket.as_fd(),
            Self::Memory(socket) => socket.as_fd(),
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // Closing a serial line waits (up to 30 s on Linux) for bytes that flow control or a stuck
        // adapter holds back; nobody waits for their answer any more.
        if let Self::Serial { tty, real: true } = self {
            let _ = tty.clear(ClearBuffer::Output);
        }
    }
}

fn retry(mut call: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}
