//! `m531x console`.

mod directive;
#[cfg(feature = "line-editing")]
mod editor;
#[cfg(feature = "line-editing")]
mod history;
mod input;
#[cfg(feature = "line-editing")]
mod names;
mod screen;
mod typed;
#[cfg(feature = "line-editing")]
mod typed_line;

use std::io::stdout;
use std::sync::Arc;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use clap::Args;
use colorchoice_clap::Color;
use m531x_core::operation::Command;
use m531x_core::{ErrorCode, Modem, Recovery};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::port::RecordablePort;

use directive::Directive;
use input::Input;
use screen::{Kind, Screen};
use typed::Typed;

/// How soon a Ctrl-C that came between two waits is noticed.
const SLICE: Duration = Duration::from_millis(200);

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x console --port /dev/ttyUSB0\n  \
    m531x console --port virtual:// --record talk.rec\n\n\
    Lines go to the module; those that begin with a colon are for the console: :help lists them. Tab completes, the \
    history is kept in $XDG_STATE_HOME/m531x/history without lines that hold a password. Ctrl-C gives up a line or a \
    wait, Ctrl-D ends. With standard input from a pipe it takes one line after the other.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    color: Color,
    /// Keep no history
    #[arg(long)]
    no_history: bool,
    #[command(flatten)]
    port: RecordablePort,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    GoOn,
    Quit,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let port = self.port.open(Recovery::default())?;
        let mut input = Input::new(!self.no_history)?;
        // After the line editor, which has a handler of its own.
        let interrupt = Interrupt::restoring(&port.modem, Input::restorer())?;
        interrupt.watch_output_and_terminal()?;
        self.color.write_global();
        let painted = AutoStream::choice(&stdout()) != ColorChoice::Never;
        let screen = Arc::new(Screen::new(painted, input.printer()));
        let listening = Arc::clone(&screen);
        port.modem
            .on_incoming(move |incoming| listening.incoming(&incoming))?;
        let model = port.modem.model().map_or("a module", |model| model.name());
        if input.is_terminal() {
            screen.say(
                Kind::Note,
                &format!("{model}; :help lists the commands, Ctrl-D ends"),
            );
        }
        loop {
            let typed = input.line(&interrupt)?;
            let after = match typed {
                Typed::Line(line) => handle(&line, &port.modem, &interrupt, &screen)?,
                Typed::Interrupted => {
                    screen.say(Kind::Note, ":quit or Ctrl-D ends");
                    After::GoOn
                }
                // A terminal that is gone ends its input too.
                Typed::End if interrupt.ending() => return Err(interrupt.failure()),
                Typed::End => {
                    interrupt.end_of_input()?;
                    After::Quit
                }
            };
            if after == After::Quit {
                return Ok(());
            }
        }
    }
}

fn handle(
    line: &str,
    modem: &Modem,
    interrupt: &Interrupt,
    screen: &Screen,
) -> Result<After, Failure> {
    match Directive::read(line.trim()) {
        None if line.trim().is_empty() => {}
        None => send(line.trim(), modem, interrupt, screen)?,
        Some(Ok(Directive::Quit)) => return Ok(After::Quit),
        Some(Ok(Directive::Help)) => screen.say(Kind::Note, directive::HELP),
        Some(Ok(Directive::Hex)) => {
            let text = if screen.toggle_hex() {
                "payloads and lines are shown in hex"
            } else {
                "payloads and lines are shown as text"
            };
            screen.say(Kind::Note, text);
        }
        Some(Ok(Directive::Record(file))) => record(file.as_deref(), modem, screen),
        Some(Err(wrong)) => screen.say(Kind::Error, &wrong),
    }
    Ok(After::GoOn)
}

/// Sends a line and shows its answer; Ctrl-C gives up the wait.
fn send(line: &str, modem: &Modem, interrupt: &Interrupt, screen: &Screen) -> Result<(), Failure> {
    interrupt.forget_ctrl_c();
    let mut pending = match modem.start(Command::new(line)) {
        Ok(pending) => pending,
        Err(error) if error.code() == ErrorCode::Closed => return Err(error.into()),
        Err(error) => {
            screen.say(Kind::Error, &error.to_string());
            return Ok(());
        }
    };
    let result = loop {
        if let Some(result) = pending.wait_for(SLICE) {
            break result;
        }
        if interrupt.raised() {
            screen.say(Kind::Note, "not waited for any longer");
            return Ok(());
        }
    };
    match result {
        Ok(lines) => {
            for line in &lines {
                screen.line(Kind::Answer, line);
            }
            screen.say(Kind::Done, "OK");
        }
        Err(error) if error.code() == ErrorCode::Cancelled => {
            screen.say(Kind::Note, "not waited for any longer");
        }
        Err(error) => screen.say(Kind::Error, &error.to_string()),
    }
    Ok(())
}

/// Begins a recording, or ends it.
fn record(file: Option<&str>, modem: &Modem, screen: &Screen) {
    let done = match (file, modem.recording()) {
        (Some(file), _) => modem
            .record(file)
            .map(|_| format!("recording into {file}; :record ends it")),
        (None, None) => Ok("nothing is recorded; :record FILE begins".to_owned()),
        (None, Some(recording)) => recording.finish().map(|stats| {
            let path = recording.path().display();
            format!("{path}: {} lines, {} bytes", stats.entries, stats.bytes)
        }),
    };
    match done {
        Ok(text) => screen.say(Kind::Note, &text),
        Err(error) => screen.say(Kind::Error, &error.to_string()),
    }
}
