use std::fmt;
use std::time::Duration;

use m531x_at::command::{Secret, Will};
use m531x_at::command_line::shown_host;
use m531x_at::framer::{self, OnAmbiguous};
use m531x_at::profile::Model;

use super::{AskPassword, Recovery};

/// No duration of a configuration is taken to be longer.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How a [`Session`](super::Session) behaves; `Default` suits a real module.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// The module's model; `None` asks the module at start-up.
    pub model: Option<Model>,
    /// How long a command may take to give its final result, where the dialect does not ask for
    /// more. Default 10 s.
    pub command_timeout: Duration,
    /// Least pause between a final result and the next command; `None` is the profile's.
    pub guard_time: Option<Duration>,
    /// How long the start-up dialogue asks a port that answers nothing. Default 10 s.
    pub open_timeout: Duration,
    /// Silence that ends a message whose bytes stopped coming. Default: that of 9600 baud.
    pub silence_limit: Duration,
    /// How fast the line is, in baud: with `silence_limit` it bounds how long a message may take.
    /// Default 9600.
    pub baudrate: u32,
    /// Longest payload that is kept, in bytes. Default 65536.
    pub max_message: usize,
    /// Longest payload that the module is thought to be able to deliver, in bytes; a reading of a
    /// message that declares more counts only when no other closes. Default 8192.
    pub deliverable: usize,
    /// What to do with a message whose boundary cannot be determined. Default: deliver it,
    /// flagged.
    pub on_ambiguous: OnAmbiguous,
    /// Longest command line in bytes; `None` is the profile's.
    pub line_limit: Option<usize>,
    /// Whether and how a lost connection is made again. Default on.
    pub recovery: Recovery,
    /// Whether the lines that pass are kept for [`poll_line`](super::Session::poll_line), which
    /// must then be called. Default off.
    pub line_log: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            model: None,
            command_timeout: Duration::from_secs(10),
            guard_time: None,
            open_timeout: Duration::from_secs(10),
            silence_limit: framer::silence_limit(9600),
            baudrate: 9600,
            max_message: 65_536,
            deliverable: 8192,
            on_ambiguous: OnAmbiguous::Deliver,
            line_limit: None,
            recovery: Recovery::default(),
            line_log: false,
        }
    }
}

impl SessionConfig {
    /// The same with durations that can be added to any time.
    pub(super) fn bounded(mut self) -> Self {
        for duration in [
            &mut self.command_timeout,
            &mut self.open_timeout,
            &mut self.silence_limit,
        ] {
            *duration = (*duration).min(LONGEST);
        }
        self.guard_time = self.guard_time.map(|time| time.min(LONGEST));
        self
    }
}

/// What an MQTT connection is made of.
///
/// ```
/// use m531x_core::{ConnectOptions, Secret};
///
/// let mut options = ConnectOptions::new("broker.example", "meter-17");
/// options.username = Some("meter".into());
/// options.password = Some(Secret::new("not shown"));
/// assert_eq!(options.port, 1883);
/// assert!(!format!("{options:?}").contains("not shown"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// The broker's host name or address.
    pub host: String,
    /// The broker's TCP port. Default 1883.
    pub port: u16,
    /// The MQTT client identifier.
    pub client_id: String,
    /// The user name, if the broker wants one.
    pub username: Option<String>,
    /// The password, if the broker wants one.
    pub password: Option<Secret>,
    /// Where the password comes from at every connect and recovery, for one that expires. With a
    /// password beside it, that one is the first. Default: it stays the same.
    pub ask_password: Option<AskPassword>,
    /// Keep-alive in seconds; must be larger than `ack_timeout`. Default 60. 0 is allowed, but not
    /// "off": the broker expects no ping then, while a module may send one every 1.5 s.
    pub keepalive: u16,
    /// Whether the broker should forget the client's earlier session. Default true.
    pub clean_session: bool,
    /// Whether the module should encrypt; not every model can. Default false.
    pub tls: bool,
    /// What the broker publishes when the connection is lost.
    pub will: Option<Will>,
    /// How long the module waits for an acknowledgement of the broker, in seconds. Default 10.
    pub ack_timeout: u16,
    /// Longest CONNECT packet in bytes that the module can make: one of client id, user name,
    /// password and will that is longer is refused before a byte is sent. `None` is the model's
    /// (256), which was read from firmware; that of a module may be larger.
    pub connect_limit: Option<usize>,
    /// How long to try; `None` is `ack_timeout` and 50 s for the network (60 s by default).
    pub timeout: Option<Duration>,
}

impl ConnectOptions {
    /// Options with the defaults for everything but the broker's host and the client identifier.
    pub fn new(host: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 1883,
            client_id: client_id.into(),
            username: None,
            password: None,
            ask_password: None,
            keepalive: 60,
            clean_session: true,
            tls: false,
            will: None,
            ack_timeout: 10,
            connect_limit: None,
            timeout: None,
        }
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("host", &shown_host(&self.host))
            .field("port", &self.port)
            .field("client_id", &self.client_id)
            .field("username", &self.username.as_ref().map(|_| "***"))
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("ask_password", &self.ask_password)
            .field("keepalive", &self.keepalive)
            .field("clean_session", &self.clean_session)
            .field("tls", &self.tls)
            .field("will", &self.will)
            .field("ack_timeout", &self.ack_timeout)
            .field("connect_limit", &self.connect_limit)
            .field("timeout", &self.timeout)
            .finish()
    }
}
