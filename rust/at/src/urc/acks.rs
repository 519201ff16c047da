//! Acks of published messages (manual 1.11).

use super::append_number;
use crate::fields::Fields;
use crate::profile::{AckOrder, Profile};

/// The two numbers of an ack as printed: packet id and dup, in an order that differs.
///
/// The manual's syntax says `packId,dup`, one of its examples and firmware print `dup,packId`.
/// Only the outstanding ids show which is which, so both stay raw here.
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

    /// The number that is the packet id if the order is this one.
    pub fn packet_id(self, order: AckOrder) -> u16 {
        match order {
            AckOrder::IdFirst => self.first,
            AckOrder::DupFirst => self.second.unwrap_or(self.first),
        }
    }

    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(value);
        let first = u16::try_from(fields.next()?.number()?).ok()?;
        let second = match fields.next() {
            Some(field) => Some(u16::try_from(field.number()?).ok()?),
            None => None,
        };
        fields.is_done().then_some(Self { first, second })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        append_number(self.first.into(), out);
        if let Some(second) = self.second {
            out.push(b',');
            append_number(second.into(), out);
        }
    }
}
