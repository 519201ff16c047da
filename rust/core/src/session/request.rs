use std::fmt;
use std::time::Duration;

use m531x_at::command::QoS;
use m531x_at::profile::Model;
use m531x_at::response::ConfigReadback;

use super::{ConnectOptions, MqttState};
use crate::redacted::redacted;
use crate::{Error, ErrorCode};

/// Names one operation of a [`Session`](super::Session) from its beginning to its completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub(super) u64);

impl OperationId {
    /// The operation's number: a session counts them.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What the application asks for, and how long it may take.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub kind: RequestKind,
    /// How long it may take in all, queueing included; `None` is the default of the kind.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request with its kind's own time limit.
    pub fn new(kind: RequestKind) -> Self {
        Self {
            kind,
            timeout: None,
        }
    }

    /// The same request with a time limit.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl From<RequestKind> for Request {
    fn from(kind: RequestKind) -> Self {
        Self::new(kind)
    }
}

/// The operations of a session. Each ends with the [`Outcome`] named here, a typed error or a
/// timeout.
///
/// `Debug` shows a command without passwords and PINs.
#[derive(Clone)]
#[non_exhaustive]
pub enum RequestKind {
    /// The start-up dialogue: `AT` until it answers, the settings, the model. [`Outcome::Info`],
    /// whose model is known.
    Startup,
    /// One command line of the user's own, without CR. [`Outcome::Lines`]: its information lines.
    Command(String),
    /// Configures the client and connects. [`Outcome::Done`].
    Connect(ConnectOptions),
    /// Publishes. [`Outcome::Receipt`] after OK (QoS 0), PUBACK (QoS 1) or PUBCOMP (QoS 2).
    Publish {
        /// Where to.
        topic: String,
        /// Any bytes.
        payload: Vec<u8>,
        /// The quality of service.
        qos: QoS,
        /// Whether the broker should keep it.
        retain: bool,
    },
    /// Subscribes. [`Outcome::Granted`]: the QoS that the broker granted, which may be lower than
    /// asked.
    Subscribe {
        /// The topic filter.
        filter: String,
        /// The highest quality of service wanted.
        qos: QoS,
        /// Whether the module should print the payloads as hex (they are decoded here); not every
        /// model can.
        hex: bool,
    },
    /// Unsubscribes. [`Outcome::Done`].
    Unsubscribe {
        /// The topic filter, as subscribed.
        filter: String,
    },
    /// Ends the MQTT connection, keeping the client configured. [`Outcome::Done`].
    Disconnect,
    /// Removes the configured client. [`Outcome::Done`].
    Delete,
    /// Asks the module for the MQTT state. [`Outcome::State`].
    Status,
    /// Reads the client's configuration back. [`Outcome::Config`].
    Config,
    /// Reads model, firmware and identities. [`Outcome::Info`].
    Info,
    /// Reads the signal quality. [`Outcome::Signal`].
    Signal,
    /// Waits until SIM, registration, attachment and address are there. [`Outcome::Done`].
    WaitForNetwork,
    /// Sends `AT` until a sleeping module answers. [`Outcome::Done`].
    Wake,
    /// Restarts the module and waits until it answers again. [`Outcome::Done`].
    Reboot,
    /// Sets how long the module waits for an acknowledgement, in seconds; less than the keep-alive.
    /// [`Outcome::Done`].
    SetAckTimeout(u16),
    /// Turns the report of every answered ping on or off. [`Outcome::Done`].
    SetPingReport(bool),
}

