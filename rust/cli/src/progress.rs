//! A line on the terminal for what takes longer than a second.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use m531x_core::session::Outcome;
use m531x_core::{Error, ErrorCode, Pending};

use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// How often the line is renewed.
const STEP: Duration = Duration::from_secs(1);

/// Waits for an operation; from the second second on, a terminal shows what is waited for.
///
/// The outer error is the user's wish to stop, the inner one the operation's own.
pub(crate) fn wait<T: TryFrom<Outcome, Error = Error>>(
    what: &str,
    mut pending: Pending<T>,
    interrupt: &Interrupt,
) -> Result<Result<T, Error>, Failure> {
    let begun = Instant::now();
    let mut line = Line::new();
    loop {
        if let Some(result) = pending.wait_for(STEP) {
            return match result {
                Err(error) if error.code() == ErrorCode::Cancelled => Err(interrupt.failure()),
                result => Ok(result),
            };
        }
        interrupt.check()?;
        line.show(&format!("{what} ... {} s", begun.elapsed().as_secs()));
    }
}

/// One line on the terminal that is overwritten, and gone at the end.
pub(crate) struct Line {
    terminal: bool,
    shown: bool,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            shown: false,
        }
    }

    pub(crate) fn show(&mut self, text: &str) {
        if self.terminal {
            self.shown = true;
            write(&format!("\r\x1b[K{text}"));
        }
    }
}

impl Line {
    /// Makes room for other output.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            write("\r\x1b[K");
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    // Progress that cannot be shown is no reason to fail.
    let _ = io::stderr().write_all(text.as_bytes());
}
