//! A real broker, a virtual modem on a pseudo-terminal towards it, and an observer that speaks MQTT
//! without any of this project's code.

use std::time::{Duration, Instant};

use m531x_core::{
    ConnectOptions, Event, EventKind, Incoming, Message, Model, Modem, ModemOptions,
    PublishOptions, QoS, SubscribeOptions,
};
use m531x_virtual_modem::{BrokerChoice, Fault, LinkChoice, VirtualModem, VirtualModemOptions};

use crate::mosquitto::Mosquitto;

pub const LIMIT: Duration = Duration::from_secs(20);

/// A virtual modem with the real broker behind it.
pub fn virtual_modem(broker: &Mosquitto, faults: &[&str]) -> VirtualModem {
    start(BrokerChoice::Address(broker.address().to_string()), faults)
}

pub fn start(broker: BrokerChoice, faults: &[&str]) -> VirtualModem {
    VirtualModem::start(VirtualModemOptions {
        broker,
        link: LinkChoice::Pty { symlink: None },
        faults: faults
            .iter()
            .map(|fault| fault.parse::<Fault>().unwrap())
            .collect(),
        seed: Some(1),
        ..VirtualModemOptions::default()
    })
    .unwrap()
}

pub fn open(module: &VirtualModem) -> Modem {
    let options = ModemOptions {
        model: Some(Model::M5310A),
        ..ModemOptions::default()
    };
    Modem::open(&module.port(), options).unwrap()
}

/// Opened and connected to the broker.
pub fn connected(module: &VirtualModem) -> Modem {
    let modem = open(module);
    modem.connect(connect_options()).unwrap();
    modem
}

pub fn connect_options() -> ConnectOptions {
    ConnectOptions::new("broker.example", "m531x-test")
}

pub fn publish_options(qos: QoS) -> PublishOptions {
    PublishOptions {
        qos,
        ..PublishOptions::default()
    }
}

pub fn subscribe_options(qos: QoS) -> SubscribeOptions {
    SubscribeOptions {
        qos,
        ..SubscribeOptions::default()
    }
}

/// The next message, past any events.
pub fn next_message(modem: &Modem) -> Message {
    loop {
        match modem.recv(Some(LIMIT)).unwrap() {
            Some(Incoming::Message(message)) => return message,
            Some(Incoming::Event(_)) => {}
            None => panic!("no message within {LIMIT:?}"),
        }
    }
}

/// The next event of this kind, past anything else.
pub fn next_event(modem: &Modem, kind: EventKind, limit: Duration) -> Event {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match modem.recv(Some(left)).unwrap() {
            Some(Incoming::Event(event)) if event.kind == kind => return event,
            Some(_) => {}
            None => panic!("no {kind} within {limit:?}"),
        }
    }
}
