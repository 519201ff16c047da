//! Ending the connection: `AT+MQTTDISC` (manual 1.7).

use std::time::Duration;

use m531x_at::command::Command;
use m531x_at::response::MqttStat;

use super::status::{is_busy, take_stat};
use super::table::{LOOK_PAUSE, MOST_LOOKS};
use super::{BrokerEvent, CallOff, Context, Input, Procedure, Scope, Step, lines_of};
use crate::session::MqttState;
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// How long after the OK the report of the end may take.
const REPORT: Duration = Duration::from_secs(5);

/// Done when the module has reported the end, not when it has accepted the command.
pub(super) struct Disconnect {
    stage: Stage,
    reported: bool,
    /// Ends a connection that is being made.
    call_off: Option<CallOff>,
    /// One is being made, by the module or by us, which is to end now.
    being_made: bool,
    /// What the module refused with, and the command, while it is asked for its state.
    refusal: Option<(Refusal, String)>,
    /// How often it was asked because of that.
    looks: u32,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Asking,
    Waiting,
    Checking,
    /// It refused although there was a connection.
    Refused,
    /// It has made one meanwhile.
    Pausing,
}

impl Disconnect {
    pub(super) fn new(state: &SessionState) -> Self {
        Self {
            stage: Stage::default(),
            reported: false,
            call_off: call_off(state),
            being_made: is_being_made(state),
            refusal: None,
            looks: 0,
        }
    }

    fn ask(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Asking;
        cx.state.connection.on_disconnecting();
        Step::send(cx.state.prepare(&Command::MqttDisc))
    }

    /// What the module does that makes it refuse.
    fn on_looked(
        &mut self,
        cx: &mut Context<'_>,
        answer: &Answer,
        prepared: &PreparedCommand,
    ) -> Step {
        let stat = take_stat(cx, answer);
        // It has lost the connection without a word, and makes it again by itself.
        if stat.is_some_and(is_busy) {
            if let Some(call_off) = &mut self.call_off {
                self.being_made = true;
                return call_off.begin(cx);
            }
        }
        cx.state.connection.on_disconnect_refused();
        match self.refusal.take() {
            // The module was just about to connect again by itself.
            Some((refusal, _))
                if stat == Some(MqttStat::Connected)
                    && refusal.may_mean_not_yet()
                    && self.looks < MOST_LOOKS =>
            {
                self.looks += 1;
                self.reported = false;
                self.stage = Stage::Pausing;
                Step::Wait(Some(cx.now + LOOK_PAUSE))
            }
            // It was ending already.
            _ if self.reported => Step::done(),
            Some((refusal, name)) => Step::fail(refused(cx.state, &refusal, &name, stat)),
            None => Step::fail(prepared.result_unknown()),
        }
    }

    /// It refused: is there a connection at all?
    fn on_refused(&mut self, cx: &mut Context<'_>, refusal: Refusal, name: &str) -> Step {
        if !cx.state.is_connected() && !is_by_module(cx.state) {
            cx.state.connection.on_disconnect_refused();
            return Step::fail(refused(cx.state, &refusal, name, None));
        }
        self.refusal = Some((refusal, name.to_owned()));
        self.stage = Stage::Refused;
        Step::send(cx.state.prepare(&Command::MqttStatRead))
    }

    /// The report did not come: has the connection ended all the same?
    fn check(cx: &mut Context<'_>, answer: &Answer) -> Step {
        take_stat(cx, answer);
        match cx.state.connection.state() {
            MqttState::Off | MqttState::Configured | MqttState::Lost => Step::done(),
            state => Step::fail(Error::new(
                ErrorCode::Timeout,
                format!("disconnecting: no +MQTTDISC came and the MQTT state is still {state}"),
            )),
        }
    }
}

impl Procedure for Disconnect {
    fn title(&self) -> String {
        "disconnecting".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        let call_off = self.call_off.as_ref().map(|c| c.time_limit(state));
        (state.config.command_timeout + LOOK_PAUSE) * 3 + REPORT + call_off.unwrap_or_default()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        if matches!(input, Input::Start) {
            cx.state.recovery.forget();
        }
        if let Some(call_off) = self.call_off.as_mut().filter(|_| self.being_made) {
            return match input {
                Input::Start => call_off.begin(cx),
                input => call_off.step(cx, input),
            };
        }
        match input {
            Input::Start => self.ask(cx),
            Input::BrokerEvent(BrokerEvent::Disconnected) => {
                self.reported = true;
                match self.stage {
                    Stage::Asking | Stage::Refused => Step::Pending,
                    Stage::Waiting | Stage::Checking | Stage::Pausing => Step::done(),
                }
            }
            Input::Answer(answer, _) if self.stage == Stage::Checking => Self::check(cx, &answer),
            Input::Answer(answer, prepared) if self.stage == Stage::Refused => {
                self.on_looked(cx, &answer, prepared)
            }
            Input::Answer(Answer::Refused(refusal), prepared) => {
                self.on_refused(cx, refusal, &prepared.name)
            }
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) if self.reported => Step::done(),
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) => {
                self.stage = Stage::Waiting;
                Step::Wait(Some(cx.now + REPORT))
            }
            Input::Answer(answer @ Answer::TimedOut(_), prepared) => {
                match lines_of(answer, prepared, cx.state) {
                    Err(error) if !self.reported => Step::fail(error),
                    _ => Step::done(),
                }
            }
            Input::Timer if self.stage == Stage::Pausing => self.ask(cx),
            Input::Timer => {
                self.stage = Stage::Checking;
                Step::send(cx.state.prepare(&Command::MqttStatRead))
            }
            Input::BrokerEvent(_) => Step::Pending,
        }
    }
}

/// What ends a connection that is being made, if one was wanted.
pub(super) fn call_off(state: &SessionState) -> Option<CallOff> {
    let goal = state.recovery.goal()?;
    CallOff::new(goal, state).ok()
}

/// Whether a connection is being made now, by the module or by us.
pub(super) fn is_being_made(state: &SessionState) -> bool {
    is_by_module(state) || state.recovery.is_active()
}

fn is_by_module(state: &SessionState) -> bool {
    matches!(
        state.connection.state(),
        MqttState::Connecting | MqttState::ModuleReconnecting
    )
}

/// `+CME ERROR: 3` means that there is no connection (manual 1.7), unless the module reports one.
fn refused(state: &SessionState, refusal: &Refusal, name: &str, stat: Option<MqttStat>) -> Error {
    let by_number = refusal.number() == Some(3) && stat != Some(MqttStat::Connected);
    let code = if by_number || !state.is_connected() {
        ErrorCode::NotConnected
    } else {
        ErrorCode::Command
    };
    let error = refusal.error(code, name, &state.profile);
    match code {
        ErrorCode::NotConnected => error.with_ending(": there is no MQTT connection to end"),
        _ => error,
    }
}
