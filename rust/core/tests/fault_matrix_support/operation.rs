//! The columns of the matrix.

use m531x_core::QoS;
use m531x_core::session::RequestKind;

use m531x_test_support::simulation::{connect, publish, subscribe, unsubscribe};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Connect,
    Publish(QoS),
    Subscribe,
    Unsubscribe,
    Receive,
    Disconnect,
    /// The port is closed in the middle of a publish, and opened again by a new process.
    Close,
}

impl Operation {
    pub(crate) const ALL: [Self; 9] = [
        Self::Connect,
        Self::Publish(QoS::AtMostOnce),
        Self::Publish(QoS::AtLeastOnce),
        Self::Publish(QoS::ExactlyOnce),
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Receive,
        Self::Disconnect,
        Self::Close,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Publish(QoS::AtMostOnce) => "publish 0",
            Self::Publish(QoS::AtLeastOnce) => "publish 1",
            Self::Publish(QoS::ExactlyOnce) => "publish 2",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Receive => "receive",
            Self::Disconnect => "disconnect",
            Self::Close => "close",
        }
    }

    /// How often it is done while the fault goes on.
    pub(crate) fn times(self) -> usize {
        match self {
            Self::Publish(_) | Self::Subscribe | Self::Unsubscribe => 3,
            Self::Connect | Self::Disconnect | Self::Close => 1,
            Self::Receive => 0,
        }
    }

    /// The request of the n-th time.
    pub(crate) fn request(self, n: usize, clean_session: bool) -> RequestKind {
        match self {
            Self::Connect => connect(clean_session),
            Self::Publish(qos) => publish(&topic(n), &payload(n), qos),
            Self::Close => publish(&topic(n), &payload(n), QoS::AtLeastOnce),
            Self::Subscribe => subscribe(&filter(n), QoS::ExactlyOnce),
            Self::Unsubscribe => unsubscribe(&filter(n)),
            Self::Disconnect | Self::Receive => RequestKind::Disconnect,
        }
    }
}

/// Where the n-th publish goes.
pub(crate) fn topic(n: usize) -> String {
    format!("out/{n}")
}

/// Text, bytes that travel as hex, and something that looks like protocol.
pub(crate) fn payload(n: usize) -> Vec<u8> {
    match n % 3 {
        0 => format!("reading {n}").into_bytes(),
        1 => vec![0, 13, 10, 26, 34, 255],
        _ => b"\r\nERROR\r\n+MQTTDISC: OK\r\n".to_vec(),
    }
}

/// The n-th filter that is subscribed or unsubscribed.
pub(crate) fn filter(n: usize) -> String {
    format!("more/{n}/+")
}
