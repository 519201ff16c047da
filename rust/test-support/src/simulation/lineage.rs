//! Which firmware stands behind a simulation.

use m531x_core::Model;
use m531x_virtual_modem::firmware::Traits;
use m531x_virtual_modem::{Fault, Firmware};

/// A lineage of firmware, or a mix of both.
#[derive(Clone, Debug)]
pub struct Lineage {
    pub firmware: Firmware,
    /// Traits that are other than the lineage has them.
    pub switched: Vec<Fault>,
}

/// What is switched in a mix, with its values.
const TRAITS: [[&str; 2]; 11] = [
    ["qos0-takes-id=on", "qos0-takes-id=off"],
    ["id-zero=on", "id-zero=off"],
    ["ack-order=dup-id", "ack-order=id-dup"],
    ["silent-suback=on", "silent-suback=off"],
    ["refused-double-sub=606", "refused-double-sub=off"],
    ["late-disc=on", "late-disc=off"],
    ["fin-without-rec=on", "fin-without-rec=off"],
    ["stray-615=on", "stray-615=off"],
    ["short-message=on", "short-message=off"],
    ["repeated-qos2=on", "repeated-qos2=off"],
    ["hex-in-bytes=on", "hex-in-bytes=off"],
];

impl From<Firmware> for Lineage {
    fn from(firmware: Firmware) -> Self {
        Self {
            firmware,
            switched: Vec::new(),
        }
    }
}

impl Lineage {
    /// One of the lineages, some of its traits switched.
    pub fn mixed(random: &mut fastrand::Rng) -> Self {
        let firmware = Firmware::ALL[random.usize(..Firmware::ALL.len())];
        let mut switched = Vec::new();
        for values in TRAITS {
            if random.u8(..3) == 0 {
                let value = values[random.usize(..values.len())];
                switched.push(value.parse().unwrap());
            }
        }
        Self { firmware, switched }
    }

    /// What this firmware does on this model.
    pub fn traits(&self, model: Model) -> Traits {
        let switched = self.switched.iter().filter_map(|fault| match fault {
            Fault::Trait(one) => Some(one),
            _ => None,
        });
        self.firmware.traits(model.profile()).with(switched)
    }

    /// Each lineage by turns, and a mix the third time.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 3 {
            0 => Firmware::Vendor.into(),
            1 => Firmware::Manual.into(),
            _ => Self::mixed(&mut fastrand::Rng::with_seed(seed ^ 0x11e)),
        }
    }
}
