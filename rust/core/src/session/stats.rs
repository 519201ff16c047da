/// Counters of a [`Session`](super::Session) since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Lines received, messages not counted.
    pub lines: u64,
    /// Commands sent, probes included.
    pub commands: u64,
    /// Commands whose final result did not come in time.
    pub timeouts: u64,
    /// Answers that came after their command had timed out.
    pub late_answers: u64,
    /// Final results that no command was waiting for.
    pub stray_results: u64,
    /// Lines of no known kind.
    pub unknown_lines: u64,
    /// Messages delivered.
    pub messages: u64,
    /// Messages delivered with fewer bytes than declared.
    pub truncated: u64,
    /// Messages delivered whose boundary could not be determined.
    pub ambiguous: u64,
    /// Messages longer than the limit, skipped.
    pub oversize: u64,
    /// Restarts of the module.
    pub reboots: u64,
    /// Publishes completed.
    pub published: u64,
    /// Health checks begun.
    pub health_checks: u64,
    /// Probes sent to find the way back into step with the module.
    pub probes: u64,
    /// Lost connections that were made again, by what had happened.
    pub recoveries: RecoveryStats,
}

/// Lost connections that are there again, by the first sign of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryStats {
    /// The module reported the end (`+MQTTDISC`).
    pub disconnected: u64,
    /// The module reported that it was reconnecting (`+MQTTREC`), no matter which side succeeded.
    pub module_reconnected: u64,
    /// The module restarted.
    pub rebooted: u64,
    /// The module no longer answered.
    pub silent: u64,
    /// The module, asked for its state, said that there was no connection.
    pub state_asked: u64,
    /// The connection looked alive, but acknowledgements stayed out.
    pub unacknowledged: u64,
    /// The port was gone.
    pub port_lost: u64,
    /// Health checks did not come back.
    pub unhealthy: u64,
}

impl RecoveryStats {
    /// Each cause by its name, in the order of the fields.
    pub fn by_cause(&self) -> [(&'static str, u64); 8] {
        [
            ("disconnected", self.disconnected),
            ("module_reconnected", self.module_reconnected),
            ("rebooted", self.rebooted),
            ("silent", self.silent),
            ("state_asked", self.state_asked),
            ("unacknowledged", self.unacknowledged),
            ("port_lost", self.port_lost),
            ("unhealthy", self.unhealthy),
        ]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.by_cause().iter().map(|(_, count)| count).sum()
    }
}
