//! A command line that is ready to be sent, and what can become of it.

use std::time::Duration;

use m531x_at::cme;
use m531x_at::command::{Command, General, Grammar};
use m531x_at::command_line::Line;
use m531x_at::profile::Profile;
use m531x_at::response::{CmeError, FinalResult};

use crate::redacted::redacted;
use crate::{Error, ErrorCode};

/// A checked command line with everything that has to be known to recognise its answer.
#[derive(Clone, Debug)]
pub(super) struct PreparedCommand {
    pub line: Line,
    pub grammar: Grammar,
    /// The command without its arguments, for error texts: `AT+MQTTPUB`.
    pub name: String,
    /// Whether sending it once more does no harm.
    pub repeatable: bool,
    /// Sent at once, even while answers of earlier commands are still owed.
    pub forced: bool,
    pub timeout: Duration,
    /// So many lines came without an end that no more were kept.
    pub endless: Option<usize>,
}

impl PreparedCommand {
    pub(super) fn new(
        command: &Command,
        profile: &Profile,
        timeout: Duration,
    ) -> Result<Self, Error> {
        Ok(Self {
            line: command.encode(profile)?,
            grammar: command.grammar(),
            name: command.name().to_owned(),
            repeatable: is_repeatable(command),
            forced: false,
            timeout,
            endless: None,
        })
    }

    /// A line the user typed.
    pub(super) fn raw(text: &str, profile: &Profile, timeout: Duration) -> Result<Self, Error> {
        let line = Line::raw(text, profile.line_limit)?;
        let repeatable = Command::decode(line.as_bytes()).is_ok_and(|c| is_repeatable(&c));
        Ok(Self {
            grammar: Grammar::for_line(text),
            name: head(text),
            line,
            repeatable,
            forced: false,
            timeout,
            endless: None,
        })
    }

    /// The bytes for the port.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.line.as_bytes().to_vec();
        bytes.push(b'\r');
        bytes
    }

    /// The error for a command that was not answered.
    pub(super) fn timed_out(&self, waited: Duration) -> Error {
        Error::new(
            ErrorCode::Timeout,
            format!(
                "{}: no answer within {}; check that the module is awake and powered",
                self.name,
                seconds(waited)
            ),
        )
    }

    /// The error for a command whose answer was lost among the bytes of a message, or did not end.
    pub(super) fn result_unknown(&self) -> Error {
        if let Some(lines) = self.endless {
            return Error::new(
                ErrorCode::ResultUnknown,
                format!(
                    "{}: the answer did not end after {lines} lines, and no more are kept; restart \
                     the module if it goes on",
                    self.name
                ),
            );
        }
        Error::new(
            ErrorCode::ResultUnknown,
            format!(
                "{}: the answer was lost among the bytes of a message; it may or may not have been \
                 carried out",
                self.name
            ),
        )
    }
}

/// The part of a command line that names it. It ends before anything that could begin an argument,
/// which may be a password.
pub(super) fn head(line: &str) -> String {
    let end = line
        .find(|character: char| {
            !character.is_ascii_alphanumeric() && !"+*&^%$#".contains(character)
        })
        .unwrap_or(line.len());
    line[..end].to_ascii_uppercase()
}

/// A duration in the words of an error text.
pub(super) fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

fn is_repeatable(command: &Command) -> bool {
    match command {
        Command::MqttCfgRead
        | Command::MqttStatRead
        | Command::MqttSubRead
        | Command::MqttTo(_)
        | Command::MqttPing(_)
        | Command::MqttRec(_) => true,
        Command::General(general) => !matches!(general, General::Reboot(_) | General::Other(_)),
        _ => false,
    }
}

/// What became of a command.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// `OK`, with the information lines before it.
    Ok(Vec<String>),
    Refused(Refusal),
    /// No final result came within this time.
    TimedOut(Duration),
    /// The module has carried on, but its answer was lost among the bytes of a message, or did not
    /// end.
    Hidden,
}

/// `ERROR`, `+CME ERROR`, or another result that is no success, as it was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A bare `ERROR`.
    Unnumbered,
    Cme(CmeError),
    /// A result such as `NO CARRIER`.
    Other(String),
}

impl Refusal {
    /// The refusal in a final result; `None` for `OK`.
    pub(super) fn from_result(result: FinalResult) -> Option<Self> {
        match result {
            FinalResult::Ok | FinalResult::Connect(_) => None,
            FinalResult::Error => Some(Self::Unnumbered),
            FinalResult::Cme(error) => Some(Self::Cme(error)),
            FinalResult::Refused(text) => Some(Self::Other(text)),
        }
    }

    /// Whether a module that has no connection refuses like this: with "operation not allowed"
    /// (manual 1.7), with the numbers of the ML302, or without a number.
    pub(super) fn may_mean_no_connection(&self) -> bool {
        self.is_unnumbered()
            || matches!(self.number(), Some(3 | 617 | 620))
            || self.may_mean_dead_link()
    }

    /// Whether the same command may be taken later: not if the number says that something is wrong
    /// with the command itself, the SIM card or the model.
    pub(super) fn may_mean_not_yet(&self) -> bool {
        !matches!(
            self.number(),
            Some(4 | 5 | 10..=13 | 15..=18 | 24..=27 | 50 | 51 | 601 | 614 | 765 | 766)
        )
    }

    /// Whether a module refuses like this whose link is dead, before it has noticed that itself:
    /// for up to 2.5 seconds the vendor's client only says that it cannot send.
    pub(super) fn may_mean_dead_link(&self) -> bool {
        matches!(self.number(), Some(603 | 608 | 613))
    }

    /// Whether firmware prints this by itself when its reconnecting has failed, also while a command
    /// is in flight.
    pub(super) fn may_be_unasked(&self) -> bool {
        self.number() == Some(615)
    }

    /// A bare `ERROR`.
    pub(super) fn is_unnumbered(&self) -> bool {
        matches!(self, Self::Unnumbered)
    }

    pub(super) fn number(&self) -> Option<u16> {
        match self {
            Self::Cme(CmeError::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The refusal in words: the number and, where this model's table has it, its meaning.
    pub(super) fn describe(&self, profile: &Profile) -> String {
        match self {
            Self::Unnumbered => "ERROR".to_owned(),
            // An echo may stand where a text is due.
            Self::Cme(CmeError::Text(text)) => redacted(format!("+CME ERROR: {text}")),
            Self::Other(text) => redacted(text.clone()),
            Self::Cme(CmeError::Number(number)) => match cme::text(profile.cme_family, *number) {
                Some(text) => format!("+CME ERROR: {number} ({text})"),
                None => format!("+CME ERROR: {number}"),
            },
        }
    }

    /// The error of a command that was refused.
    pub(super) fn error(&self, code: ErrorCode, name: &str, profile: &Profile) -> Error {
        let error = Error::new(
            code,
            format!("{name} was refused with {}", self.describe(profile)),
        );
        match self.number() {
            Some(number) => error.with_modem_code(number),
            None => error,
        }
    }
}
