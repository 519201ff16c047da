//! A small MQTT 3.1.1 broker for tests and demonstrations.
//!
//! It listens on the loopback interface, keeps everything in memory and stops when dropped. It
//! speaks all of MQTT 3.1.1's server role that a client can see (QoS 0 to 2, retained messages,
//! wills, sessions, take-over, keep-alive), but it is no broker to run anything on: no persistence,
//! no TLS, no access lists.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

/// Behaviour of an [`EmbeddedBroker`] beyond MQTT's: for tests of how a client takes it.
#[derive(Clone, Default)]
pub struct BrokerOptions {
    /// Highest QoS granted to a subscription; `None` grants what was asked for.
    pub maximum_qos: Option<u8>,
    /// Filters that are refused with 128.
    pub refused_filters: Vec<String>,
    /// Acknowledgements that are never sent.
    pub withhold: Withhold,
    /// User names and passwords; when set nobody else may connect.
    pub users: Option<HashMap<String, String>>,
}

/// Which acknowledgements a broker withholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withhold {
    /// CONNACK.
    pub connect: bool,
    /// PUBACK, PUBREC and PUBCOMP.
    pub publish: bool,
    /// SUBACK.
    pub subscribe: bool,
    /// UNSUBACK.
    pub unsubscribe: bool,
    /// PINGRESP.
    pub ping: bool,
}

/// An MQTT 3.1.1 broker on the loopback interface; it stops when dropped.
#[derive(Debug)]
pub struct EmbeddedBroker;

#[expect(unused_variables, clippy::unused_self)]
impl EmbeddedBroker {
    /// Starts a broker on 127.0.0.1 and a free port.
    pub fn start() -> io::Result<Self> {
        todo!()
    }

    /// Starts a broker on the given address.
    pub fn start_on(address: SocketAddr) -> io::Result<Self> {
        todo!()
    }

    /// Starts a broker on the given address with other than the usual behaviour.
    pub fn start_with(address: SocketAddr, options: BrokerOptions) -> io::Result<Self> {
        todo!()
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        todo!()
    }

    /// Changes the behaviour towards packets that come from now on.
    pub fn set_options(&self, options: BrokerOptions) {
        todo!()
    }
}
