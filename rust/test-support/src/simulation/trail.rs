//! What happened, to understand a failure by.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// The last lines are kept.
const MOST: usize = 2000;

/// Off, it costs nothing but a question; the same seed brings the same trail with it on.
#[derive(Default)]
pub struct Trail {
    pub on: bool,
    lines: VecDeque<String>,
}

impl Trail {
    pub fn note(&mut self, at: Duration, text: impl FnOnce() -> String) {
        if self.on {
            if self.lines.len() == MOST {
                self.lines.pop_front();
            }
            let line = format!("{:10.3} {}", at.as_secs_f64(), text());
            self.lines.push_back(line);
        }
    }

    pub fn bytes(&mut self, at: Duration, direction: &str, bytes: &[u8]) {
        self.note(at, || format!("{direction} {}", bytes.escape_ascii()));
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
