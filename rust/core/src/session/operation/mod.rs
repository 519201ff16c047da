//! The operations: one file each.
//!
//! An operation is a small state machine, a [`Procedure`]. It is stepped with what happened and says what it wants
//! next: send a command, wait, or be done. It sees only its own answers; whose command is in flight
//! and when is the scheduler's matter.

mod call_off;
mod config;
mod connect;
mod delete;
mod disconnect;
mod greeting;
mod hang_up;
mod health_check;
mod info;
mod network;
mod publish;
mod raw_command;
mod reboot;
mod recheck;
mod recover;
mod resubscribe;
mod settings;
mod signal;
mod startup;
mod status;
mod subscribe;
mod switches;
mod table;
mod unsubscribe;
mod wake;

use std::time::{Duration, Instant};

use m531x_at::command::Secret;
use m531x_at::urc::OpenOutcome;

pub(super) use call_off::CallOff;
pub(super) use hang_up::HangUp;
pub(super) use health_check::HealthCheck;
pub(super) use publish::MOST_UNRELEASED;
pub(super) use recheck::Recheck;
pub(super) use recover::Recover;
pub(super) use resubscribe::Resubscribe;
pub(super) use settings::Settings;
pub(super) use startup::Startup;

use super::prepared_command::{Answer, PreparedCommand, seconds};
use super::request::{Outcome, Request, RequestKind};
use super::state::{Context, SessionState};
use crate::{Error, ErrorCode};

/// What an operation wants next.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing changes.
    Pending,
    /// Send this when no command is in flight.
    Send(PreparedCommand),
    /// Wait for a notice, or until this time.
    Wait(Option<Instant>),
    /// Begin again when its turn comes.
    Retry,
    /// It has ended.
    Done(Result<Outcome, Error>),
}

impl Step {
    /// Sends the command, or ends with the reason why it cannot be sent.
    fn send(prepared: Result<PreparedCommand, Error>) -> Self {
        match prepared {
            Ok(prepared) => Self::Send(prepared),
            Err(error) => Self::fail(error),
        }
    }

    fn fail(error: Error) -> Self {
        Self::Done(Err(error))
    }

    fn done() -> Self {
        Self::Done(Ok(Outcome::Done))
    }
}

/// An input to an operation.
#[derive(Debug)]
pub(super) enum Input<'a> {
    /// It may begin.
    Start,
    /// What became of its command.
    Answer(Answer, &'a PreparedCommand),
    /// Something happened that may concern it.
    BrokerEvent(&'a BrokerEvent),
    /// The time it asked for has come.
    Timer,
}

impl Input<'_> {
    fn is_disconnection(&self) -> bool {
        matches!(self, Self::BrokerEvent(BrokerEvent::Disconnected))
    }
}

/// Something that happened beside the command in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BrokerEvent {
    /// The broker has acknowledged: PUBACK, PUBCOMP, UNSUBACK.
    Acknowledged { packet_id: u16 },
    /// The broker has acknowledged, but may have taken the publish for a copy of another one.
    MaybeHidden,
    /// SUBACK with its code.
    Granted { code: u8 },
    /// The module reports that the acknowledgement is late.
    AckLate,
    /// How connecting ended.
    Opened(OpenOutcome),
    /// `+MQTTTO:1`.
    ConnectLate,
    /// `+MQTTREC:n`.
    Attempt(u32),
    /// `+MQTTDISC`.
    Disconnected,
    /// The message of a health check.
    CameBack,
    /// The module restarted.
    Rebooted,
    /// The password that was asked for, or why there is none.
    Password(Result<Secret, Error>),
}

/// Which other operations may run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Any.
    General,
    /// Any but those that make or end the connection.
    Mqtt,
    /// It makes or ends the connection: nothing of MQTT starts before it has ended.
    Connection,
    /// None.
    Alone,
}

/// What a lost connection that is being made again means to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhileRecovering {
    /// Nothing.
    Indifferent,
    /// It begins, or begins again, when the connection is there.
    Waits,
    /// It fails at once.
    Fails,
}

/// One operation.
pub(super) trait Procedure: Send {
    /// What it is, for error texts.
    fn title(&self) -> String;

