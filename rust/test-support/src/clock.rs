//! Words for spans of time.

use std::time::Duration;

pub const SECOND: Duration = Duration::from_secs(1);

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
