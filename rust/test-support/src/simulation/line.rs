//! The serial line between host and module, where bytes can get lost.

/// What of the bytes arrives.
pub struct Line {
    /// Nothing passes, in either direction, and no side is notified.
    pub silent: bool,
    /// What the module says does not arrive.
    pub module_mute: bool,
    /// The port is gone, as the session knows.
    pub detached: bool,
    /// The part of the host's bytes that get lost, from 0 to 1.
    pub host_loss: f64,
    /// After so many more bytes of the module it restarts.
    pub reboot_after: Option<usize>,
    /// Every command line that the session sent.
    pub commands: Vec<String>,
    random: fastrand::Rng,
}

impl Line {
    pub fn new(seed: u64) -> Self {
        Self {
            silent: false,
            module_mute: false,
            detached: false,
            host_loss: 0.0,
            reboot_after: None,
            commands: Vec::new(),
            random: fastrand::Rng::with_seed(seed ^ 0x11e),
        }
    }

    pub(super) fn carry_to_module(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.commands
            .push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        if self.silent || self.detached {
            return Vec::new();
        }
        if self.host_loss > 0.0 {
            let (random, loss) = (&mut self.random, self.host_loss);
            return bytes.into_iter().filter(|_| random.f64() >= loss).collect();
        }
        bytes
    }

    /// What arrives, and whether the module restarts now.
    pub(super) fn carry_to_host(&mut self, mut bytes: Vec<u8>) -> (Vec<u8>, bool) {
        let mut reboots = false;
        if let Some(left) = self.reboot_after {
            reboots = left <= bytes.len();
            self.reboot_after = (!reboots).then(|| left - bytes.len());
            bytes.truncate(left);
        }
        if self.silent || self.detached || self.module_mute {
            bytes.clear();
        }
        (bytes, reboots)
    }
}
