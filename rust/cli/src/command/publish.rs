//! `m531x pub`.

use std::io::{BufRead, Read, stdin};
use std::path::PathBuf;

use clap::Args;
use m531x_core::{PublishOptions, QoS, Recovery};

use crate::failure::Failure;
use crate::progress;
use crate::session::{Connection, ConnectionArguments, qos};

#[derive(Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Examples:\n  \
    m531x pub --port /dev/ttyUSB0 -h broker.example -t meters/17 -m 21.5 -q 1\n  \
    m531x pub --port virtual:// -t blob -f picture.bin\n\n\
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
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// What is published.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// This text
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The content of a file, - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Every line of standard input, each a message of its own
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
        let connection = self.connection.connect(true, Recovery::off())?;
        match payload {
            Some(payload) => self.publish(&connection, &payload)?,
            None => {
                for line in stdin().lock().lines() {
                    self.publish(&connection, line?.as_bytes())?;
                }
            }
        }
        connection.finish()
    }

    fn publish(&self, connection: &Connection, payload: &[u8]) -> Result<(), Failure> {
        let options = PublishOptions {
            qos: self.qos,
            retain: self.retain,
            timeout: None,
        };
        let pending = connection
            .modem
            .start_publish(&self.topic, payload, options)?;
        progress::wait("publishing", pending, &connection.interrupt)??;
        Ok(())
    }
}

impl Source {
    /// The one payload, or `None` for the lines of standard input.
    fn payload(&self) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(text) = &self.message {
            return Ok(Some(text.clone().into_bytes()));
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
