//! `m531x pub`.

mod lines;

use std::ffi::OsString;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use m531x_at::topic::validate_name;
use m531x_core::{OutboxOptions, PublishOptions, QoS, Recovery, operation};

use crate::command::outbox;
use crate::connection_watch::ConnectionWatch;
use crate::failure::Failure;
use crate::progress;
use crate::session::{Connection, ConnectionArguments, qos};

#[derive(Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Examples:\n  \
    m531x pub --port /dev/ttyUSB0 -h broker.example -t meters/17 -m 21.5 -q 1\n  \
    m531x pub --port virtual:// -t blob -f picture.bin\n  \
    m531x pub --port /dev/ttyUSB0 -h broker.example -t meters/17 -m 21.5 -q 1 --outbox meters.db\n\n\
    It ends when the publish is complete: the module's OK for QoS 0, the broker's PUBACK for 1, PUBCOMP for 2. With -l it\n\
    runs as long as its input: a lost connection is made again, and the lines wait for it.")]
pub(crate) struct Arguments {
    /// The topic
    #[arg(short, long)]
    topic: String,
    #[command(flatten)]
    source: Source,
    /// Quality of service: 0, 1 or 2
    #[arg(short, long, default_value = "0", value_parser = qos)]
    qos: QoS,
    /// Have the broker keep the message for later subscribers
    #[arg(short, long)]
    retain: bool,
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
    /// This text, or whatever bytes the shell passes
    #[arg(short, long, value_name = "TEXT")]
    message: Option<OsString>,
    /// The content of a file, - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Every line of standard input, each a message of its own, of any bytes
    #[arg(short = 'l', long)]
    stdin_lines: bool,
    /// An empty payload, which with --retain removes what the broker keeps
    #[arg(short, long)]
    null_message: bool,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // Read first: a missing file must not leave a connection behind.
        let payload = self.source.payload()?;
        if let Some(path) = &self.outbox {
            return self.publish_by_outbox(path, payload);
        }
        self.check_topic()?;
        let connection = self.connection.connect(true, self.recovery())?;
        let done = match payload {
            Some(payload) => self.publish(&connection, &payload),
            None => lines::publish(&connection, &self.topic, self.options()),
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

    /// Before the port is opened, and not anew for every line.
    fn check_topic(&self) -> Result<(), Failure> {
        validate_name(self.topic.as_bytes(), usize::MAX)
            .map_err(|wrong| Failure::Usage(format!("the topic {:?} {wrong}", self.topic)))
    }

    /// Accepts what there is also without a connection, so that a broker that is not there loses
    /// nothing.
    fn publish_by_outbox(&self, path: &Path, payload: Option<Vec<u8>>) -> Result<(), Failure> {
        if self.qos == QoS::AtMostOnce {
            return Err(Failure::Usage(
                "an outbox keeps messages of QoS 1 and 2: give -q 1 or -q 2".to_owned(),
            ));
        }
        self.check_topic()?;
        let connection = self.connection.open(self.recovery())?;
        let modem = &connection.modem;
        modem.set_outbox(Some(OutboxOptions::new(path)))?;
        let accept = |payload: &[u8]| modem.publish_nowait(&self.topic, payload, self.options());
        let watch = if self.source.stdin_lines {
            Some(ConnectionWatch::begin(&connection)?)
        } else {
            None
        };
        let connecting = if let Some(payload) = payload {
            accept(&payload)?;
            self.connection.start_connect_on(&connection, true)
        } else {
            // What is read is sent meanwhile: standard input may have no end.
            let connecting = self.connection.start_connect_on(&connection, true);
            for line in connection.interrupt.input_lines() {
                accept(&line?)?;
            }
            connecting
        };
        let sent = connecting
            .and_then(|pending| self.connection.wait_for(&connection, pending))
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

    fn publish(&self, connection: &Connection, payload: &[u8]) -> Result<(), Failure> {
        let pending = connection.modem.start(operation::Publish::new(
            &self.topic,
            payload,
            self.options(),
        ))?;
        progress::wait("publishing", pending, &connection.interrupt)??;
        Ok(())
    }
}

impl Source {
    /// The one payload, or `None` for the lines of standard input.
    fn payload(&self) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(text) = &self.message {
            return Ok(Some(text.as_encoded_bytes().to_vec()));
        }
        if let Some(path) = &self.file {
            let mut content = Vec::new();
            let read = if path.as_os_str() == "-" {
                stdin().read_to_end(&mut content).map(|_| content)
            } else {
                std::fs::read(path)
            };
            return read.map(Some).map_err(|error| {
                Failure::Usage(format!("{} cannot be read: {error}", path.display()))
            });
        }
        Ok(self.null_message.then(Vec::new))
    }
}
