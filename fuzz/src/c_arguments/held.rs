//! What the process holds of the system.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    threads: usize,
    descriptors: usize,
}

impl Held {
    pub(super) fn now() -> Self {
        let count = |folder| fs::read_dir(folder).map_or(0, Iterator::count);
        Self {
            threads: count("/proc/self/task"),
            descriptors: count("/proc/self/fd"),
        }
    }

    /// Waits for threads that end a moment after the close; then there is as much as before.
    pub(super) fn comes_back(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let now = Self::now();
            if now == *self {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "left behind: {now:?}, before it was {self:?}"
            );
            sleep(Duration::from_micros(100));
        }
    }
}
