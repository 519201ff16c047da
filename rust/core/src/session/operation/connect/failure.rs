//! Why there is no connection, in words.

use std::time::Instant;

use super::Connect;
use crate::session::operation::{Context, Procedure, Step, lines_of};
use crate::session::prepared_command::{Answer, PreparedCommand, seconds};
use crate::{Error, ErrorCode};

impl Connect {
    /// A command of the dialogue was refused for good or not answered.
    pub(super) fn fail(cx: &mut Context<'_>, answer: Answer, prepared: &PreparedCommand) -> Step {
        match answer {
            Answer::Refused(refusal) => {
                let transition = cx
                    .state
                    .connection
                    .on_refused("the module did not take the command");
                cx.state.report(transition);
                Step::fail(refusal.error(ErrorCode::Connect, &prepared.name, &cx.state.profile))
            }
            other => match lines_of(other, prepared, cx.state) {
                Ok(_) => Step::Pending,
                Err(error) => Step::fail(error),
            },
        }
    }

    pub(super) fn refused_by_broker(&self, code: u8) -> Error {
        Error::new(
            ErrorCode::Connect,
            format!(
                "broker {} refused the connection: return code {code}, {}",
                self.broker(),
                return_code_text(code)
            ),
        )
        .with_return_code(code)
    }

    /// `+MQTTDISC` instead of a connection.
    pub(super) fn gave_up(&self, now: Instant, begun: Instant) -> Error {
        if self.signs.warning().is_some() {
            return self.unreachable(now, begun, "the module gave up");
        }
        let why =
            "the module gave up without an attempt, as it does for a name that it cannot resolve";
        self.unreachable(now, begun, why)
    }

    pub(super) fn unreachable(&self, now: Instant, begun: Instant, why: &str) -> Error {
        let warning = self
            .signs
            .warning()
            .map(|sign| format!(" after {sign}"))
            .unwrap_or_default();
        Error::new(
            ErrorCode::Connect,
            format!(
                "broker {} is unreachable: {why}{warning}, {}; check host, port, network{} and \
                 whether the broker takes this user name and password",
                self.broker(),
                seconds(now.saturating_duration_since(begun)),
                if self.options.tls {
                    ", whether the broker has TLS at this port,"
                } else {
                    ""
                }
            ),
        )
    }

    /// The error when the time has run out.
    pub(in crate::session::operation) fn out_of_time(&self, cx: &Context<'_>) -> Error {
        if let Some((refusal, name)) = self.refusals.last() {
            return refusal.error(ErrorCode::Connect, name, &cx.state.profile);
        }
        if self.signs.warning().is_some() {
            return self.unreachable(cx.now, cx.begun, "no connection");
        }
        let waited = seconds(cx.now.saturating_duration_since(cx.begun));
        let tls = if self.options.tls {
            "; check whether the broker has TLS at this port"
        } else {
            ""
        };
        let text = format!("{}: no outcome within {waited}{tls}", self.title());
        Error::new(ErrorCode::Timeout, text)
    }
}

/// What a return code means (MQTT 3.1.1, table 3.1).
fn return_code_text(code: u8) -> &'static str {
    match code {
        1 => "unacceptable protocol version",
        2 => "client identifier rejected",
        3 => "server unavailable",
        4 => "bad user name or password",
        5 => "not authorised",
        _ => "a code MQTT 3.1.1 does not know",
    }
}
