//! The line that is being typed, and printing above it from another thread.

use std::fmt::Write as _;
use std::io::{Write, stdout};
use std::sync::{Mutex, PoisonError};

pub(super) const PROMPT: &str = "> ";
/// If the terminal does not report its width.
const WIDTH: usize = 80;

/// What stands in the line, while one is typed.
#[derive(Debug, Default)]
pub(super) struct TypedLine(Mutex<Option<Typed>>);

#[derive(Debug, Default)]
struct Typed {
    text: String,
    /// How many characters stand before the cursor.
    cursor: usize,
}

impl TypedLine {
    pub(super) fn begin(&self) {
        *self.lock() = Some(Typed::default());
    }

    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    /// This stands in the line now, with the cursor before the byte `at`.
    pub(super) fn change(&self, text: &str, at: usize) {
        if let Some(typed) = &mut *self.lock() {
            text.clone_into(&mut typed.text);
            typed.cursor = text.get(..at).map_or(0, |before| before.chars().count());
        }
    }

    /// Prints whole lines, and the line that is typed again below them.
    pub(super) fn print_above(&self, text: &str) {
        let typed = self.lock();
        let printed = match &*typed {
            None => text.to_owned(),
            Some(typed) => typed.below(text, width()),
        };
        let mut out = stdout().lock();
        // A terminal that is gone ends the next line, and with it the console.
        let _ = out.write_all(printed.as_bytes()).and_then(|()| out.flush());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Typed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Typed {
    /// The text, then the line, on a terminal of this width on which the line stands already.
    fn below(&self, text: &str, width: usize) -> String {
        let cursor = PROMPT.len() + self.cursor;
        let end = PROMPT.len() + self.text.chars().count();
        let mut out = up(cursor / width);
        out.push_str("\r\x1b[J");
        out.push_str(text);
        out.push_str(PROMPT);
        out.push_str(&self.text);
        if end % width == 0 {
            // The terminal would stay in the last column until more is written.
            out.push('\n');
        }
        out.push_str(&up(end / width - cursor / width));
        out.push('\r');
        if cursor % width > 0 {
            // Writing to a string does not fail.
            let _ = write!(out, "\x1b[{}C", cursor % width);
        }
        out
    }
}

fn up(rows: usize) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\x1b[{rows}A"),
    }
}

fn width() -> usize {
    #[cfg(unix)]
    {
        rustix::termios::tcgetwinsize(stdout())
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|width| *width > 0)
            .unwrap_or(WIDTH)
    }
    #[cfg(not(unix))]
    {
        WIDTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_drawn_again_with_the_cursor_where_it_was() {
        let typed = Typed {
            text: "AT+CSQ".into(),
            cursor: 2,
        };
        assert_eq!(typed.below("news\n", 80), "\r\x1b[Jnews\n> AT+CSQ\r\x1b[4C");
        // Three rows of three, the cursor in the second one, the end at the edge.
        let typed = Typed {
            text: "ABCDEFG".into(),
            cursor: 3,
        };
        assert_eq!(
            typed.below("n\n", 3),
            "\x1b[1A\r\x1b[Jn\n> ABCDEFG\n\x1b[2A\r\x1b[2C"
        );
    }
}
