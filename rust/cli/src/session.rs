//! The MQTT connection that `pub` and `sub` share, with mosquitto's flags.

use std::ffi::OsString;
use std::fs;
use std::io::{Write, stderr, stdin};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};
use m531x_core::{ConnectOptions, Modem, QoS, Recovery, Secret, Will};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::port::{OpenPort, RecordablePort};
use crate::progress;

/// How long a module may take to leave the broker.
const GOODBYE: Duration = Duration::from_secs(5);

/// Which broker, as whom.
#[derive(Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// The broker's host name or address, as the module reaches it
    #[arg(short = 'h', long, default_value = "localhost")]
    host: String,
    /// The broker's TCP port
    #[arg(
        short = 'p',
        long = "broker-port",
        value_name = "PORT",
        default_value_t = 1883
    )]
    broker_port: u16,
    /// The MQTT client identifier [default: m531x- and the number of this process]
    #[arg(short = 'i', long = "id", value_name = "ID")]
    client_id: Option<String>,
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
    /// Print this help
    // -h is the host, as with mosquitto's tools.
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    #[command(flatten)]
    port: RecordablePort,
}

/// An open modem, connected to a broker but for [`ConnectionArguments::open`].
pub(crate) struct Connection {
    pub(crate) modem: Modem,
    pub(crate) interrupt: Interrupt,
    _port: OpenPort,
}

impl ConnectionArguments {
    /// Opens the port and connects to the broker.
    pub(crate) fn connect(
        &self,
        clean_session: bool,
        recovery: Recovery,
    ) -> Result<Connection, Failure> {
        let connection = self.open(recovery)?;
        self.connect_on(&connection, clean_session)?;
        Ok(connection)
    }

    /// Opens the port.
    pub(crate) fn open(&self, recovery: Recovery) -> Result<Connection, Failure> {
        let port = self.port.open(recovery)?;
        let modem = port.modem.clone();
        Ok(Connection {
            interrupt: Interrupt::waking(&modem)?,
            modem,
            _port: port,
        })
    }

    /// Connects to the broker.
    pub(crate) fn connect_on(
        &self,
        connection: &Connection,
        clean_session: bool,
    ) -> Result<(), Failure> {
        let pending = connection
            .modem
            .start_connect(self.options(clean_session)?)?;
        let what = format!("connecting to {}:{}", self.host, self.broker_port);
        Ok(progress::wait(&what, pending, &connection.interrupt)??)
    }

    fn options(&self, clean_session: bool) -> Result<ConnectOptions, Failure> {
        let client_id = self
            .client_id
            .clone()
            .unwrap_or_else(|| format!("m531x-{}", std::process::id()));
        let mut options = ConnectOptions::new(&self.host, client_id);
        options.port = self.broker_port;
        options.username.clone_from(&self.username);
        options.password = self.password()?;
        options.keepalive = self.keepalive;
        options.clean_session = clean_session;
        options.tls = self.tls;
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
    /// Disconnects from the broker. If that fails, earlier work stays done, and a warning is printed.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let said = match self.modem.start_disconnect() {
            Ok(mut pending) => {
                progress::wait_at_most(GOODBYE, "disconnecting", &mut pending, &self.interrupt)?
            }
            Err(error) => Some(Err(error)),
        };
        let why = match said {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => error.to_string(),
            None => format!("not done within {} s", GOODBYE.as_secs()),
        };
        writeln!(
            stderr(),
            "m531x: warning: the broker was not notified of the end: {why}"
        )?;
        Ok(())
    }
}

/// Reads a quality of service.
pub(crate) fn qos(text: &str) -> Result<QoS, String> {
    text.parse::<u8>()
        .ok()
        .and_then(|number| QoS::try_from(number).ok())
        .ok_or_else(|| format!("{text:?} is not a quality of service: use 0, 1 or 2"))
}
