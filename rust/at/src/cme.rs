//! The numbers of `+CME ERROR` and what they mean on which module.

/// Which table of `+CME ERROR` numbers a module uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmeFamily {
    /// The numbers of 3GPP TS 27.007 alone.
    General,
    /// General and those of the Hi21xx chips (M5310-A).
    Hi21xx,
    /// General and those of the MT2625 (M5311).
    Mt2625,
    /// General and the MQTT numbers of the ML302.
    Ml302,
    /// General and the number of the MN316.
    Mn316,
}

/// What the number means on this family; `None` when no source explains it.
pub fn text(family: CmeFamily, number: u16) -> Option<&'static str> {
    let _ = (family, number);
    todo!()
}
