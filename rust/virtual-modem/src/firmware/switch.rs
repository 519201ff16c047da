//! Single traits, switched by name.

use std::fmt;

use m531x_at::profile::AckOrder;

use super::Traits;

/// One trait that is other than the lineage has it; written like a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// One that is on or off.
    Switch(Switch, bool),
    /// `ack-order=`: which number of an acknowledgement is the packet id.
    AckOrder(AckOrder),
    /// `refused-double-sub=`: the error number for subscribing twice; `None` subscribes again.
    RefusedDoubleSub(Option<u16>),
}

/// A trait that is on or off; see the field of [`Traits`] of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// `qos0-takes-id`.
    Qos0TakesId,
    /// `id-zero`.
    IdZero,
    /// `silent-suback`.
    SilentSuback,
    /// `late-disc`.
    LateDisc,
    /// `fin-without-rec`.
    FinWithoutRec,
    /// `stray-615`.
    Stray615,
    /// `short-message`.
    ShortMessage,
    /// `repeated-qos2`.
    RepeatedQos2,
    /// `hex-in-bytes`.
    HexInBytes,
}

impl Switch {
    /// Every switch with its name.
    pub(crate) const NAMES: [(&'static str, Self); 9] = [
        ("qos0-takes-id", Self::Qos0TakesId),
        ("id-zero", Self::IdZero),
        ("silent-suback", Self::SilentSuback),
        ("late-disc", Self::LateDisc),
        ("fin-without-rec", Self::FinWithoutRec),
        ("stray-615", Self::Stray615),
        ("short-message", Self::ShortMessage),
        ("repeated-qos2", Self::RepeatedQos2),
        ("hex-in-bytes", Self::HexInBytes),
    ];

    fn field(self, traits: &mut Traits) -> &mut bool {
        match self {
            Self::Qos0TakesId => &mut traits.qos0_takes_id,
            Self::IdZero => &mut traits.id_zero,
            Self::SilentSuback => &mut traits.silent_suback,
            Self::LateDisc => &mut traits.late_disc,
            Self::FinWithoutRec => &mut traits.fin_without_rec,
            Self::Stray615 => &mut traits.stray_615,
            Self::ShortMessage => &mut traits.short_message,
            Self::RepeatedQos2 => &mut traits.repeated_qos2,
            Self::HexInBytes => &mut traits.hex_in_bytes,
        }
    }
}

/// What a module answers that refuses to subscribe twice and is given no number (ML302).
const ALREADY_SUBSCRIBED: u16 = 606;

impl Trait {
    pub(super) fn apply(self, traits: &mut Traits) {
        match self {
            Self::Switch(switch, on) => *switch.field(traits) = on,
            Self::AckOrder(order) => traits.ack_order = order,
            Self::RefusedDoubleSub(number) => traits.refused_double_sub = number,
        }
    }

    /// The trait of this name, if there is one; the error says which value it takes.
    pub(crate) fn parse(name: &str, value: Option<&str>) -> Option<Result<Self, &'static str>> {
        Some(match name {
            "ack-order" => match value {
                Some("id-dup") => Ok(Self::AckOrder(AckOrder::IdFirst)),
                Some("dup-id") => Ok(Self::AckOrder(AckOrder::DupFirst)),
                _ => Err("give id-dup or dup-id"),
            },
            "refused-double-sub" => match value {
                None | Some("on") => Ok(Self::RefusedDoubleSub(Some(ALREADY_SUBSCRIBED))),
                Some("off") => Ok(Self::RefusedDoubleSub(None)),
                Some(number) => number
                    .parse()
                    .map(|number| Self::RefusedDoubleSub(Some(number)))
                    .map_err(|_| "give on, off or the number of the error, such as 606"),
            },
            _ => {
                let (_, switch) = Switch::NAMES.iter().find(|(known, _)| *known == name)?;
                match value {
                    None | Some("on") => Ok(Self::Switch(*switch, true)),
                    Some("off") => Ok(Self::Switch(*switch, false)),
                    Some(_) => Err("give on or off"),
                }
            }
        })
    }
}

impl fmt::Display for Trait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(switch, on) => {
                let name = Switch::NAMES
                    .iter()
                    .find(|(_, known)| known == switch)
                    .map_or("", |(name, _)| name);
                f.write_str(name)?;
                if *on { Ok(()) } else { f.write_str("=off") }
            }
            Self::AckOrder(AckOrder::IdFirst) => f.write_str("ack-order=id-dup"),
            Self::AckOrder(AckOrder::DupFirst) => f.write_str("ack-order=dup-id"),
            Self::RefusedDoubleSub(Some(number)) => write!(f, "refused-double-sub={number}"),
            Self::RefusedDoubleSub(None) => f.write_str("refused-double-sub=off"),
        }
    }
}
