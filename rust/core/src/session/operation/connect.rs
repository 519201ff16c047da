//! Configuring the client and connecting: `AT+MQTTCFG`, `AT+MQTTTO`, `AT+MQTTPING`, `AT+MQTTOPEN`
//! (manual 1.1, 1.9, 1.10 and 1.2), after removing what an earlier connection has left.
//!
//! The settings come after the configuration, which sets them back: the ack timeout to 10 s, the ping
//! report to off.

use std::time::{Duration, Instant};

use m531x_at::argument::{ArgumentError, check_keepalive};
use m531x_at::command::{Command, MqttCfg, MqttOpen, MqttPing, MqttTo, check_connect_packet};
use m531x_at::urc::OpenOutcome;

use super::{Context, Input, Notice, Operation, Scope, Step, lines_of};
use crate::session::ConnectOptions;
use crate::session::shared::{Shared, ack_wait_of};
use crate::session::wire::{Answer, Wire, seconds};
use crate::{Error, ErrorCode};

/// What the network may take beside the broker's acknowledgement: name, radio, TCP, the module's
/// own repetitions.
const NETWORK: Duration = Duration::from_secs(50);
/// How soon after `+MQTTTO:1` the module begins again, if it does: the first wait of its firmware
/// is 4 s.
const NEXT_ATTEMPT: Duration = Duration::from_secs(5);
/// How long after the OK the report of the end of an earlier connection may take.
const OLD_END: Duration = Duration::from_secs(3);

pub(super) struct Connect {
    options: ConnectOptions,
    cfg: Wire,
    open: Wire,
    ack_timeout: Wire,
    stage: Stage,
    /// A lost connection is made again: what is left of it is ended, whatever the state may be.
    again: bool,
    /// The end of an earlier connection was reported.
    old_ended: bool,
    cfg_refused: bool,
    /// The outcome, which can come before the OK.
    outcome: Option<Outcome>,
    /// The last thing that told of trouble on the way.
    trouble: Option<String>,
    /// Until when the module may begin again after its acknowledgement was late.
    attempt_due: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    EndOld,
    WaitOldEnd,
    DeleteOld,
    Configure,
    AckTimeout,
    PingReport,
    Open,
    Wait,
}

#[derive(Clone, Copy)]
enum Outcome {
    Opened(OpenOutcome),
    GaveUp,
}

impl Connect {
    pub(super) fn new(options: ConnectOptions, shared: &Shared) -> Result<Self, Error> {
        check_keepalive(options.keepalive, options.ack_timeout)?;
        let cfg = MqttCfg {
            host: options.host.clone(),
            port: options.port,
            client_id: options.client_id.clone(),
            keepalive: options.keepalive,
            username: options.username.clone(),
            password: options.password.clone(),
            clean_session: options.clean_session,
            tls: options.tls,
        };
        let open = MqttOpen {
            username: options.username.is_some(),
            password: options.password.is_some(),
            will: options.will.clone(),
        };
        check_connect_packet(&cfg, &open, &shared.profile)?;
        if options.password.is_some() && options.username.is_none() {
            // MQTT 3.1.1, 3.1.2.9: no password without a user name.
            return Err(ArgumentError::Empty { field: "username" }.into());
        }
        let seconds = options.ack_timeout;
        let mut open = shared.wire(&Command::MqttOpen(open))?;
        // Some modules hold the OK back until the broker has acknowledged.
        open.timeout = open.timeout.max(ack_wait_of(seconds));
        Ok(Self {
            cfg: shared.wire(&Command::MqttCfg(cfg))?,
            open,
            ack_timeout: shared.wire(&Command::MqttTo(MqttTo { seconds }))?,
            options,
            stage: Stage::EndOld,
            again: false,
            old_ended: false,
            cfg_refused: false,
            outcome: None,
            trouble: None,
            attempt_due: None,
        })
    }

