//! A line on the terminal for what takes longer than a second.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use m531x_core::session::Outcome;
use m531x_core::{Error, ErrorCode, Pending};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::notes::note;

/// How often the line is renewed.
const STEP: Duration = Duration::from_secs(1);

const FIRST_REMINDER: Duration = Duration::from_secs(10);

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
    let mut reminder = Reminder::default();
    loop {
        if let Some(result) = pending.wait_for(STEP) {
            return match result {
                Err(error) if error.code() == ErrorCode::Cancelled => Err(interrupt.failure()),
                result => Ok(result),
            };
        }
        interrupt.check()?;
        let elapsed = begun.elapsed();
        line.show(&format!("{what} ... {} s", elapsed.as_secs()));
        if !line.terminal && reminder.is_due(elapsed) {
            note(format!("still {what}, since {} s", elapsed.as_secs()));
        }
    }
}

/// When to say what is waited for where no line can be overwritten: after 10 s, and then more and more
/// seldom.
#[derive(Default)]
struct Reminder {
    given: u32,
}

impl Reminder {
    fn is_due(&mut self, elapsed: Duration) -> bool {
        let due = elapsed >= FIRST_REMINDER.saturating_mul(2_u32.saturating_pow(self.given));
        self.given += u32::from(due);
        due
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_wait_is_reported_more_and_more_seldom() {
        let mut reminder = Reminder::default();
        let due: Vec<u64> = (0..100)
            .filter(|&second| reminder.is_due(Duration::from_secs(second)))
            .collect();
        assert_eq!(due, [10, 20, 40, 80]);
    }
}
