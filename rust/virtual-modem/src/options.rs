//! How a virtual modem is started.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

use m531x_at::profile::Model;

use crate::{Fault, Firmware};

/// What [`VirtualModem::start`](crate::VirtualModem::start) is given; the default is an M5310-A on a
/// pseudo terminal (on Windows a TCP port) with the embedded broker and no faults.
#[derive(Clone, Debug)]
pub struct VirtualModemOptions {
    /// Which module to be.
    pub model: Model,
    /// What it does where the manual is silent; `None` is [`Firmware::of`] the model.
    pub firmware: Option<Firmware>,
    /// Which broker stands behind it.
    pub broker: BrokerChoice,
    /// Where the host finds the serial port.
    pub link: LinkChoice,
    /// Bits per second (8N1) at which bytes pass in both directions; `None` lets them pass at once.
    pub baudrate: Option<u32>,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
    /// Makes identity and faults repeatable; `None` draws one, see
    /// [`VirtualModem::seed`](crate::VirtualModem::seed).
    pub seed: Option<u64>,
    /// Echo after boot; `None` is the model's own habit.
    pub echo: Option<bool>,
    /// A recording (see [`m531x_at::recording`]) to play: the module waits for each recorded command and
    /// answers as the recorded module did. There is no broker then, and only recorded faults;
    /// [`VirtualModem::differences`](crate::VirtualModem::differences) reports a host that deviates.
    /// A host that opens the port anew begins the recording anew.
    pub replay: Option<PathBuf>,
}

impl Default for VirtualModemOptions {
    fn default() -> Self {
        Self {
            model: Model::M5310A,
            firmware: None,
            broker: BrokerChoice::Embedded,
            link: LinkChoice::default(),
            baudrate: None,
            faults: Vec::new(),
            seed: None,
            echo: None,
            replay: None,
        }
    }
}

/// Which broker the module reaches.
///
/// ```
/// use m531x_virtual_modem::BrokerChoice;
///
/// assert_eq!("embedded".parse(), Ok(BrokerChoice::Embedded));
/// assert_eq!("localhost:1883".parse(), Ok(BrokerChoice::Address("localhost:1883".into())));
/// assert!("localhost".parse::<BrokerChoice>().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BrokerChoice {
    /// Its own broker on the loopback interface, independent of `AT+MQTTCFG`, without TLS.
    #[default]
    Embedded,
    /// The broker that `AT+MQTTCFG` names, as a real module does.
    Cfg,
    /// This broker (`host:port`), independent of `AT+MQTTCFG`; over TLS if that command asks for it.
    Address(String),
}

impl FromStr for BrokerChoice {
    type Err = ParseBrokerError;

    fn from_str(text: &str) -> Result<Self, ParseBrokerError> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "cfg" => Ok(Self::Cfg),
            address => match split_address(address) {
                Some(_) => Ok(Self::Address(address.to_owned())),
                None => Err(ParseBrokerError(address.to_owned())),
            },
        }
    }
}

impl fmt::Display for BrokerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Cfg => f.write_str("cfg"),
            Self::Address(address) => f.write_str(address),
        }
    }
}

/// A text that names no broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseBrokerError(String);

impl fmt::Display for ParseBrokerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "broker {:?} is not understood: give embedded, cfg or HOST:PORT",
            self.0
        )
    }
}

impl std::error::Error for ParseBrokerError {}

/// Where the host finds the module's serial port; the default is a pseudo terminal, on Windows, which
/// has none, a free TCP port of the loopback interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChoice {
    /// A pseudo terminal, if wanted under a stable name; refused on Windows.
    Pty {
        /// A symbolic link to the terminal, removed when the modem closes.
        symlink: Option<PathBuf>,
    },
    /// A TCP port; port 0 picks a free one. One client at a time.
    Tcp(SocketAddr),
    /// A stream in memory, see [`VirtualModem::connect`](crate::VirtualModem::connect).
    Memory,
}

impl Default for LinkChoice {
    fn default() -> Self {
        if cfg!(unix) {
            Self::Pty { symlink: None }
        } else {
            Self::Tcp((Ipv4Addr::LOCALHOST, 0).into())
        }
    }
}

impl LinkChoice {
    /// A pseudo terminal under this name, or the default.
    pub fn named(symlink: Option<PathBuf>) -> Self {
        match symlink {
            Some(_) => Self::Pty { symlink },
            None => Self::default(),
        }
    }

    /// A TCP port to listen on: `HOST:PORT`, or `PORT` alone, which is on the loopback interface.
    /// `None` if the text is neither or the host is not known.
    ///
    /// ```
    /// use m531x_virtual_modem::LinkChoice;
    ///
    /// assert!(!LinkChoice::tcp("4000").unwrap().is_exposed());
    /// assert!(LinkChoice::tcp("0.0.0.0:4000").unwrap().is_exposed());
    /// assert_eq!(LinkChoice::tcp("here"), None);
    /// ```
    pub fn tcp(text: &str) -> Option<Self> {
        let port = text.strip_prefix(':').unwrap_or(text);
        if let Ok(port) = port.parse::<u16>() {
            return Some(Self::Tcp((Ipv4Addr::LOCALHOST, port).into()));
        }
        let mut addresses = text.to_socket_addrs().ok()?;
        addresses.next().map(Self::Tcp)
    }

    /// Whether others than this machine can reach it. They could do everything that a host can: a
    /// virtual modem asks for no password.
    pub fn is_exposed(&self) -> bool {
        matches!(self, Self::Tcp(address) if !address.ip().to_canonical().is_loopback())
    }
}

/// Splits `host:port` and `[v6]:port`.
pub(crate) fn split_address(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        // An IPv6 address without brackets hides where the port begins.
        None if host.contains(':') => return None,
        None => host,
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then_some((host, port))
}
