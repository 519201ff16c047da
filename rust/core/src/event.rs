use std::time::SystemTime;

use crate::{EventKind, Message};

/// What arrives from the module, in wire order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A publish from the broker.
    Message(Message),
    /// Anything else worth reporting.
    Event(Event),
}

impl Incoming {
    /// Sets the time of arrival; the driver does this, because the session has no clock.
    pub fn stamp(&mut self, timestamp: SystemTime) {
        match self {
            Self::Message(message) => message.timestamp = timestamp,
            Self::Event(event) => event.timestamp = timestamp,
        }
    }
}

/// Something that happened: a line of the module, a change of state, a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// A number whose meaning [`EventKind`] defines; 0 where it has none.
    pub value: i64,
    /// The line or the cause, for people.
    pub text: String,
    /// When it happened, by the host's clock. The session leaves it at the epoch; the driver stamps
    /// it.
    pub timestamp: SystemTime,
}

impl Event {
    /// An event that the driver will stamp.
    pub fn new(kind: EventKind, value: i64, text: impl Into<String>) -> Self {
        Self {
            kind,
            value,
            text: text.into(),
            timestamp: SystemTime::UNIX_EPOCH,
        }
    }
}
