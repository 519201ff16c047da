//! `m531x replay`.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use m531x_core::Incoming;
use m531x_core::replay::{Replay, ReplayItem, Replayed};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::format::to_json;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x replay field.rec\n  \
    m531x replay field.rec --speed 1 --wire\n  \
    m531x replay field.rec --json | grep '\"type\": *\"message\"'\n\n\
    Each line has the seconds since the start of the recording, the number of the recording's line, and what happened: \
    ? asked for, = result, event, message, ! note, DIFFERENCE where this version sends or makes something else than was \
    recorded. The exit code is 1 if there is a difference.")]
pub(crate) struct Arguments {
    /// The recording
    file: PathBuf,
    /// Take the recorded time, so many times faster [default: as fast as possible]
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    speed: Option<f64>,
    /// Show the bytes as well, in both directions
    #[arg(long)]
    wire: bool,
    /// Print one JSON object for each line
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let replay = Replay::open(&self.file)?;
        let begun = Instant::now();
        let mut differences = 0;
        let mut out = stdout().lock();
        for item in replay {
            if let Replayed::Difference(_) = item.what {
                differences += 1;
            }
            if !self.wire && matches!(item.what, Replayed::Sent(_) | Replayed::Received(_)) {
                continue;
            }
            if let Some(speed) = self.speed {
                out.flush()?;
                let due = Duration::try_from_secs_f64(item.at.as_secs_f64() / speed);
                sleep(due.unwrap_or_default().saturating_sub(begun.elapsed()));
            }
            if self.json {
                writeln!(out, "{}", object(&item))?;
            } else {
                let seconds = item.at.as_secs_f64();
                writeln!(out, "{seconds:12.6} {:6} {}", item.line, shown(&item.what))?;
            }
        }
        out.flush()?;
        match differences {
            0 => Ok(()),
            1 => Err(Failure::Failed(
                "the replay differs from the recording in 1 place".into(),
            )),
            n => Err(Failure::Failed(format!(
                "the replay differs from the recording in {n} places"
            ))),
        }
    }
}

fn shown(what: &Replayed) -> String {
    match what {
        Replayed::Incoming(Incoming::Message(message)) => format!(
            "message {} QoS {}{}{}: {:?}",
            message.topic,
            u8::from(message.qos),
            if message.truncated { " truncated" } else { "" },
            if message.ambiguous { " ambiguous" } else { "" },
            message.text()
        ),
        Replayed::Incoming(Incoming::Event(event)) => {
            format!("event {} {}: {}", event.kind, event.value, event.text)
        }
        Replayed::Request { number, text } => format!("? {number} {text}"),
        Replayed::Result { number, text, .. } => format!("= {number} {text}"),
        Replayed::Sent(passage) => format!("> {passage}"),
        Replayed::Received(passage) => format!("< {passage}"),
        Replayed::Note(text) => format!("! {text}"),
        Replayed::Difference(text) => format!("DIFFERENCE {text}"),
        _ => String::new(),
    }
}

fn object(item: &ReplayItem) -> Value {
    let mut object = match &item.what {
        Replayed::Incoming(Incoming::Message(message)) => typed("message", to_json(message)),
        Replayed::Incoming(Incoming::Event(event)) => typed(
            "event",
            json!({ "kind": event.kind.name(), "value": event.value, "text": event.text }),
        ),
        Replayed::Request { number, text } => {
            typed("request", json!({ "operation": number, "text": text }))
        }
        Replayed::Result {
            number,
            text,
            error,
        } => typed(
            "result",
            json!({
                "operation": number,
                "text": text,
                "error": error.as_ref().map(|error| format!("{:?}", error.code())),
            }),
        ),
        Replayed::Sent(passage) => typed("sent", json!({ "bytes": passage.to_string() })),
        Replayed::Received(passage) => typed("received", json!({ "bytes": passage.to_string() })),
        Replayed::Note(text) => typed("note", json!({ "text": text })),
        Replayed::Difference(text) => typed("difference", json!({ "text": text })),
        _ => typed("other", json!({})),
    };
    object["at"] = item.at.as_secs_f64().into();
    object["line"] = item.line.into();
    object
}

fn typed(name: &str, mut object: Value) -> Value {
    object["type"] = name.into();
    object
}

fn factor(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|factor| factor.is_finite() && *factor > 0.0)
        .ok_or_else(|| format!("{text:?} is not a number above 0"))
}
