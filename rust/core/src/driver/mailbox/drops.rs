//! What the mailbox has dropped.

use std::time::{Duration, Instant};

use super::Observer;
use crate::{Event, EventKind};

/// While more is dropped without end, the count is reported so often.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// What was dropped, and how much of it has been reported.
#[derive(Default)]
pub(super) struct Drops {
    pub(super) messages: u64,
    pub(super) events: u64,
    pub(super) unreported: u64,
    /// Where the last of it was or would have been.
    pub(super) place: u64,
    /// Since the bound was reached, one report was made, at this time.
    pub(super) reported: Option<Instant>,
    /// When an observer last saw the count.
    shown: Option<Instant>,
}

impl Drops {
    pub(super) fn is_due(&self) -> bool {
        self.unreported > 0 && self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY)
    }

    /// Counts the drop of an entry that had or would have had this place.
    pub(super) fn count(&mut self, is_message: bool, number: u64) {
        if is_message {
            self.messages += 1;
        } else {
            self.events += 1;
        }
        self.unreported += 1;
        self.place = number;
    }

    /// Shows an observer from time to time how much was dropped: a taker may never ask.
    pub(super) fn show(&mut self, observer: &Observer) {
        if self.shown.is_some_and(|at| at.elapsed() < REPORT_EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let count = self.messages + self.events;
        observer(&Event::new(
            EventKind::Dropped,
            i64::try_from(count).unwrap_or(i64::MAX),
            format!("{count} messages or events so far: too many were waiting"),
        ));
    }
}
