//! The typed requests: a small struct for each operation, which knows what it gives.
//!
//! [`Modem::run`] waits for one, [`Modem::start`] begins one and returns a [`Pending`]. What a program
//! types often has a method of its own: `modem.publish(topic, payload, options)` is
//! `modem.run(Publish::new(topic, payload, options))`.
//!
//! ```
//! # use m531x_core::{Modem, ModemOptions, Stream};
//! # use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
//! # let module = VirtualModem::start(VirtualModemOptions {
//! #     link: LinkChoice::Memory,
//! #     ..VirtualModemOptions::default()
//! # })?;
//! # let modem = Modem::open_stream(Stream::from(module.connect()?), ModemOptions::default())?;
//! use m531x_core::operation::{Command, Info, Signal};
//!
//! let info = modem.run(Info)?;
//! let signal = modem.start(Signal)?; // sent already
//! let clock = modem.start(Command::new("AT+CCLK?"))?;
//! println!("{}: {:?} dBm", info.model_text, signal.wait()?.rssi_dbm);
//! println!("{:?}", clock.wait()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Modem::run`]: super::Modem::run
//! [`Modem::start`]: super::Modem::start
//! [`Pending`]: super::Pending

use std::time::Duration;

use super::{PublishOptions, SubscribeOptions};
use crate::session::{Outcome, Request, RequestKind};
use crate::{ConfigReadback, ConnectOptions, Error, ModemInfo, MqttState, QoS, Receipt};

/// Something that a modem can be asked for.
///
/// A program may have its own: a request, and a type made from the [`Outcome`] that the request ends
/// with.
pub trait Operation {
    /// What it gives when it succeeds.
    type Output: TryFrom<Outcome, Error = Error>;

    /// What the session is asked for.
    fn into_request(self) -> Request;
}

/// Configures the module's MQTT client and connects it to the broker.
#[derive(Clone, Debug)]
pub struct Connect(pub ConnectOptions);

/// Ends the MQTT connection; the client stays configured.
#[derive(Clone, Copy, Debug)]
pub struct Disconnect;

/// Removes the configured client from the module.
#[derive(Clone, Copy, Debug)]
pub struct Delete;

/// Publishes, and ends when that is complete: for QoS 0 with the module's OK, for QoS 1 with the
/// broker's PUBACK, for QoS 2 with its PUBCOMP.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Where to.
    pub topic: String,
    /// Any bytes.
    pub payload: Vec<u8>,
    /// How.
    pub options: PublishOptions,
}

/// Subscribes, and gives the QoS that the broker granted, which may be lower than asked.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// The topic filter.
    pub filter: String,
    /// How.
    pub options: SubscribeOptions,
}

/// Unsubscribes.
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// The topic filter, as subscribed.
    pub filter: String,
}

/// Asks the module for the state of its MQTT client.
#[derive(Clone, Copy, Debug)]
pub struct Status;

/// Reads the configuration of the module's MQTT client back.
#[derive(Clone, Copy, Debug)]
pub struct Config;

/// Reads model, firmware and identities.
#[derive(Clone, Copy, Debug)]
pub struct Info;

/// Reads the signal quality.
#[derive(Clone, Copy, Debug)]
pub struct Signal;

/// Sends one command line and gives its information lines.
///
/// `Debug` shows the line without passwords and PINs.
#[derive(Clone)]
pub struct Command {
    /// The line, without CR.
    pub line: String,
    /// How long it may take; `None` is the modem's `command_timeout`.
    pub timeout: Option<Duration>,
}

/// Waits until SIM card, registration, attachment and address are there.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitForNetwork {
    /// How long that may take; `None` is the session's own limit.
    pub timeout: Option<Duration>,
}

/// Wakes a sleeping module.
#[derive(Clone, Copy, Debug)]
pub struct Wake;

/// Restarts the module and waits until it answers again.
#[derive(Clone, Copy, Debug)]
pub struct Reboot;

/// Sets how long the module waits for an acknowledgement of the broker, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct SetAckTimeout(pub u16);

/// Turns the event for every answered keep-alive ping on or off.
#[derive(Clone, Copy, Debug)]
pub struct SetPingReport(pub bool);

impl Publish {
    /// A publish of this message.
    pub fn new(
        topic: impl Into<String>,
        payload: impl Into<Vec<u8>>,
        options: PublishOptions,
    ) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            options,
        }
    }
}

impl Subscribe {
    /// A subscription to this filter.
    pub fn new(filter: impl Into<String>, options: SubscribeOptions) -> Self {
        Self {
            filter: filter.into(),
            options,
        }
    }
}

impl Unsubscribe {
    /// The end of the subscription to this filter.
    pub fn new(filter: impl Into<String>) -> Self {
        Self {
            filter: filter.into(),
        }
    }
}

impl Command {
    /// This line, with the modem's time limit.
    pub fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            timeout: None,
        }
    }

    /// The same with a time limit, or with the modem's.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.clone().into_request().fmt(f)
    }
}

macro_rules! requests {
    ($($operation:ty => $output:ty, |$fields:pat_param| $request:expr;)*) => {$(
        impl Operation for $operation {
            type Output = $output;

            fn into_request(self) -> Request {
                let $fields = self;
                Request::from($request)
            }
        }
    )*};
}

requests! {
    Connect => (), |Connect(options)| RequestKind::Connect(options);
    Disconnect => (), |Disconnect| RequestKind::Disconnect;
    Delete => (), |Delete| RequestKind::Delete;
    Publish => Receipt, |Publish { topic, payload, options }| Request {
        kind: RequestKind::Publish {
            topic,
            payload,
            qos: options.qos,
            retain: options.retain,
        },
        timeout: options.timeout,
    };
    Subscribe => QoS, |Subscribe { filter, options }| Request {
        kind: RequestKind::Subscribe {
            filter,
            qos: options.qos,
            hex: options.hex,
        },
        timeout: options.timeout,
    };
    Unsubscribe => (), |Unsubscribe { filter }| RequestKind::Unsubscribe { filter };
    Status => MqttState, |Status| RequestKind::Status;
    Config => ConfigReadback, |Config| RequestKind::Config;
    Info => ModemInfo, |Info| RequestKind::Info;
    Signal => crate::Signal, |Signal| RequestKind::Signal;
    Command => Vec<String>, |Command { line, timeout }| Request {
        kind: RequestKind::Command(line),
        timeout,
    };
    WaitForNetwork => (), |WaitForNetwork { timeout }| Request {
        kind: RequestKind::WaitForNetwork,
        timeout,
    };
    Wake => (), |Wake| RequestKind::Wake;
    Reboot => (), |Reboot| RequestKind::Reboot;
    SetAckTimeout => (), |SetAckTimeout(seconds)| RequestKind::SetAckTimeout(seconds);
    SetPingReport => (), |SetPingReport(report)| RequestKind::SetPingReport(report);
}
