//! `m531x outbox`, and what `pub --outbox` needs of it.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, Subcommand};
use m531x_core::{MqttState, OutboxFile, StoredMessage};
use serde_json::json;

use crate::connection_watch::ConnectionWatch;
use crate::failure::Failure;
use crate::progress::Line;
use crate::session::Connection;

/// How often the state of the sending is looked at.
const STEP: Duration = Duration::from_millis(50);

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x outbox list meters.db\n  \
    m531x outbox list --json meters.db\n  \
    m531x outbox retry meters.db\n\n\
    No modem may have the file open meanwhile.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print the messages, oldest first: number, time, QoS, topic, payload
    #[command(after_help = "Example:\n  m531x outbox list meters.db")]
    List {
        /// The file
        file: PathBuf,
        /// Print a JSON object for each message
        #[arg(long)]
        json: bool,
    },
    /// Remove every message, so that none of them is sent
    #[command(after_help = "Example:\n  m531x outbox clear meters.db")]
    Clear {
        /// The file
        file: PathBuf,
    },
    /// Have what was set aside wait again
    #[command(after_help = "Example:\n  m531x outbox retry meters.db")]
    Retry {
        /// The file
        file: PathBuf,
    },
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut out = stdout().lock();
        match self.action {
            Action::List { file, json } => {
                for message in OutboxFile::open(file)?.messages()? {
                    let line = if json {
                        to_json(&message).to_string()
                    } else {
                        to_text(&message)
                    };
                    writeln!(out, "{line}")?;
                }
            }
            Action::Clear { file } => {
                let count = OutboxFile::open(file)?.clear()?;
                writeln!(out, "{count} removed")?;
            }
            Action::Retry { file } => {
                let count = OutboxFile::open(file)?.retry()?;
                writeln!(out, "{count} wait again")?;
            }
        }
        Ok(())
    }
}

/// Waits until the outbox is empty, or the connection is lost; with a watch, until it is not made again.
pub(crate) fn drain(
    connection: &Connection,
    watch: Option<&ConnectionWatch>,
) -> Result<(), Failure> {
    let mut line = Line::new();
    loop {
        let left = connection.modem.stats().outbox.unwrap_or_default();
        if left.messages == 0 {
            return Ok(());
        }
        if let Some(watch) = watch {
            if let Some(failure) = watch.failure(connection) {
                return Err(failure);
            }
        } else if connection.modem.mqtt_state() != MqttState::Connected {
            return Err(Failure::Failed("the connection was lost".to_owned()));
        }
        connection.interrupt.check()?;
        line.show(&format!("publishing ... {} left", left.messages));
        // What arrives is of no interest; a signal ends the wait.
        connection.interrupt.recv(STEP)?;
    }
}

fn to_text(message: &StoredMessage) -> String {
    let payload = match std::str::from_utf8(&message.payload) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("0x{}", crate::format::hex(&message.payload)),
    };
    let aside = message
        .set_aside
        .as_ref()
        .map_or_else(String::new, |why| format!("\tset aside: {why}"));
    format!(
        "{}\t{:.3}\t{}\t{}\t{payload}{aside}",
        message.id,
        stored_at(message),
        u8::from(message.qos),
        message.topic,
    )
}

fn to_json(message: &StoredMessage) -> serde_json::Value {
    let mut object = json!({
        "id": message.id,
        "stored_at": stored_at(message),
        "topic": message.topic,
        "qos": u8::from(message.qos),
        "retain": message.retain,
        "set_aside": message.set_aside,
    });
    match std::str::from_utf8(&message.payload) {
        Ok(text) => object["payload"] = text.into(),
        Err(_) => object["payload_hex"] = crate::format::hex(&message.payload).into(),
    }
    object
}

/// Seconds since 1970.
fn stored_at(message: &StoredMessage) -> f64 {
    let since = message.stored_at.duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