    /// The same for a connection that was lost.
    pub(super) fn again(options: ConnectOptions, shared: &Shared) -> Result<Self, Error> {
        Ok(Self {
            again: true,
            ..Self::new(options, shared)?
        })
    }

    fn broker(&self) -> String {
        format!("{}:{}", self.options.host, self.options.port)
    }

    fn start(&mut self, cx: &mut Context<'_>) -> Step {
        if !self.again {
            cx.shared.recovery.forget();
        }
        if self.again || cx.shared.machine.may_be_connected() {
            self.stage = Stage::EndOld;
            cx.shared.machine.on_disconnecting();
            return Step::send(cx.shared.wire(&Command::MqttDisc));
        }
        if cx.shared.machine.is_clean() {
            return self.configure();
        }
        self.delete_old(cx)
    }

    fn delete_old(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::DeleteOld;
        Step::send(cx.shared.wire(&Command::MqttDel))
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
        if !cx.shared.recovery.ping_report() {
            return self.open(cx);
        }
        self.stage = Stage::PingReport;
        let command = Command::MqttPing(MqttPing { report: true });
        Step::send(cx.shared.wire(&command))
    }

    fn open(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Open;
        let transition = cx.shared.machine.on_opening();
        cx.shared.report(transition);
        Step::Send(self.open.clone())
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, answer: Answer, wire: &Wire) -> Step {
        let accepted = matches!(answer, Answer::Ok(_));
        match self.stage {
            Stage::EndOld if accepted => {
                self.stage = Stage::WaitOldEnd;
                let ended = self.old_ended || !self.again;
                if cx.shared.machine.may_be_connected() || !ended {
                    return Step::Wait(Some(cx.now + OLD_END));
                }
                self.delete_old(cx)
            }
            Stage::EndOld | Stage::WaitOldEnd => {
                cx.shared.machine.on_disconnect_refused();
                self.delete_old(cx)
            }
            Stage::DeleteOld => {
                // Refused by a module that has nothing to delete.
                if accepted || matches!(answer, Answer::Refused(_)) {
                    cx.shared.client_deleted();
                }
                self.configure()
            }
            Stage::Configure if accepted => {
                cx.shared.client_configured(Some(self.options.keepalive));
                self.set_ack_timeout()
            }
            Stage::AckTimeout if matches!(answer, Answer::TimedOut(_)) => {
                Self::fail(cx, answer, wire)
            }
            Stage::AckTimeout => {
                if accepted {
                    cx.shared.ack_timeout = self.options.ack_timeout;
                }
                self.set_ping_report(cx)
            }
            // No connection is worse than one without a report.
            Stage::PingReport => self.open(cx),
            Stage::Configure if matches!(answer, Answer::Refused(_)) && !self.cfg_refused => {
                // Some firmware refuses while a client is still configured.
                self.cfg_refused = true;
                self.delete_old(cx)
            }
            Stage::Open if accepted || matches!(answer, Answer::Hidden) => {
                self.stage = Stage::Wait;
                match self.outcome.take() {
                    Some(outcome) => self.conclude(cx, outcome),
                    None => Step::Wait(self.attempt_due),
                }
            }
            Stage::Configure | Stage::Open | Stage::Wait => Self::fail(cx, answer, wire),
        }
    }

    /// A command of the dialogue was refused or not answered.
    fn fail(cx: &mut Context<'_>, answer: Answer, wire: &Wire) -> Step {
        let transition = cx
            .shared
            .machine
            .on_refused("the module did not take the command");
        cx.shared.report(transition);
        match answer {
            Answer::Refused(refusal) => {
                Step::fail(refusal.error(ErrorCode::Connect, &wire.name, &cx.shared.profile))
            }
            other => match lines_of(other, wire, cx.shared) {
                Ok(_) => Step::Stay,
                Err(error) => Step::fail(error),
            },
        }
    }

