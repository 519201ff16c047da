//! What is shown, line by line, from whichever thread.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use m531x_at::printable;
use m531x_core::{EventKind, Incoming};

use crate::format::hex;
use crate::redacted::without_password;

/// Prints whole lines without disturbing the one that is being edited.
pub(super) type Printer = Box<dyn FnMut(&str) + Send>;

pub(super) struct Screen {
    painted: bool,
    hex: AtomicBool,
    begun: Instant,
    printer: Mutex<Printer>,
}

/// What a line is, which decides its colour.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// An information line.
    Answer,
    /// The command is done.
    Done,
    Error,
    /// What the module says by itself.
    Urc,
    Message,
    /// What the driver makes of it.
    Event,
    /// The console itself speaks.
    Note,
}

impl Screen {
    pub(super) fn new(painted: bool, printer: Printer) -> Self {
        Self {
            painted,
            hex: AtomicBool::new(false),
            begun: Instant::now(),
            printer: Mutex::new(printer),
        }
    }

    /// Shows a text.
    pub(super) fn say(&self, kind: Kind, text: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let style = self.style(kind);
        let mut shown = String::new();
        for line in text.lines() {
            // Nothing from the wire may steer the terminal.
            let line = printable::text(line);
            // Writing to a string does not fail.
            let _ = writeln!(shown, "{seconds:9.3} {style}{line}{style:#}");
        }
        let mut printer = self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        printer(&shown);
    }

    /// Shows a line of the wire, in hex if that is wished.
    pub(super) fn line(&self, kind: Kind, line: &str) {
        let line = without_password(line);
        if self.hex.load(Ordering::Relaxed) {
            self.say(kind, &hex(line.as_bytes()));
        } else {
            self.say(kind, &printable::bytes(line.as_bytes()));
        }
    }

    pub(super) fn incoming(&self, incoming: &Incoming) {
        match incoming {
            Incoming::Message(message) => {
                let payload = match std::str::from_utf8(&message.payload) {
                    Ok(text) if !self.hex.load(Ordering::Relaxed) => format!("{text:?}"),
                    _ => hex(&message.payload),
                };
                let qos = u8::from(message.qos);
                self.say(
                    Kind::Message,
                    &format!("{} QoS {qos}: {payload}", message.topic),
                );
            }
            Incoming::Event(event) => match event.kind {
                EventKind::Urc => self.line(Kind::Urc, &event.text),
                EventKind::UnknownLine | EventKind::StrayResult | EventKind::LateAnswer => {
                    self.line(Kind::Urc, &format!("{} ({})", event.text, event.kind));
                }
                _ => self.say(Kind::Event, &format!("{}: {}", event.kind, event.text)),
            },
        }
    }

    /// Switches between text and hex; returns whether it is hex now.
    pub(super) fn toggle_hex(&self) -> bool {
        !self.hex.fetch_xor(true, Ordering::Relaxed)
    }

    fn style(&self, kind: Kind) -> Style {
        let colour = match kind {
            Kind::Answer => AnsiColor::Cyan,
            Kind::Done => AnsiColor::Green,
            Kind::Error => AnsiColor::Red,
            Kind::Urc => AnsiColor::Yellow,
            Kind::Message => AnsiColor::Magenta,
            Kind::Event => AnsiColor::Blue,
            Kind::Note => AnsiColor::BrightBlack,
        };
        if self.painted {
            Style::new().fg_color(Some(colour.into()))
        } else {
            Style::new()
        }
    }
}
