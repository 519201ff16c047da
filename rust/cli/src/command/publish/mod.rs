//! `m531x pub`.

mod lines;

use std::ffi::OsString;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use m531x_at::topic::validate_name;
use m531x_core::{OutboxOptions, PublishOptions, QoS, Recovery, operation};

use crate::command::outbox;
use crate::connection_watch::ConnectionWatch;
use crate::failure::Failure;
use crate::port::seconds_or_none;
use crate::session::{Connection, ConnectionArguments, no_topic, qos};

#[derive(Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Examples:\n  \
    m531x pub --port /dev/ttyUSB0 -h broker.example -t meters/17 -m 21.5 -q 1\n  \
    m531x pub --port virtual:// -t blob -f picture.bin\n  \
    m531x pub --port /dev/ttyUSB0 -t meters/17 -m 21.5 -q 1 --outbox meters.db\n\n\
    It ends when the publish is complete: the module's OK for QoS 0, the broker's PUBACK for 1, PUBCOMP for 2. With -l it \
    runs as long as its input: a lost connection is made again, and the lines wait for it. \
    Without an answer of the broker, the module tries for about half a minute: Ctrl-C ends that at once, -W limits it.")]
pub(crate) struct Arguments {
    /// The topic
    #[arg(short, long, required_unless_present = "url")]
    topic: Option<String>,
    #[command(flatten)]
    source: Source,
    /// Quality of service: 0, 1 or 2
    #[arg(short, long, default_value = "0", value_parser = qos)]
    qos: QoS,
    /// Have the broker keep the message for later subscribers
    #[arg(short, long)]
    retain: bool,
    /// Publish it so many times
    #[arg(long, value_name = "COUNT", default_value_t = 1, conflicts_with = "stdin_lines", value_parser = clap::value_parser!(u64).range(1..))]
    repeat: u64,
    /// Wait so many seconds before each repetition
    #[arg(long, value_name = "SECONDS", requires = "repeat", value_parser = seconds_or_none)]
    repeat_delay: Option<Duration>,
    /// Keep the message in this file until the broker has acknowledged it, and send what is in it
    /// first: what fails now is sent by the next pub with this file; needs -q 1 or 2
    #[arg(long, value_name = "FILE")]
    outbox: Option<PathBuf>,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// What is published.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// This text, or any bytes that the shell passes
    #[arg(short, long, value_name = "TEXT")]
    message: Option<OsString>,
    /// The content of a file, - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Every line of standard input, each a message of its own, of any bytes
    #[arg(short = 'l', long, alias = "stdin-line")]
    stdin_lines: bool,
    /// All of standard input as one message, as -f - does
    #[arg(short = 's', long)]
    stdin_file: bool,
    /// An empty payload, which with --retain removes what the broker keeps
    #[arg(short, long)]
    null_message: bool,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.connection.begin()?;
        let topic = self.topic()?;
        // Read first: a missing file must not leave a connection behind.
        let payload = self.source.payload()?;
        if let Some(path) = &self.outbox {
            return self.publish_by_outbox(path, &topic, payload);
        }
        let connection = self.connection.connect(self.recovery())?;
        let done = match payload {
            Some(payload) => self.publish(&connection, &topic, &payload),
            None => lines::publish(&connection, &topic, self.options()),
        };
        connection.finish();
        done
    }

    /// One message fails with its connection; standard input goes on as long as it likes.
    fn recovery(&self) -> Recovery {
        if self.source.stdin_lines {
            Recovery::default()
        } else {
            Recovery::off()
        }
    }

    /// The topic, checked before the port is opened, and not anew for every line.
    fn topic(&self) -> Result<String, Failure> {
        let given = match &self.topic {
            Some(topic) => Some(topic.clone()),
            None => self.connection.topic_of_url()?,
        };
        let topic = given.ok_or_else(no_topic)?;
        match validate_name(topic.as_bytes(), usize::MAX) {
            Ok(()) => Ok(topic),
            Err(wrong) => Err(Failure::Usage(format!("the topic {topic:?} {wrong}"))),
        }
    }

    /// Accepts what there is also without a connection, so that a broker that is not there loses
    /// nothing.
    fn publish_by_outbox(
        &self,
        path: &Path,
        topic: &str,
        payload: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        if self.qos == QoS::AtMostOnce {
            return Err(Failure::Usage(
                "an outbox keeps messages of QoS 1 and 2: give -q 1 or -q 2".to_owned(),
            ));
        }
        let connection = self.connection.open(self.recovery())?;
        let modem = &connection.modem;
        modem.set_outbox(Some(OutboxOptions::new(path)))?;
        let accept = |payload: &[u8]| modem.publish_nowait(topic, payload, self.options());
        let watch = if self.source.stdin_lines {
            Some(ConnectionWatch::begin(&connection)?)
        } else {
            None
        };
        let connecting = if let Some(payload) = payload {
            for _ in 0..self.repeat {
                accept(&payload)?;
            }
            self.connection.start_connect_on(&connection)
        } else {
            // What is read is sent meanwhile: standard input may have no end.
            let connecting = self.connection.start_connect_on(&connection);
            for line in connection.interrupt.input_lines() {
                accept(&line?)?;
            }
            connecting
        };
        let sent = connecting
            .and_then(|pending| connection.wait_for(pending))
            .and_then(|()| outbox::drain(&connection, watch.as_ref()));
        if let (Err(failure), Some(outbox)) = (&sent, modem.stats().outbox) {
            let waiting = format!(
                "{} wait in {} for the next time",
                outbox.messages,
                path.display()
            );
            return Err(match failure {
                Failure::TimedOut(_) => Failure::TimedOut(waiting),
                failure => Failure::Failed(format!("{failure}; {waiting}")),
            });
        }
        sent?;
        connection.finish();
        Ok(())
    }

    fn options(&self) -> PublishOptions {
        PublishOptions {
            qos: self.qos,
            retain: self.retain,
            timeout: None,
        }
    }

    fn publish(&self, connection: &Connection, topic: &str, payload: &[u8]) -> Result<(), Failure> {
        for time in 0..self.repeat {
            if time > 0 {
                connection.pause(self.repeat_delay.unwrap_or_default())?;
            }
            let publish = operation::Publish::new(topic, payload, self.options());
            connection.run("publishing", publish)?;
        }
        Ok(())
    }
}

impl Source {
    /// The one payload, or `None` for the lines of standard input.
    fn payload(&self) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(text) = &self.message {
            return Ok(Some(text.as_encoded_bytes().to_vec()));
        }
        let file = match &self.file {
            None if self.stdin_file => Some(Path::new("-")),
            file => file.as_deref(),
        };
        if let Some(path) = file {
            let mut content = Vec::new();
            let read = if path.as_os_str() == "-" {
                stdin().read_to_end(&mut content).map(|_| content)
            } else {
                std::fs::read(path)
            };
            return read.map(Some).map_err(|error| {
                Failure::Failed(format!("{} cannot be read: {error}", path.display()))
            });
        }
        Ok(self.null_message.then(Vec::new))
    }
}
