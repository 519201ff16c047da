//! The settings of a serial line.

/// How a serial line is set up, besides 8N1 without flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineSettings {
    pub(crate) baudrate: u32,
    /// The line DTR; `None` leaves it as the system sets it.
    pub(crate) dtr: Option<bool>,
    /// The line RTS; `None` leaves it as the system sets it.
    pub(crate) rts: Option<bool>,
}

impl LineSettings {
    /// This speed, and the two lines as the system sets them.
    #[cfg(test)]
    pub(crate) const fn of_speed(baudrate: u32) -> Self {
        Self {
            baudrate,
            dtr: None,
            rts: None,
        }
    }
}
