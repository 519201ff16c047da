//! Why a virtual modem cannot start.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why [`VirtualModem::start`](crate::VirtualModem::start) failed; the text says what to do.
///
/// A broker that cannot be reached is no reason not to start: as with a real module, `AT+MQTTOPEN`
/// finds out.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Another live modem holds the link.
    LinkTaken(PathBuf),
    /// Something that no virtual modem has made stands where the link, or the lock beside it, should be.
    LinkOccupied(PathBuf),
    /// The link could not be made.
    Link {
        /// The link's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No pseudo terminal could be had.
    Pty(io::Error),
    /// This system has no pseudo terminals.
    NoPty,
    /// The TCP port is taken.
    AddressInUse(SocketAddr),
    /// The TCP port cannot be listened on.
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The broker's address is not `host:port`.
    BrokerAddress(String),
    /// The embedded broker could not start.
    Broker(io::Error),
    /// The baud rate is zero.
    Baudrate,
    /// The recording cannot be read.
    Recording {
        /// Its file.
        path: PathBuf,
        /// Why not, with the line.
        why: String,
    },
    /// A thread or a descriptor could not be had.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkTaken(path) => write!(
                f,
                "the link {} belongs to another running virtual modem: stop that one or choose another link",
                path.display()
            ),
            Self::LinkOccupied(path) => write!(
                f,
                "{} exists and was not made by a virtual modem: remove it or choose another link",
                path.display()
            ),
            Self::Link { path, source } => write!(
                f,
                "cannot make the link {}: {source}; choose a path in a directory you may write to",
                path.display()
            ),
            Self::Pty(source) => write!(
                f,
                "no pseudo terminal to be had: {source}; is /dev/pts mounted, or use a TCP link"
            ),
            Self::NoPty => f.write_str(
                "this system has no pseudo terminals: use a TCP link such as 127.0.0.1:0, or open virtual://",
            ),
            Self::AddressInUse(address) => write!(
                f,
                "the address {address} is in use: stop its owner, choose another port, or port 0 for a free one"
            ),
            Self::Listen { address, source } => write!(
                f,
                "cannot listen on {address}: {source}; choose an address of this computer"
            ),
            Self::BrokerAddress(address) => write!(
                f,
                "broker {address:?} is not understood: give embedded, cfg or HOST:PORT"
            ),
            Self::Broker(source) => {
                write!(
                    f,
                    "the embedded broker cannot start: {source}; name another broker by HOST:PORT"
                )
            }
            Self::Recording { path, why } => write!(f, "recording {}: {why}", path.display()),
            Self::Baudrate => {
                f.write_str("a baud rate of 0 passes no byte: give one above 0, or none")
            }
            Self::System(source) => write!(
                f,
                "the virtual modem cannot start: {source}; is the limit of threads or open files reached (ulimit -n)?"
            ),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Link { source, .. }
            | Self::Listen { source, .. }
            | Self::Pty(source)
            | Self::Broker(source)
            | Self::System(source) => Some(source),
            _ => None,
        }
    }
}
