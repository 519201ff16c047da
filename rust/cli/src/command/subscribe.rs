//! `m531x sub`.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::Args;
use m531x_core::{
    ErrorCode, EventKind, HealthCheck, Incoming, Message, QoS, Recovery, SubscribeOptions,
    operation,
};

use crate::failure::Failure;
use crate::format::{Format, to_json};
use crate::port::seconds;
use crate::progress;
use crate::session::{Connection, ConnectionArguments, note, qos};

/// Longest wait in one piece: a Ctrl-C that comes between two waits is noticed after it.
const SLICE: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Examples:\n  \
    m531x sub --port /dev/ttyUSB0 -h broker.example -t 'meters/#' -v\n  \
    m531x sub --port virtual:// -t alarms -C 1 -W 60 -F '%U %t %x'\n\n\
    It runs until Ctrl-C, -C or -W end it; a lost connection is made again. The exit code is 27 if -W ended it.")]
pub(crate) struct Arguments {
    /// A topic filter; may be given again
    #[arg(short, long, required = true, value_name = "FILTER")]
    topic: Vec<String>,
    /// Highest quality of service wanted: 0, 1 or 2
    #[arg(short, long, default_value = "0", value_parser = qos)]
    qos: QoS,
    /// Keep the session of an earlier connection with the same --id
    #[arg(short = 'c', long)]
    disable_clean_session: bool,
    /// End after so many messages
    #[arg(short = 'C', value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Print topic and payload
    #[arg(short, long)]
    verbose: bool,
    /// Print each message by a format: %t topic, %p payload, %x and %X payload in hex, %l its length, %q QoS,
    /// %r retain, %d dup, %m packet id, %U seconds since 1970, %j JSON, %% a percent sign; \n, \t, \r, \0, \\
    #[arg(short = 'F', value_name = "FORMAT", conflicts_with_all = ["verbose", "json"])]
    format: Option<Format>,
    /// Print one JSON object for each message
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
    /// Have the module pass payloads as hex, where the model can
    #[arg(long)]
    hex: bool,
    /// Check every so often that a message comes back to us, and connect again if it does not
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    health_check: Option<Duration>,
    /// Topic of the health check [default: m531x/health/ and the client id]
    #[arg(long, value_name = "TOPIC", requires = "health_check")]
    health_check_topic: Option<String>,
    #[command(flatten)]
    connection: ConnectionArguments,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let connection = self.connection.open(self.recovery())?;
        connection.interrupt.watch_output()?;
        self.connection
            .connect_on(&connection, !self.disable_clean_session)?;
        for filter in &self.topic {
            self.subscribe(&connection, filter)?;
        }
        let mut printed = 0;
        let ended = self.print_messages(&connection, &mut printed);
        connection.finish();
        match (ended, self.count) {
            (Err(Failure::Interrupted), _) => Ok(()),
            (Err(Failure::TimedOut(_)), Some(count)) => Err(Failure::TimedOut(format!(
                "{printed} of {count} messages arrived"
            ))),
            (ended, _) => ended,
        }
    }

    fn recovery(&self) -> Recovery {
        let defaults = Recovery::default();
        let check = self.health_check.map(|period| HealthCheck {
            topic: self.health_check_topic.clone(),
            ..HealthCheck::every(period)
        });
        Recovery {
            health_check: check.or(defaults.health_check),
            ..defaults
        }
    }

    fn subscribe(&self, connection: &Connection, filter: &str) -> Result<(), Failure> {
        let options = SubscribeOptions {
            qos: self.qos,
            hex: self.hex,
            timeout: None,
        };
        let pending = connection
            .modem
            .start(operation::Subscribe::new(filter, options))?;
        progress::wait("subscribing", pending, &connection.interrupt)??;
        Ok(())
    }

    fn print_messages(&self, connection: &Connection, printed: &mut u64) -> Result<(), Failure> {
        let mut lost = false;
        while self.count != Some(*printed) {
            if connection.interrupt.raised() {
                return Err(connection.interrupt.failure());
            }
            let received = match connection.modem.recv(Some(SLICE)) {
                Err(error) if error.code() == ErrorCode::Cancelled => {
                    return Err(connection.interrupt.failure());
                }
                received => received?,
            };
            match received {
                Some(Incoming::Message(message)) => {
                    self.print(&message)?;
                    *printed += 1;
                }
                Some(Incoming::Event(event)) => match event.kind {
                    EventKind::Disconnected => {
                        note(&format!("connection lost: {}", event.text));
                        lost = true;
                    }
                    EventKind::Connected if lost => {
                        note("connected again");
                        lost = false;
                    }
                    EventKind::HealthCheck => note(&format!("health check: {}", event.text)),
                    EventKind::RecoveryFailed => return Err(Failure::Failed(event.text)),
                    _ => {}
                },
                None => {}
            }
        }
        Ok(())
    }

    fn print(&self, message: &Message) -> Result<(), Failure> {
        let mut out = stdout().lock();
        if let Some(format) = &self.format {
            format.write(message, &mut out)?;
        } else if self.json {
            writeln!(out, "{}", to_json(message))?;
        } else {
            if self.verbose {
                write!(out, "{} ", message.topic)?;
            }
            out.write_all(&message.payload)?;
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }
}