    fn on_outcome(&mut self, cx: &mut Context<'_>, outcome: Outcome) -> Step {
        match self.stage {
            Stage::Open => {
                self.outcome.get_or_insert(outcome);
                Step::Stay
            }
            Stage::Wait => self.conclude(cx, outcome),
            _ => Step::Stay,
        }
    }

    fn wait_on(&self) -> Step {
        match self.stage {
            Stage::Wait => Step::Wait(self.attempt_due),
            _ => Step::Stay,
        }
    }

    fn conclude(&self, cx: &mut Context<'_>, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Opened(OpenOutcome::Accepted | OpenOutcome::ReturnCode { code: 0, .. }) => {
                cx.shared.recovery.remember(cx.now, &self.options);
                Step::done()
            }
            Outcome::Opened(OpenOutcome::ReturnCode { code, .. }) => Step::fail(
                Error::new(
                    ErrorCode::Connect,
                    format!(
                        "broker {} refused the connection: return code {code}, {}",
                        self.broker(),
                        return_code_text(code)
                    ),
                )
                .with_return_code(code),
            ),
            Outcome::Opened(OpenOutcome::Failed) => {
                Step::fail(self.unreachable(cx.now, cx.begun, "the module reports FAIL"))
            }
            Outcome::GaveUp => Step::fail(self.unreachable(cx.now, cx.begun, "the module gave up")),
        }
    }

    fn unreachable(&self, now: Instant, begun: Instant, why: &str) -> Error {
        let trouble = self
            .trouble
            .as_ref()
            .map(|t| format!(" after {t}"))
            .unwrap_or_default();
        Error::new(
            ErrorCode::Connect,
            format!(
                "broker {} is unreachable: {why}{trouble}, {}; check host, port, network and \
                 whether the broker takes this user name and password",
                self.broker(),
                seconds(now.saturating_duration_since(begun))
            ),
        )
    }
}

impl Operation for Connect {
    fn title(&self) -> String {
        format!("connecting to {}", self.broker())
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, _: &Shared) -> Duration {
        time_limit(&self.options)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => self.start(cx),
            Input::Answer(answer, wire) => self.on_answer(cx, answer, wire),
            Input::Timer if self.stage == Stage::WaitOldEnd => self.delete_old(cx),
            Input::Timer if self.stage == Stage::Wait && self.attempt_due.is_some() => {
                Step::fail(self.unreachable(cx.now, cx.begun, "no connection"))
            }
            Input::Notice(Notice::Disconnected) if self.stage == Stage::WaitOldEnd => {
                self.delete_old(cx)
            }
            Input::Notice(Notice::Disconnected) if self.stage == Stage::EndOld => {
                self.old_ended = true;
                Step::Stay
            }
            Input::Notice(Notice::Opened(outcome)) => {
                self.on_outcome(cx, Outcome::Opened(*outcome))
            }
            Input::Notice(Notice::Disconnected) => self.on_outcome(cx, Outcome::GaveUp),
            // The module may try again after these by itself, so they decide nothing yet.
            Input::Notice(Notice::ConnectLate) => {
                self.trouble = Some("+MQTTTO:1".to_owned());
                self.attempt_due = cx.now.checked_add(NEXT_ATTEMPT);
                self.wait_on()
            }
            Input::Notice(Notice::Attempt(n)) => {
                self.trouble = Some(format!("+MQTTREC:{n}"));
                self.attempt_due = None;
                self.wait_on()
            }
            Input::Notice(_) | Input::Timer => Step::Stay,
        }
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        if self.trouble.is_some() {
            return self.unreachable(cx.now, cx.begun, "no connection");
        }
        let waited = seconds(cx.now.saturating_duration_since(cx.begun));
        let text = format!("{}: no outcome within {waited}", self.title());
        Error::new(ErrorCode::Timeout, text)
    }
}

/// How long connecting may take.
pub(super) fn time_limit(options: &ConnectOptions) -> Duration {
    let default = Duration::from_secs(options.ack_timeout.into()) + NETWORK;
    options.timeout.unwrap_or(default)
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
