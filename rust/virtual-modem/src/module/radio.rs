//! The radio: registration, attachment, and what cuts it.

use std::time::Instant;

use m531x_at::urc::{Registration, Urc};

use super::Module;

/// The radio's state.
#[derive(Debug)]
pub(super) struct Radio {
    /// `AT+CFUN`: 1 is full functionality.
    pub(super) functionality: u8,
    /// `AT+CGATT`.
    pub(super) attach_wanted: bool,
    /// No base station answers.
    pub(super) cut: bool,
}

impl Radio {
    pub(super) fn new() -> Self {
        Self {
            functionality: 1,
            attach_wanted: true,
            cut: false,
        }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.functionality == 1 && self.attach_wanted && !self.cut
    }
}

impl Module {
    /// The state of `+CEREG`: 0 off, 1 registered, 2 searching, or what a fault has it be.
    pub(super) fn registration(&self) -> u8 {
        if self.radio.functionality != 1 {
            0
        } else if let Some(stat) = self.faults.registration {
            stat
        } else if self.radio.cut || self.faults.sim.is_some() {
            2
        } else {
            1
        }
    }

    /// Whether there is a network to send to.
    pub(super) fn is_attached(&self) -> bool {
        self.radio.is_attached() && matches!(self.registration(), 1 | 5)
    }

    /// Says `+CEREG` if `AT+CEREG` asked for it.
    pub(super) fn report_registration(&mut self, now: Instant) {
        if self.settings.registration > 0 && !self.power.is_deaf() {
            let stat = self.registration();
            self.urc(now, &Urc::Registration(Registration { stat, rest: None }));
        }
    }
}