    /// Which other operations may run at the same time.
    fn scope(&self) -> Scope {
        Scope::General
    }

    /// How long it may take from its start, unless the caller says how long.
    fn time_limit(&self, state: &SessionState) -> Duration {
        state.config.command_timeout + Duration::from_secs(1)
    }

    /// Whether a restart of the module is part of it.
    fn survives_reboot(&self) -> bool {
        false
    }

    /// Whether the broker keeps it until PUBREL: QoS 2.
    fn awaits_release(&self) -> bool {
        false
    }

    /// What it does while a lost connection is being made again.
    fn while_recovering(&self) -> WhileRecovering {
        WhileRecovering::Indifferent
    }

    /// The connection was lost and will be made again: back to the beginning, for an operation that
    /// [waits](WhileRecovering::Waits).
    fn restart(&mut self, _cx: &mut Context<'_>) {}

    /// The time limit of its kind has run out: whether it goes back to the beginning instead of
    /// failing.
    fn again(&mut self, _cx: &mut Context<'_>) -> bool {
        false
    }

    /// Goes on.
    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step;

    /// The last caller has stopped waiting for it, after it has begun.
    fn given_up(&mut self, _cx: &mut Context<'_>) {}

    /// The error when its time has run out.
    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        not_done(&self.title(), cx)
    }
}

fn not_done(title: &str, cx: &Context<'_>) -> Error {
    let waited = cx.now.saturating_duration_since(cx.begun);
    Error::new(
        ErrorCode::Timeout,
        format!("{title}: not done within {}", seconds(waited)),
    )
}

/// Makes the operation for a request, after checking everything that can be checked.
pub(super) fn build(request: Request, state: &SessionState) -> Result<Box<dyn Procedure>, Error> {
    Ok(match request.kind {
        RequestKind::Startup => Box::new(startup::Startup::new(state)),
        RequestKind::Command(line) => {
            Box::new(raw_command::RawCommand::new(&line, request.timeout, state)?)
        }
        RequestKind::Connect(options) => Box::new(connect::Connect::new(options, state)?),
        RequestKind::Publish {
            topic,
            payload,
            qos,
            retain,
        } => Box::new(publish::Publish::new(topic, payload, qos, retain, state)?),
        RequestKind::Subscribe { filter, qos, hex } => {
            Box::new(subscribe::Subscribe::new(filter, qos, hex, state)?)
        }
        RequestKind::Unsubscribe { filter } => {
            Box::new(unsubscribe::Unsubscribe::new(filter, state)?)
        }
        RequestKind::Disconnect => Box::new(disconnect::Disconnect::new(state)),
        RequestKind::Delete => Box::new(delete::Delete::new(state)),
        RequestKind::Status => Box::new(status::Status::default()),
        RequestKind::Config => Box::new(config::Config),
        RequestKind::Info => Box::new(info::Info::default()),
        RequestKind::Signal => Box::new(signal::ReadSignal),
        RequestKind::WaitForNetwork => Box::new(network::WaitForNetwork::default()),
        RequestKind::Wake => Box::new(wake::Wake::default()),
        RequestKind::Reboot => Box::new(reboot::Reboot::new(state)),
        RequestKind::SetAckTimeout(seconds) => {
            Box::new(switches::SetAckTimeout::new(seconds, state)?)
        }
        RequestKind::SetPingReport(report) => Box::new(switches::SetPingReport::new(report)),
    })
}

/// The information lines of an answer, or the error that it is.
fn lines_of(
    answer: Answer,
    prepared: &PreparedCommand,
    state: &SessionState,
) -> Result<Vec<String>, Error> {
    match answer {
        Answer::Ok(lines) => Ok(lines),
        Answer::Refused(refusal) => {
            Err(refusal.error(ErrorCode::Command, &prepared.name, &state.profile))
        }
        Answer::TimedOut(waited) => Err(prepared.timed_out(waited)),
        Answer::Hidden => Err(prepared.result_unknown()),
    }
}

/// The error for an answer that lacks the line it should have.
fn no_line(prepared: &PreparedCommand, lines: &[String]) -> Error {
    Error::new(
        ErrorCode::Command,
        format!("{}: the answer {lines:?} is not understood", prepared.name),
    )
}
