//! What the mailbox has dropped.

use std::time::{Duration, Instant};

use super::Observer;
use crate::{Event, EventKind};

/// A burst is reported so long after its first drop, with what has been dropped by then.
const SETTLES: Duration = Duration::from_secs(1);
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
    /// The time for a report has come: takers are woken for it.
    pub(super) due: bool,
    /// Since the bound was reached, one report was made, at this time.
    reported: Option<Instant>,
    /// When the time for a report comes, if one is to be made.
    timer: Option<Instant>,
    /// When it last came.
    rung: Option<Instant>,
}

impl Drops {
    /// Counts the drop of an entry that had or would have had this place.
    pub(super) fn count(&mut self, is_message: bool, number: u64) {
        if is_message {
            self.messages += 1;
        } else {
            self.events += 1;
        }
        self.unreported += 1;
        self.place = number;
        if self.timer.is_none() {
            let settled = Instant::now() + SETTLES;
            let again = self.rung.map_or(settled, |at| at + REPORT_EVERY);
            self.timer = Some(settled.max(again));
        }
    }

    /// When [`ring`](Self::ring) must be called.
    pub(super) fn timer(&self) -> Option<Instant> {
        self.timer
    }

    /// Makes a report due, and shows an observer the count, as a taker may never ask.
    pub(super) fn ring(&mut self, observer: Option<&Observer>) {
        self.timer = None;
        self.rung = Some(Instant::now());
        self.due = self.unreported > 0;
        let Some(observer) = observer else { return };
        let count = self.messages + self.events;
        observer(&Event::new(
            EventKind::Dropped,
            i64::try_from(count).unwrap_or(i64::MAX),
            format!("{count} messages or events so far: too many were waiting"),
        ));
    }

    /// Whether one who takes from where the gap is gets a report with it.
    pub(super) fn is_due_at_gap(&self) -> bool {
        self.unreported > 0 && self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY)
    }

    /// What is to be reported.
    pub(super) fn report(&mut self) -> u64 {
        self.due = false;
        self.reported = Some(Instant::now());
        std::mem::take(&mut self.unreported)
    }

    /// There is ample room again: the burst is over. Whether a report is due that was not.
    pub(super) fn end_burst(&mut self) -> bool {
        if self.reported.take().is_none() {
            return false;
        }
        self.rung = None;
        self.due = self.unreported > 0;
        self.due
    }
}
