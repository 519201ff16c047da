//! The MQTT connection that `pub` and `sub` share, with mosquitto's flags.

use std::ffi::OsString;
use std::fs;
use std::io::stdin;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{ArgAction, Args};
use m531x_core::operation::{Connect, Disconnect, Operation};
use m531x_core::{
    ConnectOptions, Error, ErrorCode, Event, Modem, MqttState, Pending, QoS, Recovery, Secret, Will,
};

use crate::client_id;
use crate::cloud::CloudArguments;
use crate::debug_log::{self, DebugLog};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::notes::{self, note};
use crate::port::{OpenPort, RecordablePort, seconds};
use crate::progress::{self, Line};
use crate::refused::Refused;
use crate::time_limit::TimeLimit;
use crate::url::{NoUrl, Url};

/// How long a module may take to leave the broker.
const GOODBYE: Duration = Duration::from_secs(5);

/// How soon a signal that came between two waits is noticed.
const STEP: Duration = Duration::from_millis(200);

/// Which broker, as whom.
#[derive(Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// The broker's host name or address, as the module reaches it [default: localhost, or that of --cloud]
    #[arg(short = 'h', long)]
    host: Option<String>,
    /// The broker's TCP port [default: 1883, with TLS 8883]
    #[arg(short = 'p', long = "broker-port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    broker_port: Option<u16>,
    /// Broker, login and topic in one word: mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC]
    #[arg(short = 'L', long)]
    url: Option<String>,
    /// The MQTT client identifier [default: m531x- and a random number]
    #[arg(short = 'i', long = "id", value_name = "ID")]
    client_id: Option<String>,
    /// A prefix of the client identifier; a random number follows it
    #[arg(short = 'I', long, value_name = "PREFIX", conflicts_with = "client_id")]
    id_prefix: Option<String>,
    /// Have the broker keep the session of this --id, with its subscriptions and undelivered messages
    #[arg(short = 'c', long)]
    disable_clean_session: bool,
    /// The version of MQTT: mqttv311, which is what the modules speak
    #[arg(short = 'V', long, value_name = "VERSION")]
    protocol_version: Option<String>,
    /// The user name
    #[arg(short = 'u', long)]
    username: Option<String>,
    /// The password; better given in the environment, where the process list does not show it
    #[arg(
        short = 'P',
        long = "pw",
        value_name = "PASSWORD",
        env = "M531X_PASSWORD",
        hide_env_values = true
    )]
    password: Option<String>,
    /// A file whose first line is the password, instead of those; - is standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Keep-alive in seconds; 0 is not "off", a module may then ping every 1.5 s
    #[arg(short = 'k', long, value_name = "SECONDS", default_value_t = 60)]
    keepalive: u16,
    /// Encrypt the connection to the broker, where the model can
    #[arg(long)]
    tls: bool,
    /// Longest CONNECT packet that the module takes, with client id, user name, password and will
    /// [default: the model's, 256]
    #[arg(long, value_name = "BYTES", value_parser = connect_limit)]
    connect_limit: Option<usize>,
    /// Topic of the will, published by the broker if the connection is lost
    #[arg(long, value_name = "TOPIC")]
    will_topic: Option<String>,
    /// Payload of the will
    #[arg(long, value_name = "TEXT", requires = "will_topic")]
    will_payload: Option<OsString>,
    /// Quality of service of the will
    #[arg(long, value_name = "QOS", default_value = "0", value_parser = qos)]
    will_qos: QoS,
    /// Have the broker keep the will
    #[arg(long, requires = "will_topic")]
    will_retain: bool,
    /// End with exit code 27 after so many seconds, opening and connecting included
    #[arg(short = 'W', value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Read options from this file, one on each line, instead of ~/.config/m531x
    #[arg(short = 'o', long, value_name = "FILE")]
    options: Option<PathBuf>,
    /// Print what passes on the module's port to standard error
    #[arg(short = 'd', long)]
    debug: bool,
    /// Print no errors and notes; the exit code says what there is to know
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    refused: Refused,
    /// Print this help
    // -h is the host, as with mosquitto's tools.
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    // Groups with headings of their own come last: a heading holds for all that follows it.
    #[command(flatten)]
    cloud: CloudArguments,
    #[command(flatten)]
    port: RecordablePort,
}

/// An open modem, connected to a broker but for [`ConnectionArguments::open`].
pub(crate) struct Connection {
    pub(crate) modem: Modem,
    pub(crate) interrupt: Interrupt,
    limit: TimeLimit,
    /// Before the port: it prints what passed at the end too.
    _debug: Option<DebugLog>,
    _port: OpenPort,
}

