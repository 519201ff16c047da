//! What an event is in the log of a program.

use m531x_at::printable;

use crate::{Event, EventKind, MqttState};

/// How much a line of the log matters; the numbers are those of syslog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// What does not mend itself.
    Error = 3,
    /// What costs messages, or may soon.
    Warning = 4,
    /// What the program asked for, and what went well.
    Info = 6,
    /// All else.
    Debug = 7,
}

impl Event {
    /// The event as one line of a log, without control characters and without the name of the port, and how much it
    /// matters.
    ///
    /// ```
    /// use m531x_core::{Event, EventKind, LogLevel};
    ///
    /// let event = Event::new(EventKind::PortLost, 0, "the other side hung up");
    /// assert_eq!(event.log_line(), (LogLevel::Error, "port lost: the other side hung up".to_owned()));
    /// ```
    pub fn log_line(&self) -> (LogLevel, String) {
        let mut line = words(self.kind.name());
        for part in [self.meaning(), &printable::text(&self.text)] {
            if !part.is_empty() {
                line.push_str(": ");
                line.push_str(part);
            }
        }
        (self.log_level(), line)
    }

    /// How much the event matters; costs nothing, unlike the line.
    pub fn log_level(&self) -> LogLevel {
        use EventKind as Kind;
        match (self.kind, self.value) {
            (Kind::Disconnected | Kind::Rebooted, 1) => LogLevel::Info,
            (Kind::Resubscribed, -1 | -3) => LogLevel::Error,
            (Kind::Resubscribed, -2) => LogLevel::Warning,
            (kind, _) => level(kind),
        }
    }

    /// Its value in words, if it has some.
    fn meaning(&self) -> &'static str {
        match (self.kind, self.value) {
            (EventKind::StateChanged, value) => MqttState::ALL
                .iter()
                .find(|state| **state as i64 == value)
                .map_or("", |state| state.name()),
            (EventKind::Resubscribed, -1) => {
                "the broker refused this subscription, which has ended"
            }
            (EventKind::Resubscribed, -2) => {
                "not subscribed again yet; the next connection tries again"
            }
            (EventKind::Resubscribed, -3) => {
                "the connection was lost each time, and this subscription has ended"
            }
            _ => "",
        }
    }
}

/// How much an event of this kind matters, unless its value says otherwise.
fn level(kind: EventKind) -> LogLevel {
    match kind {
        EventKind::PortLost
        | EventKind::RecoveryFailed
        | EventKind::OutboxFailed
        | EventKind::LoginRefused => LogLevel::Error,
        EventKind::Disconnected
        | EventKind::Dropped
        | EventKind::Oversize
        | EventKind::Ambiguous
        | EventKind::LineTooLong
        | EventKind::Rebooted
        | EventKind::Recovering
        | EventKind::OutboxDropped
        | EventKind::OutboxSetAside
        | EventKind::RecordingStopped
        | EventKind::HealthCheck => LogLevel::Warning,
        EventKind::Connected
        | EventKind::StateChanged
        | EventKind::PortBack
        | EventKind::Resubscribed => LogLevel::Info,
        EventKind::Urc
        | EventKind::UnknownLine
        | EventKind::LateAnswer
        | EventKind::StrayResult
        | EventKind::PasswordWanted
        | EventKind::Done => LogLevel::Debug,
    }
}

/// A name such as `PortLost` as words.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: EventKind, value: i64, text: &str) -> (LogLevel, String) {
        Event::new(kind, value, text).log_line()
    }

    #[test]
    fn a_line_says_what_happened_and_how_much_it_matters() {
        for (event, level, text) in [
            (
                line(EventKind::Disconnected, 0, "+MQTTDISC"),
                LogLevel::Warning,
                "disconnected: +MQTTDISC",
            ),
            (
                line(EventKind::Disconnected, 1, ""),
                LogLevel::Info,
                "disconnected",
            ),
            (
                line(EventKind::StateChanged, 4, "why"),
                LogLevel::Info,
                "state changed: module reconnecting: why",
            ),
            (
                line(EventKind::StateChanged, 99, ""),
                LogLevel::Info,
                "state changed",
            ),
            (
                line(EventKind::Resubscribed, 1, "a/#"),
                LogLevel::Info,
                "resubscribed: a/#",
            ),
            (
                line(EventKind::Resubscribed, -3, "a/#"),
                LogLevel::Error,
                "resubscribed: the connection was lost each time, and this subscription has ended: a/#",
            ),
        ] {
            assert_eq!(event, (level, text.to_owned()));
        }
    }

    #[test]
    fn a_line_of_the_module_steers_no_terminal() {
        let (level, text) = line(EventKind::UnknownLine, 0, "a\r\n\x1b[2J");
        assert_eq!(
            (level, text.as_str()),
            (LogLevel::Debug, r"unknown line: a\r\n\x1B[2J")
        );
    }
}
