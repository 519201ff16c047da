//! Configuring the client and connecting: `AT+MQTTCFG`, `AT+MQTTTO`, `AT+MQTTPING`, `AT+MQTTOPEN`
//! (manual 1.1, 1.9, 1.10 and 1.2), after removing what an earlier connection has left.
//!
//! The settings come after the configuration, which sets them back: the ack timeout to 10 s, the ping
//! report to off.

mod failure;
mod password;
mod refusals;
mod waiting;

use std::time::{Duration, Instant};

use m531x_at::command::{Command, MqttPing, MqttTo};
use m531x_at::command_line::{ArgumentError, check_keepalive};
use m531x_at::urc::OpenOutcome;

use super::{BrokerEvent, CallOff, Context, Input, Procedure, Scope, Step};
use crate::Error;
use crate::session::ConnectOptions;
use crate::session::internal::Internal;
use crate::session::prepared_command::{Answer, PreparedCommand};
use crate::session::state::SessionState;

pub(super) use password::configuration;
use refusals::Refusals;
use waiting::Signs;

/// What the network may take beside the broker's acknowledgement: name, radio, TCP, the module's
/// own repetitions.
const NETWORK: Duration = Duration::from_secs(50);
/// How long after the OK the report of the end of an earlier connection may take.
const OLD_END: Duration = Duration::from_secs(3);

pub(super) struct Connect {
    options: ConnectOptions,
    cfg: PreparedCommand,
    open: PreparedCommand,
    ack_timeout: PreparedCommand,
    stage: Stage,
    /// A lost connection is made again: what is left of it is ended, in every state.
    again: bool,
    /// Until when that may take.
    until: Option<Instant>,
    /// The end of an earlier connection was reported.
    old_ended: bool,
    /// The broker has refused one password, and was given the next.
    asked_again: bool,
    refusals: Refusals,
    /// The outcome, which can come before the OK.
    outcome: Option<Outcome>,
    signs: Signs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// For the password.
    Password,
    EndOld,
    WaitOldEnd,
    DeleteOld,
    Configure,
    AckTimeout,
    PingReport,
    Open,
    /// For the outcome.
    Wait,
    /// The module is asked whether it is still at it.
    Look,
    /// Something was refused that may be taken later.
    Pause,
    /// The module is asked whether it is at something that makes it refuse.
    LookBusy,
}

#[derive(Clone, Copy)]
enum Outcome {
    Opened(OpenOutcome),
    GaveUp,
}

impl Connect {
    pub(super) fn new(options: ConnectOptions, state: &SessionState) -> Result<Self, Error> {
        check_keepalive(options.keepalive, options.ack_timeout)?;
        let secret = options.password.is_some() || options.ask_password.is_some();
        if secret && options.username.is_none() {
            // MQTT 3.1.1, 3.1.2.9: no password without a user name.
            return Err(ArgumentError::Empty { field: "username" }.into());
        }
        let (cfg, open) = password::prepare(&options, state)?;
        let seconds = options.ack_timeout;
        Ok(Self {
            cfg,
            open,
            ack_timeout: state.prepare(&Command::MqttTo(MqttTo { seconds }))?,
            options,
            stage: Stage::EndOld,
            again: false,
            until: None,
            old_ended: false,
            asked_again: false,
            refusals: Refusals::default(),
            outcome: None,
            signs: Signs::default(),
        })
    }

    /// The same for a connection that was lost.
    pub(super) fn again(options: ConnectOptions, state: &SessionState) -> Result<Self, Error> {
        Ok(Self {
            again: true,
            ..Self::new(options, state)?
        })
    }

    fn broker(&self) -> String {
        format!("{}:{}", self.options.host, self.options.port)
    }

    fn start(&mut self, cx: &mut Context<'_>) -> Step {
        if !self.again {
            cx.state.recovery.forget();
        }
        if self.wants_password() {
            return self.ask_password(cx);
        }
        self.clear_the_way(cx)
    }

