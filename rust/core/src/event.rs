use std::fmt;
use std::time::SystemTime;

use crate::Message;

/// What arrives from the module, in wire order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A publish from the broker.
    Message(Message),
    /// Anything else worth telling.
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
    /// A number whose meaning [`EventKind`] tells; 0 where it has none.
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

/// The kind of an [`Event`]; the numbers are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum EventKind {
    /// The MQTT connection is up; the text tells how it came about.
    Connected = 1,
    /// The MQTT connection is gone; the text is the cause.
    Disconnected = 2,
    /// The MQTT state changed; the value is the new [`MqttState`](crate::MqttState), the text the
    /// cause.
    StateChanged = 3,
    /// A URC that belongs to no operation; the text is the line.
    Urc = 4,
    /// A line nobody knows; the text is the line.
    UnknownLine = 5,
    /// The answer to a command that had timed out, or the ack of a publish that had; the text is
    /// the line.
    LateAnswer = 6,
    /// A final result while no command was waiting; the text is the line.
    StrayResult = 7,
    /// The queue was full; the value is how many entries were dropped since the last such event.
    Dropped = 8,
    /// A message longer than the limit was skipped; the value is its length in bytes, the text its
    /// topic.
    Oversize = 9,
    /// Lines that may be part of a message were kept from completing a command; the value is their
    /// bytes.
    Ambiguous = 10,
    /// A line longer than the limit was skipped; the value is its length in bytes.
    LineTooLong = 11,
    /// The module restarted; the text is the line that told.
    Rebooted = 12,
    /// The port is gone; the text is the cause.
    PortLost = 13,
    /// A subscription was made again after a loss of the connection; the text is the filter, the
    /// value the granted QoS. -1: it was refused, or not answered while recovery is off, and has
    /// ended. -2: nobody answered on two connections in a row, or the module refuses it for now; it is
    /// kept and asked for on each connection that follows. -3: as many connections were lost while it
    /// was asked for as the loss budget of the recovery allows; it has ended.
    Resubscribed = 14,
    /// The connection is being made again; the value counts the attempts since the loss from 1, the
    /// text tells when and why.
    Recovering = 15,
    /// The connection will not be made again; the value is the number of attempts, the text the
    /// cause.
    RecoveryFailed = 16,
    /// The port that was gone is back; the text is its name.
    PortBack = 17,
    /// The outbox was full; the value is how many of its oldest messages were dropped.
    OutboxDropped = 18,
    /// A message of the outbox was refused for good while others went through, and is set aside; the
    /// value is its number, the text the reason.
    OutboxSetAside = 19,
    /// The outbox's file could not be read or written; the text is the error. It is tried again.
    OutboxFailed = 20,
    /// The recording has ended before its time; the text is why.
    RecordingStopped = 21,
    /// A health check has missed; the value counts the misses in a row, or is -1 if the broker does
    /// not allow it, the text tells what was missing.
    HealthCheck = 22,
    /// A password is wanted, for a connection or one that is made again; the value is the number of the
    /// question, the text names the broker. It is waited for 30 s:
    /// [`Modem::set_password`](crate::Modem::set_password).
    PasswordWanted = 23,
    /// A connection is not made again for now, because the broker refused the password that was
    /// asked for, and the next one; the value is its return code, 4 or 5, or -1 if nobody gave a
    /// password. The next attempt comes after five times the longest delay of the recovery.
    LoginRefused = 24,
}

impl EventKind {
    /// Every kind, by number.
    pub const ALL: &'static [Self] = &[
        Self::Connected,
        Self::Disconnected,
        Self::StateChanged,
        Self::Urc,
        Self::UnknownLine,
        Self::LateAnswer,
        Self::StrayResult,
        Self::Dropped,
        Self::Oversize,
        Self::Ambiguous,
        Self::LineTooLong,
        Self::Rebooted,
        Self::PortLost,
        Self::Resubscribed,
        Self::Recovering,
        Self::RecoveryFailed,
        Self::PortBack,
        Self::OutboxDropped,
        Self::OutboxSetAside,
        Self::OutboxFailed,
        Self::RecordingStopped,
        Self::HealthCheck,
        Self::PasswordWanted,
        Self::LoginRefused,
    ];

    /// The kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
            Self::StateChanged => "StateChanged",
            Self::Urc => "Urc",
            Self::UnknownLine => "UnknownLine",
            Self::LateAnswer => "LateAnswer",
            Self::StrayResult => "StrayResult",
            Self::Dropped => "Dropped",
            Self::Oversize => "Oversize",
            Self::Ambiguous => "Ambiguous",
            Self::LineTooLong => "LineTooLong",
            Self::Rebooted => "Rebooted",
            Self::PortLost => "PortLost",
            Self::Resubscribed => "Resubscribed",
            Self::Recovering => "Recovering",
            Self::RecoveryFailed => "RecoveryFailed",
            Self::PortBack => "PortBack",
            Self::OutboxDropped => "OutboxDropped",
            Self::OutboxSetAside => "OutboxSetAside",
            Self::OutboxFailed => "OutboxFailed",
            Self::RecordingStopped => "RecordingStopped",
            Self::HealthCheck => "HealthCheck",
            Self::PasswordWanted => "PasswordWanted",
            Self::LoginRefused => "LoginRefused",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