impl ConnectionArguments {
    /// Opens the port and connects to the broker.
    pub(crate) fn connect(&self, recovery: Recovery) -> Result<Connection, Failure> {
        let connection = self.open(recovery)?;
        self.connect_on(&connection)?;
        Ok(connection)
    }

    /// Opens the port.
    pub(crate) fn open(&self, recovery: Recovery) -> Result<Connection, Failure> {
        let limit = TimeLimit::begin(self.timeout)?;
        let trace = if self.debug { debug_log::LINES } else { 0 };
        let port = self.port.open_with_trace(recovery, trace)?;
        let modem = port.modem.clone();
        let leaving = modem.clone();
        // The module would stay connected for as long as it has power.
        let interrupt = Interrupt::restoring(&modem, move || leave(&leaving))?;
        limit.interrupts(&interrupt);
        let debug = if self.debug {
            Some(DebugLog::begin(modem.clone())?)
        } else {
            None
        };
        Ok(Connection {
            modem,
            interrupt,
            limit,
            _debug: debug,
            _port: port,
        })
    }

    /// Connects to the broker.
    pub(crate) fn connect_on(&self, connection: &Connection) -> Result<(), Failure> {
        let pending = self.start_connect_on(connection)?;
        connection.wait_for(pending)
    }

    /// Begins to connect to the broker.
    pub(crate) fn start_connect_on(&self, connection: &Connection) -> Result<Pending<()>, Failure> {
        let options = self.options()?;
        Ok(connection.modem.start(Connect(options))?)
    }

    /// Refuses what cannot be, before anything is opened.
    pub(crate) fn begin(&self) -> Result<(), Failure> {
        if self.quiet {
            notes::silence();
        }
        self.refused.check()?;
        // clap takes -I for -i here, as the two exclude each other.
        if self.disable_clean_session && self.client_id.is_none() {
            return Err(Failure::Usage(
                "-c keeps the session of one client: give its -i too".to_owned(),
            ));
        }
        if let Some(version) = &self.protocol_version {
            check_mqtt_version(version)?;
        }
        let url = self.url()?;
        let user = self.username.is_some() || url.is_some_and(|url| url.username.is_some());
        if !user && (self.password.is_some() || self.password_file.is_some()) {
            return Err(Failure::Usage(
                "a password needs a user name: give -u too".to_owned(),
            ));
        }
        // A key that is none is refused before anything is opened.
        self.cloud.login(self.client_id.as_deref()).map(drop)
    }

    /// What `-L` says; the text is no value of clap's, whose errors would show the password in it.
    fn url(&self) -> Result<Option<Url>, Failure> {
        let url = self.url.as_deref().map(str::parse).transpose();
        url.map_err(|wrong: NoUrl| Failure::Usage(format!("-L: {wrong}")))
    }

    /// The topic of `-L`.
    pub(crate) fn topic_of_url(&self) -> Result<Option<String>, Failure> {
        Ok(self.url()?.and_then(|url| url.topic))
    }

    fn client_id(&self) -> String {
        match (&self.client_id, &self.id_prefix) {
            (Some(id), _) => id.clone(),
            (None, Some(prefix)) => client_id::unique(prefix),
            (None, None) => client_id::unique("m531x-"),
        }
    }

    fn options(&self) -> Result<ConnectOptions, Failure> {
        let url = self.url()?;
        let mut options = if let Some(login) = self.cloud.login(self.client_id.as_deref())? {
            login.connect_options()
        } else {
            let mut options = ConnectOptions::new("localhost", self.client_id());
            options.username.clone_from(&self.username);
            options.password = self.password()?;
            options
        };
        if let Some(host) = url.as_ref().map(|url| &url.host).or(self.host.as_ref()) {
            options.host.clone_from(host);
        }
        options.tls = self.tls || url.as_ref().is_some_and(|url| url.tls);
        let port = url.as_ref().and_then(|url| url.port).or(self.broker_port);
        options.port = port.unwrap_or(if options.tls { 8883 } else { 1883 });
        if let Some(url) = url {
            options.username = url.username.or(options.username);
            options.password = url.password.or(options.password);
        }
        options.keepalive = self.keepalive;
        options.clean_session = !self.disable_clean_session;
        options.connect_limit = self.connect_limit;
        options.will = self.will_topic.as_ref().map(|topic| Will {
            topic: topic.clone(),
            payload: self
                .will_payload
                .clone()
                .unwrap_or_default()
                .into_encoded_bytes(),
            qos: self.will_qos,
            retain: self.will_retain,
        });
        Ok(options)
    }

