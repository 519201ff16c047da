//! `m531x sub`.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::Args;
use m531x_at::topic::matches;
use m531x_core::{
    EventKind, HealthCheck, Incoming, Message, PublishOptions, QoS, Recovery, SubscribeOptions,
    operation,
};

use crate::connection_watch::LossNotes;
use crate::failure::Failure;
use crate::format::{Format, printed, to_json};
use crate::notes::note;
use crate::port::seconds;
use crate::session::{Connection, ConnectionArguments, no_topic, qos};

/// Longest wait in one piece: a Ctrl-C that comes between two waits is noticed after it.
const SLICE: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Examples:\n  \
    m531x sub --port /dev/ttyUSB0 -h broker.example -t 'meters/#' -v\n  \
    m531x sub --port virtual:// -t alarms -C 1 -W 60 -F '%U %t %x'\n\n\
    It runs until Ctrl-C, -C or -W end it; a lost connection is made again. The exit code is 27 if -W ended it. \
    Without an answer of the broker, the module tries for about half a minute: Ctrl-C ends that at once, -W limits it.")]
pub(crate) struct Arguments {
    /// A topic filter; may be given again
    #[arg(short, long, required_unless_present_any = ["url", "unsubscribe"], value_name = "FILTER")]
    topic: Vec<String>,
    /// Print and count no message of this filter; may be given again
    #[arg(short = 'T', long, value_name = "FILTER")]
    filter_out: Vec<String>,
    /// Unsubscribe from this filter, of a session that was kept; may be given again
    #[arg(short = 'U', long, value_name = "FILTER")]
    unsubscribe: Vec<String>,
    /// Highest quality of service wanted: 0, 1 or 2
    #[arg(short, long, default_value = "0", value_parser = qos)]
    qos: QoS,
    /// End after so many messages
    #[arg(short = 'C', value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End as soon as the broker has acknowledged the subscriptions
    #[arg(short = 'E')]
    exit_after_subscribe: bool,
    /// Leave out messages that the broker had kept
    #[arg(short = 'R', conflicts_with = "retained_only")]
    no_retained: bool,
    /// Print only messages that the broker had kept, and end at the first other one
    #[arg(long)]
    retained_only: bool,
    /// Remove from the broker the kept messages that arrive
    #[arg(long)]
    remove_retained: bool,
    /// Print no end of line after a message
    #[arg(short = 'N')]
    no_end_of_line: bool,
    /// Print topic and payload
    #[arg(short, long)]
    verbose: bool,
    /// Print each message by a format, as `mosquitto_sub` does: %t topic, %p payload, %x and %X payload in hex, %l its
    /// length, %q QoS, %r retain, %m packet id, %I and %U time, %j JSON, %J JSON with a payload that is JSON, %f and
    /// %d payload as float or double, %% a percent sign, with a width and precision as in %-20.10t; @Y and the like
    /// as strftime has them, @N nanoseconds; \n, \t, \r, \0, \a, \e, \v, \\
    #[arg(short = 'F', value_name = "FORMAT", conflicts_with_all = ["verbose", "json"])]
    format: Option<Format>,
    /// Print one JSON object for each message, as -F %j does
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
    /// Print JSON over several lines
    #[arg(long)]
    pretty: bool,
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
        self.connection.begin()?;
        let url = self.connection.topic_of_url()?;
        let filters: Vec<_> = self.topic.iter().chain(&url).collect();
        if filters.is_empty() && self.unsubscribe.is_empty() {
            return Err(no_topic());
        }
        let connection = self.connection.open(self.recovery())?;
        connection.interrupt.watch_output()?;
        self.connection.connect_on(&connection)?;
        for filter in filters {
            self.subscribe(&connection, filter)?;
        }
        for filter in &self.unsubscribe {
            connection.run("unsubscribing", operation::Unsubscribe::new(filter))?;
        }
        if self.exit_after_subscribe {
            connection.finish();
            return Ok(());
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
        connection.run("subscribing", operation::Subscribe::new(filter, options))?;
        Ok(())
    }

    fn print_messages(&self, connection: &Connection, printed: &mut u64) -> Result<(), Failure> {
        let mut losses = LossNotes::default();
        while self.count != Some(*printed) {
            connection.interrupt.check()?;
            match connection.interrupt.recv(SLICE)? {
                Some(Incoming::Message(message)) => {
                    if self.retained_only && !message.retain {
                        return Ok(());
                    }
                    if self.is_left_out(&message) {
                        continue;
                    }
                    if self.remove_retained && message.retain {
                        remove(&message.topic, connection)?;
                    }
                    self.print(&message)?;
                    *printed += 1;
                }
                Some(Incoming::Event(event)) => {
                    losses.note(&event);
                    match event.kind {
                        EventKind::HealthCheck => note(format!("health check: {}", event.text)),
                        EventKind::RecoveryFailed => return Err(Failure::Failed(event.text)),
                        _ => {}
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    fn is_left_out(&self, message: &Message) -> bool {
        let topic = message.topic.as_bytes();
        let filtered = |filter: &String| matches(filter.as_bytes(), topic);
        (self.no_retained && message.retain) || self.filter_out.iter().any(filtered)
    }

    /// Prints a message; without a format an empty payload is nothing, or `(null)`, as with
    /// `mosquitto_sub`.
    fn print(&self, message: &Message) -> Result<(), Failure> {
        let mut out = stdout().lock();
        if let Some(format) = &self.format {
            format.write(message, self.pretty, &mut out)?;
        } else if self.json {
            write!(out, "{}", printed(&to_json(message), self.pretty))?;
        } else if message.payload.is_empty() {
            if !self.verbose || self.no_end_of_line {
                return Ok(());
            }
            write!(out, "{} (null)", message.topic)?;
        } else {
            if self.verbose {
                write!(out, "{} ", message.topic)?;
            }
            out.write_all(&message.payload)?;
        }
        if !self.no_end_of_line {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }
}

/// Has the broker forget what it keeps for this topic.
fn remove(topic: &str, connection: &Connection) -> Result<(), Failure> {
    let options = PublishOptions {
        qos: QoS::AtLeastOnce,
        retain: true,
        timeout: None,
    };
    connection.run("removing", operation::Publish::new(topic, b"", options))?;
    Ok(())
}
