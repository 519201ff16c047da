//! Acks of published messages.

use crate::profile::{AckOrder, Profile};

/// The two numbers of an ack as printed: packet id and dup, in an order that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckNumbers {
    /// The first number.
    pub first: u16,
    /// The second number, if there is one.
    pub second: Option<u16>,
}

impl AckNumbers {
    /// The numbers as a module of this profile orders them, dup 0.
    pub fn for_packet(packet_id: u16, profile: &Profile) -> Self {
        match profile.ack_order {
            AckOrder::IdFirst => Self {
                first: packet_id,
                second: Some(0),
            },
            AckOrder::DupFirst => Self {
                first: 0,
                second: Some(packet_id),
            },
        }
    }
}
