//! Ending what the module goes on doing after a connect that was given up.

use std::time::{Duration, Instant};

use m531x_at::command::{Command, MqttCfg};
use m531x_at::response::MqttStat;

use super::connect::configuration;
use super::status::{is_busy, stat};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step};
use crate::session::prepared_command::{Answer, PreparedCommand};
use crate::session::state::SessionState;
use crate::session::{ConnectOptions, MqttState};
use crate::{Error, ErrorCode};

/// How long after the OK the report of the end may take.
const REPORT: Duration = Duration::from_secs(3);
/// From one round to the next.
const PAUSE: Duration = Duration::from_secs(5);
/// A module that listens to nothing has ended by itself by then: it tries for 54 s.
const LIMIT: Duration = Duration::from_secs(75);

/// `AT+MQTTDISC`, `AT+MQTTDEL`, and the configuration once more, for on some firmware that is all that
/// breaks in.
pub(in crate::session) struct CallOff {
    cfg: PreparedCommand,
    keepalive: u16,
    stage: Stage,
    until: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    End,
    WaitEnd,
    Delete,
    BreakIn,
    DeleteAfterwards,
    Look,
    Pause,
}

impl CallOff {
    /// Ends what was begun with these options.
    pub(super) fn new(options: &ConnectOptions, state: &SessionState) -> Result<Self, Error> {
        let cfg = Self::configuration(options, state)?;
        Ok(Self::with(cfg, options.keepalive))
    }

    /// Ends what was begun, by this configuration at the latest.
    pub(in crate::session) fn with(cfg: PreparedCommand, keepalive: u16) -> Self {
        Self {
            cfg,
            keepalive,
            stage: Stage::End,
            until: None,
        }
    }

    /// The configuration that breaks in.
    pub(super) fn configuration(
        options: &ConnectOptions,
        state: &SessionState,
    ) -> Result<PreparedCommand, Error> {
        // The module removes it at once and never connects with it.
        let cfg = MqttCfg {
            username: None,
            password: None,
            ..configuration(options)
        };
        state.prepare(&Command::MqttCfg(cfg))
    }

    /// Begins without regard to what the module has reported.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) -> Step {
        self.until = cx.now.checked_add(LIMIT);
        self.stage = Stage::End;
        cx.state.connection.on_disconnecting();
        Step::send(cx.state.prepare(&Command::MqttDisc))
    }

    fn end(&mut self, cx: &mut Context<'_>) -> Step {
        if has_ended(cx.state) {
            return Step::done();
        }
        self.stage = Stage::End;
        cx.state.connection.on_disconnecting();
        Step::send(cx.state.prepare(&Command::MqttDisc))
    }

    fn delete(&mut self, cx: &mut Context<'_>, stage: Stage) -> Step {
        self.stage = stage;
        Step::send(cx.state.prepare(&Command::MqttDel))
    }

    fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        answer: &Answer,
        prepared: &PreparedCommand,
    ) -> Step {
        match (self.stage, answer) {
            // A module that answers nothing cannot be stopped from here.
            (_, Answer::TimedOut(waited)) => Step::fail(prepared.timed_out(*waited)),
            (Stage::End, Answer::Ok(_) | Answer::Hidden) => {
                if has_ended(cx.state) {
                    return Step::done();
                }
                self.stage = Stage::WaitEnd;
                Step::Wait(Some(cx.now + REPORT))
            }
            (Stage::End | Stage::WaitEnd | Stage::Pause, _) => {
                cx.state.connection.on_disconnect_refused();
                self.delete(cx, Stage::Delete)
            }
            (Stage::Delete | Stage::DeleteAfterwards, Answer::Ok(_)) => {
                cx.state.client_deleted();
                Step::done()
            }
            (Stage::Delete, _) => {
                self.stage = Stage::BreakIn;
                Step::Send(self.cfg.clone())
            }
            (Stage::BreakIn, Answer::Ok(_)) => {
                cx.state.client_configured(self.keepalive, false);
                self.delete(cx, Stage::DeleteAfterwards)
            }
            (Stage::DeleteAfterwards, _) => Step::done(),
            (Stage::BreakIn, _) => {
                self.stage = Stage::Look;
                Step::send(cx.state.prepare(&Command::MqttStatRead))
            }
            (Stage::Look, answer) => self.on_looked(cx, answer),
        }
    }

    fn on_looked(&mut self, cx: &mut Context<'_>, answer: &Answer) -> Step {
        if let Some(stat) = stat(answer).filter(|stat| !is_busy(*stat)) {
            cx.state.take_stat(stat);
            if stat != MqttStat::Connected {
                return Step::done();
            }
        }
        if self.until.is_none_or(|until| until <= cx.now) {
            return Step::fail(Error::new(
                ErrorCode::Command,
                "the module goes on connecting: it refuses AT+MQTTDISC, AT+MQTTDEL and AT+MQTTCFG",
            ));
        }
        self.stage = Stage::Pause;
        Step::Wait(Some(cx.now + PAUSE))
    }
}

/// Whether the module has reported by itself that it has stopped.
fn has_ended(state: &SessionState) -> bool {
    state.connection.is_clean() || state.connection.state() == MqttState::Configured
}

impl Procedure for CallOff {
    fn title(&self) -> String {
        "ending a connect that was given up".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, _: &SessionState) -> Duration {
        LIMIT + PAUSE
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match (input, self.stage) {
            (Input::Start, _) if has_ended(cx.state) => Step::done(),
            (Input::Start, _) => self.begin(cx),
            (Input::Answer(answer, prepared), _) => self.on_answer(cx, &answer, prepared),
            (Input::Timer, Stage::WaitEnd) => self.delete(cx, Stage::Delete),
            (Input::Timer, Stage::Pause) => self.end(cx),
            (Input::BrokerEvent(BrokerEvent::Disconnected), Stage::WaitEnd | Stage::Pause) => {
                Step::done()
            }
            (Input::BrokerEvent(_) | Input::Timer, _) => Step::Pending,
        }
    }
}
