//! Which of an acknowledgement's two numbers is the packet id: `packId,dup` in the manual,
//! `dup,packId` in firmware.

use m531x_at::profile::AckOrder;
use m531x_at::urc::AckNumbers;

/// What the model's profile says, and what the module has shown.
#[derive(Debug)]
pub(super) struct AckNumberOrder {
    learned: Option<AckOrder>,
    profile: AckOrder,
}

impl AckNumberOrder {
    pub(super) fn new(profile: AckOrder) -> Self {
        Self {
            learned: None,
            profile,
        }
    }

    pub(super) fn set_profile(&mut self, order: AckOrder) {
        self.profile = order;
    }

    /// The packet id; one that is awaited is preferred.
    pub(super) fn packet_id(&self, numbers: AckNumbers, awaited: impl Fn(u16) -> bool) -> u16 {
        let AckNumbers { first, second } = numbers;
        let Some(second) = second else {
            return first;
        };
        match (awaited(first), awaited(second)) {
            (true, false) => return first,
            (false, true) => return second,
            _ => {}
        }
        // The other number is the dup flag, which is 0 or 1.
        match (first > 1, second > 1) {
            (true, false) => return first,
            (false, true) => return second,
            _ => {}
        }
        match self.learned.unwrap_or(self.profile) {
            AckOrder::IdFirst => first,
            AckOrder::DupFirst => second,
        }
    }

    /// Remembers the order from a pair that can be read in one way only.
    pub(super) fn learn(&mut self, numbers: AckNumbers, id: u16) {
        if let Some(second) = numbers.second {
            if id > 1 && (numbers.first == id) != (second == id) {
                self.learned = Some(if numbers.first == id {
                    AckOrder::IdFirst
                } else {
                    AckOrder::DupFirst
                });
            }
        }
    }
}