    /// Ends and removes what an earlier connection has left.
    fn clear_the_way(&mut self, cx: &mut Context<'_>) -> Step {
        if self.again {
            return self.end_old(cx);
        }
        if cx.state.connection.may_be_connected() {
            return self.end_old(cx);
        }
        if cx.state.connection.is_clean() {
            return self.configure();
        }
        self.delete_old(cx)
    }

    fn end_old(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::EndOld;
        self.old_ended = false;
        cx.state.connection.on_disconnecting();
        Step::send(cx.state.prepare(&Command::MqttDisc))
    }

    fn delete_old(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::DeleteOld;
        Step::send(cx.state.prepare(&Command::MqttDel))
    }

    fn configure(&mut self) -> Step {
        self.stage = Stage::Configure;
        Step::Send(self.cfg.clone())
    }

    fn set_ack_timeout(&mut self) -> Step {
        self.stage = Stage::AckTimeout;
        Step::Send(self.ack_timeout.clone())
    }

    fn set_ping_report(&mut self, cx: &mut Context<'_>) -> Step {
        if !cx.state.recovery.ping_report() {
            return self.open(cx);
        }
        self.stage = Stage::PingReport;
        let command = Command::MqttPing(MqttPing { report: true });
        Step::send(cx.state.prepare(&command))
    }

    fn open(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Open;
        self.outcome = None;
        self.signs = Signs::default();
        let transition = cx.state.connection.on_opening();
        cx.state.report(transition);
        Step::Send(self.open.clone())
    }

    fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        answer: Answer,
        prepared: &PreparedCommand,
    ) -> Step {
        match (self.stage, answer) {
            (Stage::EndOld, Answer::Ok(_)) => {
                self.stage = Stage::WaitOldEnd;
                let ended = self.old_ended || !(self.again || self.refusals.any());
                if cx.state.connection.may_be_connected() || !ended {
                    return Step::Wait(Some(cx.now + OLD_END));
                }
                self.delete_old(cx)
            }
            (Stage::EndOld | Stage::WaitOldEnd, _) => {
                cx.state.connection.on_disconnect_refused();
                self.delete_old(cx)
            }
            (Stage::DeleteOld, answer) => self.on_deleted(cx, &answer),
            (Stage::Configure, Answer::Ok(_)) => {
                cx.state
                    .client_configured(self.options.keepalive, self.options.clean_session);
                self.set_ack_timeout()
            }
            (Stage::AckTimeout, answer @ Answer::TimedOut(_)) => Self::fail(cx, answer, prepared),
            (Stage::AckTimeout, answer) => {
                if matches!(answer, Answer::Ok(_)) {
                    cx.state.ack_timeout = self.options.ack_timeout;
                }
                self.set_ping_report(cx)
            }
            // No connection is worse than one without a report.
            (Stage::PingReport, _) => self.open(cx),
            (Stage::Open, Answer::Ok(_) | Answer::Hidden) => {
                self.stage = Stage::Wait;
                match self.outcome.take() {
                    Some(outcome) => self.conclude(cx, outcome),
                    None => self.wait(cx),
                }
            }
            (Stage::Configure | Stage::Open, Answer::Refused(refusal)) => {
                self.on_refused(cx, refusal, prepared)
            }
            (Stage::Look, answer) => self.on_looked(cx, &answer),
            (Stage::LookBusy, answer) => self.on_looked_busy(cx, &answer),
            (_, answer) => Self::fail(cx, answer, prepared),
        }
    }

    fn on_outcome(&mut self, cx: &mut Context<'_>, outcome: Outcome) -> Step {
        match (self.stage, outcome) {
            (Stage::Open, _) => {
                self.outcome.get_or_insert(outcome);
                Step::Pending
            }
            (Stage::Wait | Stage::Look, _) => self.conclude(cx, outcome),
            // The end of an earlier attempt: what was refused may be taken now.
            (Stage::Pause, Outcome::GaveUp) => self.resume(cx),
            // It had taken the command that it refused as one too many.
            (Stage::Pause | Stage::LookBusy, Outcome::Opened(_)) if self.refusals.of_open() => {
                self.conclude(cx, outcome)
            }
            _ => Step::Pending,
        }
    }

    fn conclude(&mut self, cx: &mut Context<'_>, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Opened(OpenOutcome::Accepted | OpenOutcome::ReturnCode { code: 0, .. }) => {
                cx.state.recovery.remember(cx.now, &self.options);
                Step::done()
            }
            Outcome::Opened(OpenOutcome::ReturnCode { code, .. }) => self.on_return_code(cx, code),
            Outcome::Opened(OpenOutcome::Failed) => {
                Step::fail(self.unreachable(cx.now, cx.begun, "the module reports FAIL"))
            }
            Outcome::GaveUp => Step::fail(self.gave_up(cx.now, cx.begun)),
        }
    }

    fn go_on(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match (input, self.stage) {
            (Input::Start, _) => self.start(cx),
            (Input::Answer(answer, prepared), _) => self.on_answer(cx, answer, prepared),
            (Input::Timer | Input::BrokerEvent(BrokerEvent::Disconnected), Stage::WaitOldEnd) => {
                self.delete_old(cx)
            }
            (Input::BrokerEvent(BrokerEvent::Password(password)), Stage::Password) => {
                self.on_password(cx, password.clone())
            }
            (Input::Timer, Stage::Password) => self.on_no_password(cx),
            (Input::Timer, Stage::Wait) => self.on_silence(cx),
            (Input::Timer, Stage::Pause) => self.resume(cx),
            (Input::BrokerEvent(BrokerEvent::Disconnected), Stage::EndOld) => {
                self.old_ended = true;
                Step::Pending
            }
            (Input::BrokerEvent(BrokerEvent::Opened(outcome)), _) => {
                self.on_outcome(cx, Outcome::Opened(*outcome))
            }
            (Input::BrokerEvent(BrokerEvent::Disconnected), _) => {
                self.on_outcome(cx, Outcome::GaveUp)
            }
            // The module may try again after these by itself, so they decide nothing yet.
            (Input::BrokerEvent(BrokerEvent::ConnectLate), _) => self.on_late(cx),
            (Input::BrokerEvent(BrokerEvent::Attempt(n)), _) => self.on_attempt(cx, *n),
            (Input::BrokerEvent(_) | Input::Timer, _) => Step::Pending,
        }
    }

    /// No caller waits for the outcome from now on. If the module went on, it would some day make a
    /// connection that no one has asked for.
    pub(super) fn call_off(&self, state: &mut SessionState) {
        let attempted = matches!(self.stage, Stage::Open | Stage::Wait | Stage::Look)
            || self.refusals.of_open();
        if attempted && state.connection.may_be_connected() {
            if let Ok(cfg) = CallOff::configuration(&self.options, state) {
                state.internal.push_back(Internal::CallOff {
                    cfg: Box::new(cfg),
                    keepalive: self.options.keepalive,
                });
            }
        }
    }
}

impl Procedure for Connect {
    fn title(&self) -> String {
        format!("connecting to {}", self.broker())
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, _: &SessionState) -> Duration {
        time_limit(&self.options)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        let step = self.go_on(cx, input);
        // After an attempt of a recovery comes the next one.
        if matches!(step, Step::Done(Err(_))) && !self.again {
            self.call_off(cx.state);
        }
        step
    }

    fn given_up(&mut self, cx: &mut Context<'_>) {
        self.call_off(cx.state);
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        self.call_off(cx.state);
        self.out_of_time(cx)
    }
}

/// How long connecting may take.
pub(super) fn time_limit(options: &ConnectOptions) -> Duration {
    let default = Duration::from_secs(options.ack_timeout.into()) + NETWORK;
    options.timeout.unwrap_or(default)
}
