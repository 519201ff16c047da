//! `m531x pub`.

use std::ffi::OsString;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use m531x_core::{OutboxOptions, PublishOptions, QoS, Recovery};

use crate::command::outbox;
use crate::failure::Failure;
use crate::progress;
use crate::session::{Connection, ConnectionArguments, qos};

#[derive(Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Examples:\n  \
    m531x pub --port /dev/ttyUSB0 -h broker.example -t meters/17 -m 21.5 -q 1\n  \
    m531x pub --port virtual:// -t blob -f picture.bin\n  \
    m531x pub --port /dev/ttyUSB0 -h broker.example -t meters/17 -m 21.5 -q 1 --outbox meters.db\n\n\
    It ends when the publish is complete: the module's OK for QoS 0, the broker's PUBACK for 1, PUBCOMP for 2.")]
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
        let connection = self.connection.connect(true, Recovery::off())?;
        match payload {
            Some(payload) => self.publish(&connection, &payload)?,
            None => {
                for line in connection.interrupt.input_lines() {
                    self.publish(&connection, &line?)?;
                }
            }
        }
        connection.finish()
    }

    /// Accepts first and connects then, so that a broker that is not there loses nothing.
    fn publish_by_outbox(&self, path: &Path, payload: Option<Vec<u8>>) -> Result<(), Failure> {
        if self.qos == QoS::AtMostOnce {
            return Err(Failure::Usage(
                "an outbox keeps messages of QoS 1 and 2: give -q 1 or -q 2".to_owned(),
            ));
        }
        let connection = self.connection.open(Recovery::off())?;
        let modem = &connection.modem;
        modem.set_outbox(Some(OutboxOptions::new(path)))?;
        let accept = |payload: &[u8]| modem.publish_nowait(&self.topic, payload, self.options());
        match payload {
            Some(payload) => drop(accept(&payload)?),
            None => {
                for line in connection.interrupt.input_lines() {
                    accept(&line?)?;
                }
            }
        }
        let sent = self
            .connection
            .connect_on(&connection, true)
            .and_then(|()| outbox::drain(&connection));
        if let (Err(failure), Some(outbox)) = (&sent, modem.stats().outbox) {
            return Err(Failure::Failed(format!(
                "{failure}; {} wait in {} for the next time",
                outbox.messages,
                path.display()
            )));
        }
        sent?;
        connection.finish()
    }

    fn options(&self) -> PublishOptions {
        PublishOptions {
            qos: self.qos,
            retain: self.retain,
            timeout: None,
        }
    }

    fn publish(&self, connection: &Connection, payload: &[u8]) -> Result<(), Failure> {
        let pending = connection
            .modem
            .start_publish(&self.topic, payload, self.options())?;
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
