//! Where lines come from: a person at a terminal, or a pipe.

use std::io::{self, BufRead, IsTerminal, Write};

use super::screen::Printer;
use super::typed::Typed;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, unreadable};

#[cfg(feature = "line-editing")]
use super::editor::LineEditor;

pub(super) struct Input(Source);

enum Source {
    #[cfg(feature = "line-editing")]
    Terminal(Box<LineEditor>),
    Pipe,
}

impl Input {
    /// A line editor where both ends are a terminal.
    pub(super) fn new(history: bool) -> Result<Self, Failure> {
        Ok(Self(Source::new(history)?))
    }

    pub(super) fn is_terminal(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "line-editing")]
            Source::Terminal(_) => true,
            Source::Pipe => io::stdin().is_terminal(),
        }
    }

    /// The next line.
    pub(super) fn line(&mut self, interrupt: &Interrupt) -> Result<Typed, Failure> {
        interrupt.forget_ctrl_c();
        interrupt.reading(|| self.0.line())?
    }

    /// Sets the terminal as it was before the line editor.
    pub(super) fn restorer() -> impl Fn() + Send + Sync + use<> {
        #[cfg(all(unix, feature = "line-editing"))]
        let terminal = rustix::termios::tcgetattr(io::stdin()).ok();
        move || {
            #[cfg(all(unix, feature = "line-editing"))]
            if let Some(settings) = &terminal {
                let now = rustix::termios::OptionalActions::Now;
                // A terminal that is gone needs no settings.
                let _ = rustix::termios::tcsetattr(io::stdin(), now, settings);
            }
        }
    }

    /// Prints beside the line that is being edited.
    pub(super) fn printer(&self) -> Printer {
        match &self.0 {
            #[cfg(feature = "line-editing")]
            Source::Terminal(editor) => editor.printer(),
            Source::Pipe => Box::new(|text| {
                // Without a reader there is no one to report to; the watch on it ends the console.
                let mut out = io::stdout().lock();
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }),
        }
    }
}

impl Source {
    #[cfg_attr(
        not(feature = "line-editing"),
        allow(clippy::unnecessary_wraps, reason = "the editor may fail")
    )]
    fn new(history: bool) -> Result<Self, Failure> {
        #[cfg(feature = "line-editing")]
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            return Ok(Self::Terminal(Box::new(LineEditor::new(history)?)));
        }
        let _ = history;
        Ok(Self::Pipe)
    }

    fn line(&mut self) -> Result<Typed, Failure> {
        match self {
            #[cfg(feature = "line-editing")]
            Self::Terminal(editor) => editor.line(),
            Self::Pipe => {
                let mut line = Vec::new();
                match io::stdin()
                    .lock()
                    .read_until(b'\n', &mut line)
                    .map_err(unreadable)?
                {
                    0 => Ok(Typed::End),
                    _ => Ok(Typed::Line(String::from_utf8_lossy(&line).into_owned())),
                }
            }
        }
    }
}
