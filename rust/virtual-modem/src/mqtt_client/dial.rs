//! Names to addresses to a connected stream, without ever blocking the caller.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

use m531x_threads::spawn_thread;
#[cfg(not(target_vendor = "apple"))]
use rustix::net::socket_with;
use rustix::net::{AddressFamily, SocketType, connect, sockopt};

/// A connection being made.
#[derive(Debug)]
pub(super) enum Dial {
    /// A thread asks the resolver; it drops its end of `wake` when done.
    Resolving {
        wake: UnixStream,
        answer: mpsc::Receiver<io::Result<Vec<SocketAddr>>>,
    },
    /// The kernel connects; the other addresses are tried when it fails.
    Connecting {
        stream: TcpStream,
        others: VecDeque<SocketAddr>,
    },
}

/// What a [`Dial`] has come to.
pub(super) enum Progress {
    Pending(Dial),
    Connected(TcpStream),
}

impl Dial {
    pub(super) fn start(host: &str, port: u16) -> io::Result<Progress> {
        if let Some(addresses) = literal(host) {
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, port));
            return connect_first(addresses.collect(), None);
        }
        let (wake, done) = UnixStream::pair()?;
        let (sender, answer) = mpsc::channel();
        let name = host.to_owned();
        spawn_thread("m531x-resolver", move || {
            let found = (name.as_str(), port).to_socket_addrs();
            // The receiver is gone if the connection has been given up meanwhile.
            let _ = sender.send(found.map(Iterator::collect));
            drop(done);
        })?;
        Ok(Progress::Pending(Self::Resolving { wake, answer }))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Resolving { wake, .. } => wake.as_fd(),
            Self::Connecting { stream, .. } => stream.as_fd(),
        }
    }

    /// Whether to wait for readable (else for writable).
    pub(super) fn wants_read(&self) -> bool {
        matches!(self, Self::Resolving { .. })
    }

    /// Takes the next step if it can be taken now.
    pub(super) fn advance(self) -> io::Result<Progress> {
        match self {
            Self::Resolving { wake, answer } => match answer.try_recv() {
                Ok(found) => {
                    // This kind means the name; connecting has no such error.
                    let unknown = |error| io::Error::new(io::ErrorKind::NotFound, error);
                    connect_first(found.map_err(unknown)?.into(), None)
                }
                Err(mpsc::TryRecvError::Empty) => {
                    Ok(Progress::Pending(Self::Resolving { wake, answer }))
                }
                Err(mpsc::TryRecvError::Disconnected) => {
                    Err(io::Error::other("the resolver gave no answer"))
                }
            },
            Self::Connecting { stream, others } => match sockopt::socket_error(&stream)? {
                Err(errno) => connect_first(others, Some(errno.into())),
                // Without an error and without a peer it is still under way.
                Ok(()) if stream.peer_addr().is_err() => {
                    Ok(Progress::Pending(Self::Connecting { stream, others }))
                }
                Ok(()) => Ok(Progress::Connected(stream)),
            },
        }
    }

    /// The stream, so that the caller can keep it silent.
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        match self {
            Self::Resolving { .. } => None,
            Self::Connecting { stream, .. } => Some(stream),
        }
    }
}

/// Addresses that need no resolver.
fn literal(host: &str) -> Option<Vec<IpAddr>> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse() {
        return Some(vec![address]);
    }
    host.eq_ignore_ascii_case("localhost")
        .then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

/// Begins with the first address that can be begun with; `last` is the error of the one before.
fn connect_first(
    mut addresses: VecDeque<SocketAddr>,
    mut last: Option<io::Error>,
) -> io::Result<Progress> {
    while let Some(address) = addresses.pop_front() {
        match begin(address) {
            Ok((stream, true)) => return Ok(Progress::Connected(stream)),
            Ok((stream, false)) => {
                return Ok(Progress::Pending(Dial::Connecting {
                    stream,
                    others: addresses,
                }));
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("the name has no address")))
}

/// A stream, and whether it is connected already.
fn begin(address: SocketAddr) -> io::Result<(TcpStream, bool)> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket(family)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    let connected = match connect(&socket, &address) {
        Ok(()) => true,
        Err(rustix::io::Errno::INPROGRESS | rustix::io::Errno::INTR) => false,
        Err(errno) => return Err(errno.into()),
    };
    Ok((socket.into(), connected))
}

#[cfg(not(target_vendor = "apple"))]
fn socket(family: AddressFamily) -> io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(family, SocketType::STREAM, flags, None)?)
}

#[cfg(target_vendor = "apple")]
fn socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    sockopt::set_socket_nosigpipe(&socket, true)?;
    Ok(socket)
}