impl fmt::Debug for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(line) => tuple(f, "Command", &redacted(line.clone())),
            Self::Connect(options) => tuple(f, "Connect", options),
            Self::Publish {
                topic,
                payload,
                qos,
                retain,
            } => f
                .debug_struct("Publish")
                .field("topic", topic)
                .field("payload", payload)
                .field("qos", qos)
                .field("retain", retain)
                .finish(),
            Self::Subscribe { filter, qos, hex } => f
                .debug_struct("Subscribe")
                .field("filter", filter)
                .field("qos", qos)
                .field("hex", hex)
                .finish(),
            Self::Unsubscribe { filter } => tuple(f, "Unsubscribe", filter),
            Self::SetAckTimeout(seconds) => tuple(f, "SetAckTimeout", seconds),
            Self::SetPingReport(report) => tuple(f, "SetPingReport", report),
            Self::Startup => f.write_str("Startup"),
            Self::Disconnect => f.write_str("Disconnect"),
            Self::Delete => f.write_str("Delete"),
            Self::Status => f.write_str("Status"),
            Self::Config => f.write_str("Config"),
            Self::Info => f.write_str("Info"),
            Self::Signal => f.write_str("Signal"),
            Self::WaitForNetwork => f.write_str("WaitForNetwork"),
            Self::Wake => f.write_str("Wake"),
            Self::Reboot => f.write_str("Reboot"),
        }
    }
}

fn tuple(f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Debug) -> fmt::Result {
    f.debug_tuple(name).field(value).finish()
}

/// What a successful operation gives; `TryFrom` turns it into the type of its value.
///
/// `Debug` shows lines without the passwords and PINs that an echo or a read-back may hold.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is done.
    Done,
    /// The information lines of a command.
    Lines(Vec<String>),
    /// A publish is complete.
    Receipt(Receipt),
    /// A subscription is made, at this QoS.
    Granted(QoS),
    /// The MQTT state.
    State(MqttState),
    /// The client's configuration.
    Config(ConfigReadback),
    /// The module's identity.
    Info(ModemInfo),
    /// The signal quality.
    Signal(Signal),
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Lines(lines) => {
                let shown: Vec<String> = lines.iter().cloned().map(redacted).collect();
                tuple(f, "Lines", &shown)
            }
            Self::Receipt(receipt) => tuple(f, "Receipt", receipt),
            Self::Granted(qos) => tuple(f, "Granted", qos),
            Self::State(state) => tuple(f, "State", state),
            Self::Config(config) => tuple(f, "Config", config),
            Self::Info(info) => tuple(f, "Info", info),
            Self::Signal(signal) => tuple(f, "Signal", signal),
        }
    }
}

/// The one place where the outcome of an operation becomes what the operation gives.
macro_rules! gives {
    ($($pattern:pat => $value:expr, $output:ty;)*) => {$(
        impl TryFrom<Outcome> for $output {
            type Error = Error;

            fn try_from(outcome: Outcome) -> Result<Self, Error> {
                match outcome {
                    $pattern => Ok($value),
                    other => Err(unexpected(&other)),
                }
            }
        }
    )*};
}

gives! {
    Outcome::Done => (), ();
    Outcome::Lines(lines) => lines, Vec<String>;
    Outcome::Receipt(receipt) => receipt, Receipt;
    Outcome::Granted(qos) => qos, QoS;
    Outcome::State(state) => state, MqttState;
    Outcome::Config(config) => config, ConfigReadback;
    Outcome::Info(info) => info, ModemInfo;
    Outcome::Signal(signal) => signal, Signal;
}

fn unexpected(outcome: &Outcome) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("an operation ended with the wrong kind of outcome: {outcome:?}"),
    )
}

/// Proof of a completed publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The packet id that the module used; `None` for QoS 0.
    pub packet_id: Option<u16>,
    /// The quality of service.
    pub qos: QoS,
    /// From the request to the completion.
    pub elapsed: Duration,
}

/// Who the module says it is; what it did not report is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModemInfo {
    /// The model, if it is one of ours.
    pub model: Option<Model>,
    /// The module's own words for its model.
    pub model_text: String,
    /// The firmware version.
    pub firmware: Option<String>,
    /// The equipment's identity, IMEI.
    pub imei: Option<String>,
    /// The subscriber's identity, IMSI.
    pub imsi: Option<String>,
    /// The SIM card's number, ICCID.
    pub iccid: Option<String>,
}

/// The signal quality (3GPP TS 27.007, +CSQ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The received signal strength in dBm, -113 to -51; `None` when not known.
    pub rssi_dbm: Option<i16>,
    /// The channel bit error rate class, 0 to 7; `None` when not known.
    pub ber: Option<u8>,
    /// The two numbers as the module gave them.
    pub raw: (u8, u8),
}
