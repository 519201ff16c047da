//! Ids that commands without an acknowledgement took.

/// Ids that were taken, or may have been, between two commands that are acknowledged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gap {
    /// QoS 0 publishes that the module has read.
    pub zeros: u64,
    /// QoS 0 publishes that it may have read.
    pub unsure_zeros: u64,
    /// Other commands that have taken an id.
    pub others: u64,
    /// Other commands that may have taken one.
    pub unsure_others: u64,
}

impl Gap {
    pub(super) fn add(&mut self, other: &Self) {
        self.zeros += other.zeros;
        self.unsure_zeros += other.unsure_zeros;
        self.others += other.others;
        self.unsure_others += other.unsure_others;
    }
}