    fn password(&self) -> Result<Option<Secret>, Failure> {
        let Some(path) = &self.password_file else {
            return Ok(self.password.as_deref().map(Secret::new));
        };
        let text = if path.as_os_str() == "-" {
            let mut line = String::new();
            stdin().read_line(&mut line).map(|_| line)
        } else {
            fs::read_to_string(path)
        };
        let text = text.map_err(|error| {
            Failure::Failed(format!(
                "the password file {} cannot be read: {error}",
                path.display()
            ))
        })?;
        Ok(Some(Secret::new(text.lines().next().unwrap_or_default())))
    }
}

impl Connection {
    /// Waits for an operation, which is shown as this, and returns its result.
    pub(crate) fn run<O: Operation>(&self, what: &str, operation: O) -> Result<O::Output, Failure> {
        let pending = self.modem.start(operation)?;
        Ok(progress::wait(what, pending, &self.interrupt)??)
    }

    /// Waits for the connection that is being made.
    pub(crate) fn wait_for(&self, pending: Pending<()>) -> Result<(), Failure> {
        Ok(progress::wait(
            "connecting to the broker (the module tries for half a minute)",
            pending,
            &self.interrupt,
        )??)
    }

    /// Waits for this time.
    pub(crate) fn pause(&self, time: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed() < time && !self.interrupt.raised() {
            let left = time.saturating_sub(begun.elapsed());
            if self.modem.recv(Some(left.min(STEP))).is_err() {
                // It was closed or cancelled: what is to come says why.
                break;
            }
        }
        self.interrupt.check()
    }

    /// Disconnects from the broker. If that fails, earlier work stays done, and a warning is printed.
    pub(crate) fn finish(self) {
        // The work is done: from here on only a signal ends the wait.
        self.limit.lift();
        // What a watch has to say of the connection it has said.
        let _ = self.modem.on_events(None::<fn(Event) -> Option<Event>>);
        let goodbye = self.modem.start(Disconnect);
        let why = match goodbye.map(|pending| self.wait_for_goodbye(pending)) {
            Ok(Ok(Ok(()))) => return,
            Ok(Ok(Err(error))) | Err(error) => match error.code() {
                // The broker knows, and so does the user.
                ErrorCode::NotConnected => return,
                _ => error.to_string(),
            },
            Ok(Err(why)) => why,
        };
        note(format!(
            "warning: the broker was not notified of the end: {why}"
        ));
    }

    /// The module's answer, or why there is none.
    fn wait_for_goodbye(&self, mut pending: Pending<()>) -> Result<Result<(), Error>, String> {
        let calls = self.interrupt.calls();
        let begun = Instant::now();
        let mut line = Line::new();
        while begun.elapsed() < GOODBYE {
            if let Some(said) = pending.wait_for(STEP) {
                return Ok(said);
            }
            if self.interrupt.calls() > calls {
                return Err("interrupted".to_owned());
            }
            line.show(&format!(
                "disconnecting ... {} s",
                begun.elapsed().as_secs()
            ));
        }
        Err(format!("not done within {} s", GOODBYE.as_secs()))
    }
}

/// Disconnects from the broker before the process is ended.
fn leave(modem: &Modem) {
    if modem.mqtt_state() == MqttState::Connected {
        if let Ok(mut pending) = modem.start(Disconnect) {
            // Whether it is done or not, the process ends.
            let _ = pending.wait_for(GOODBYE);
        }
    }
}

/// Neither `-t` nor `-L` names a topic.
pub(crate) fn no_topic() -> Failure {
    Failure::Usage("there is no topic: give -t, or one at the end of -L".to_owned())
}

/// Refuses all but what mosquitto's tools call the version of the modules.
fn check_mqtt_version(version: &str) -> Result<(), Failure> {
    match version {
        "mqttv311" | "311" => Ok(()),
        _ => Err(Failure::Usage(
            "-V: the modules speak MQTT 3.1.1 only, which is mqttv311".to_owned(),
        )),
    }
}

/// Reads a number of bytes.
fn connect_limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("{text:?} is not a number of bytes, 1 or more")),
        Ok(limit) => Ok(limit),
    }
}

/// Reads a quality of service.
pub(crate) fn qos(text: &str) -> Result<QoS, String> {
    text.parse::<u8>()
        .ok()
        .and_then(|number| QoS::try_from(number).ok())
        .ok_or_else(|| format!("{text:?} is not a quality of service: use 0, 1 or 2"))
}
