//! The two brokers that every scenario runs over.

use std::net::{Ipv4Addr, SocketAddr};

use m531x_virtual_modem::broker::{BrokerOptions, EmbeddedBroker};

use crate::mosquitto::Mosquitto;

/// A running broker; it ends when dropped.
pub enum TestBroker {
    Embedded(EmbeddedBroker),
    Mosquitto(Mosquitto),
}

impl TestBroker {
    pub fn embedded() -> Self {
        Self::Embedded(EmbeddedBroker::start().unwrap())
    }

    pub fn mosquitto() -> Self {
        Self::Mosquitto(Mosquitto::start())
    }

    /// Both kinds, admitting one user only.
    pub fn both_with_user(user: &str, password: &str) -> [Self; 2] {
        let options = BrokerOptions {
            users: Some([(user.to_owned(), password.to_owned())].into()),
            ..BrokerOptions::default()
        };
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let embedded = EmbeddedBroker::start_with(any, options).unwrap();
        let mosquitto = Mosquitto::with_user(user, password);
        [Self::Embedded(embedded), Self::Mosquitto(mosquitto)]
    }

    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Embedded(broker) => broker.address(),
            Self::Mosquitto(broker) => broker.address(),
        }
    }
}

/// Turns scenarios into tests over the embedded broker and over mosquitto, the reference.
#[macro_export]
macro_rules! on_both_brokers {
    ($(fn $name:ident($broker:ident) $body:block)*) => {
        $(fn $name($broker: &$crate::brokers::TestBroker) $body)*

        mod embedded {
            $(#[test] fn $name() { super::$name(&$crate::brokers::TestBroker::embedded()); })*
        }

        mod mosquitto {
            $(#[test] fn $name() { super::$name(&$crate::brokers::TestBroker::mosquitto()); })*
        }
    };
}
