//! What the user reads beside the output.

use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};

static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on nothing more is printed here.
pub(crate) fn silence() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Prints what is for the user, and no output.
pub(crate) fn note(text: impl std::fmt::Display) {
    if !QUIET.load(Ordering::Relaxed) {
        // With standard error gone there is no one left to notify.
        let _ = writeln!(stderr(), "m531x: {text}");
    }
}
