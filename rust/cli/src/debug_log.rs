//! `-d`: what passes on the port, on standard error.

use std::io::{Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, UNIX_EPOCH};

use m531x_core::{LineKind, Modem};

use crate::failure::Failure;

/// How many lines are kept for it.
pub(crate) const LINES: usize = 10_000;
/// How often they are printed.
const STEP: Duration = Duration::from_millis(50);

/// Prints until it is dropped.
pub(crate) struct DebugLog {
    done: Arc<AtomicBool>,
    printer: Option<JoinHandle<()>>,
}

impl DebugLog {
    pub(crate) fn begin(modem: Modem) -> Result<Self, Failure> {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let printer = thread::Builder::new()
            .name("m531x-debug".to_owned())
            .spawn(move || {
                let mut next = 0;
                loop {
                    // Looked at first: what passed until then is still printed.
                    let last = seen.load(Ordering::SeqCst);
                    next = print(&modem, next);
                    if last {
                        return;
                    }
                    thread::park_timeout(STEP);
                }
            })
            .map_err(|error| Failure::no_thread(&error))?;
        Ok(Self {
            done,
            printer: Some(printer),
        })
    }
}

impl Drop for DebugLog {
    fn drop(&mut self) {
        self.done.store(true, Ordering::SeqCst);
        if let Some(printer) = self.printer.take() {
            printer.thread().unpark();
            // It does not panic; if it did, the command has still done its work.
            let _ = printer.join();
        }
    }
}

/// Prints the lines from this number on, and returns the number that follows them.
fn print(modem: &Modem, from: u64) -> u64 {
    let mut next = from;
    for entry in modem.trace(from) {
        let since = entry
            .timestamp
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let arrow = if entry.kind == LineKind::Command {
            '>'
        } else {
            '<'
        };
        // What cannot be shown is no reason to fail.
        let _ = writeln!(
            stderr(),
            "{}.{:03} {arrow} {}",
            since.as_secs(),
            since.subsec_millis(),
            entry.text()
        );
        next = entry.number + 1;
    }
    next
}
