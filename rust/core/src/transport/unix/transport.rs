//! Every port is one non-blocking file descriptor, no matter what is behind it.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};
use serialport::{ClearBuffer, SerialPort, TTYPort};

use crate::transport::Port;
use crate::transport::rfc2217::Line;

/// The open port; dropping it closes the descriptor.
#[derive(Debug)]
pub(crate) enum Transport {
    /// `real` is false for a pseudo-terminal, which has no line to drain.
    Serial {
        tty: TTYPort,
        real: bool,
    },
    Tcp(TcpStream),
    /// A serial port behind a Telnet server.
    Remote {
        socket: TcpStream,
        line: Box<Line>,
    },
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
        notice_a_dead_server(&socket);
        Ok(Self::Tcp(socket))
    }

    pub(crate) fn remote(socket: TcpStream, line: Box<Line>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        notice_a_dead_server(&socket);
        Ok(Self::Remote { socket, line })
    }

    pub(crate) fn memory(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        #[cfg(target_vendor = "apple")]
        rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
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
        match self {
            Self::Remote { socket, line } => line.read(
                buffer,
                |buffer| receive(socket, buffer),
                |bytes| send(socket, bytes),
            ),
            _ => receive(self, buffer),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Serial { .. } => retry(|| rustix::io::write(self, bytes)),
            Self::Tcp(_) | Self::Memory(_) => send(self, bytes),
            Self::Remote { socket, line } => line.write(bytes, |bytes| send(socket, bytes)),
        }
    }

    fn is_real_line(&self) -> bool {
        matches!(self, Self::Serial { real: true, .. } | Self::Remote { .. })
    }

    fn set_baudrate(&self, baudrate: u32) -> io::Result<()> {
        if let Self::Remote { socket, line } = self {
            line.set_baudrate(baudrate, |bytes| send(socket, bytes))?;
        }
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
            Self::Tcp(socket) | Self::Remote { socket, .. } => socket.as_fd(),
            Self::Memory(socket) => socket.as_fd(),
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // Closing a serial line waits (up to 30 s on Linux) for bytes that flow control or a stuck
        // adapter holds back; no caller waits for their answer.
        if let Self::Serial { tty, real: true } = self {
            let _ = tty.clear(ClearBuffer::Output);
        }
    }
}

/// A serial server that lost its power says nothing, and an idle connection to it stays forever
/// unless it is asked.
fn notice_a_dead_server(socket: &TcpStream) {
    use rustix::net::sockopt;
    // Where one of these is refused the connection works all the same.
    let _ = sockopt::set_socket_keepalive(socket, true);
    let _ = sockopt::set_tcp_keepidle(socket, Duration::from_secs(60));
    let _ = sockopt::set_tcp_keepintvl(socket, Duration::from_secs(10));
    let _ = sockopt::set_tcp_keepcnt(socket, 3);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = sockopt::set_tcp_user_timeout(socket, 60_000);
}

fn receive(port: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    retry(|| rustix::io::read(&port, &mut *buffer))
}

/// Not by a plain write: to a connection that the peer closed it would raise SIGPIPE, which ends a C
/// program that did not ask for anything else.
fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    // Apple has a setting of the socket instead, which the standard library makes for TCP.
    #[cfg(not(target_vendor = "apple"))]
    const FLAGS: SendFlags = SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    const FLAGS: SendFlags = SendFlags::empty();
    retry(|| rustix::net::send(&socket, bytes, FLAGS))
}

fn retry(mut call: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}
