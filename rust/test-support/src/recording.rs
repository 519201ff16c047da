//! A recorded session with a virtual modem, and what is compared of it.

use std::path::Path;
use std::time::Duration;

use m531x_core::replay::{Replay, Replayed};
use m531x_core::{Event, EventKind, Incoming, Modem, ModemOptions, RecordingOptions, Stream};
use m531x_virtual_modem::{LinkChoice, Model, VirtualModem, VirtualModemOptions};

pub const PASSWORD: &str = "hunter2-geheim";

/// A virtual modem in memory with these faults.
pub fn module(model: Model, faults: &[&str]) -> VirtualModem {
    VirtualModem::start(VirtualModemOptions {
        model,
        link: LinkChoice::Memory,
        faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        seed: Some(7),
        ..VirtualModemOptions::default()
    })
    .unwrap()
}

pub fn open(module: &VirtualModem, options: ModemOptions) -> Modem {
    Modem::open_stream(Stream::from(module.connect().unwrap()), options).unwrap()
}

/// Opens a modem whose session is recorded from the first byte on.
pub fn open_recorded(module: &VirtualModem, path: &Path) -> Modem {
    let options = ModemOptions {
        recording: Some(RecordingOptions::new(path)),
        ..ModemOptions::default()
    };
    open(module, options)
}

/// Everything that has arrived and what arrives until the line has been quiet for a moment.
pub fn arrivals(modem: &Modem) -> Vec<String> {
    let mut shown = Vec::new();
    while let Some(incoming) = modem.recv(Some(Duration::from_millis(200))).unwrap() {
        shown.push(show(&incoming));
    }
    shown
}

/// What is the same in every run: all but the time.
pub fn show(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Message(message) => format!(
            "{} {:?} {:?} retain={} dup={} id={} truncated={} ambiguous={}",
            message.topic,
            message.payload,
            message.qos,
            message.retain,
            message.dup,
            message.packet_id,
            message.truncated,
            message.ambiguous
        ),
        Incoming::Event(Event {
            kind, value, text, ..
        }) => format!("{kind} {value} {text}"),
    }
}

/// What a recording gives when it is replayed.
#[derive(Debug, Default, PartialEq)]
pub struct Replayings {
    pub arrivals: Vec<String>,
    pub results: Vec<(u64, String)>,
    pub differences: Vec<String>,
    pub notes: Vec<String>,
}

pub fn replay(path: &Path) -> Replayings {
    replayed(Replay::open(path).unwrap())
}

pub fn replayed(replay: Replay) -> Replayings {
    let mut seen = Replayings::default();
    for item in replay {
        match item.what {
            Replayed::Incoming(incoming) => seen.arrivals.push(show(&incoming)),
            Replayed::Result { number, text, .. } => seen.results.push((number, text)),
            Replayed::Difference(text) => {
                seen.differences.push(format!("line {}: {text}", item.line));
            }
            Replayed::Note(text) => seen.notes.push(text),
            _ => {}
        }
    }
    seen
}

/// Whether this is an event of that kind.
pub fn is(incoming: &str, kind: EventKind) -> bool {
    incoming.starts_with(kind.name())
}
