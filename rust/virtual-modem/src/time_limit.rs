//! How long `poll` waits at most.

use std::time::{Duration, Instant};

use rustix::event::Timespec;

/// Windows counts in milliseconds of 32 bits; a wait that ends too early is begun again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The time from `now` until `due`, at most a day.
pub(crate) fn time_limit(now: Instant, due: Instant) -> Option<Timespec> {
    let left = due.saturating_duration_since(now).min(LONGEST);
    // A day fits.
    Timespec::try_from(left).ok()
}
