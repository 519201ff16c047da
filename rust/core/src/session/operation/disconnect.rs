//! Ending the connection: `AT+MQTTDISC` (manual 1.7).

use std::time::Duration;

use m531x_at::command::Command;

use super::status::stat;
use super::{BrokerEvent, CallOff, Context, Input, Procedure, Scope, Step, lines_of};
use crate::session::MqttState;
use crate::session::prepared_command::{Answer, Refusal};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// How long after the OK the report of the end may take.
const REPORT: Duration = Duration::from_secs(5);

/// Done when the module has reported the end, not when it has accepted the command.
pub(super) struct Disconnect {
    stage: Stage,
    reported: bool,
    /// A connection is being made, by the module or by us, which is to end now.
    call_off: Option<CallOff>,
    /// What the module refused with, and the command, while it is asked for its state.
    refusal: Option<(Refusal, String)>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Asking,
    Waiting,
    Checking,
    /// It refused although there was a connection.
    Refused,
}

impl Disconnect {
    pub(super) fn new(state: &SessionState) -> Self {
        Self {
            stage: Stage::default(),
            reported: false,
            call_off: being_made(state),
            refusal: None,
        }
    }

    /// What the module says of itself is what holds from now on.
    fn take_state(cx: &mut Context<'_>, answer: &Answer) {
        if let Some(stat) = stat(answer) {
            cx.state.take_stat(stat);
        }
    }

    /// It refused: is there a connection at all?
    fn on_refused(&mut self, cx: &mut Context<'_>, refusal: Refusal, name: &str) -> Step {
        if !cx.state.is_connected() {
            cx.state.connection.on_disconnect_refused();
            return Step::fail(refused(cx.state, &refusal, name));
        }
        self.refusal = Some((refusal, name.to_owned()));
        self.stage = Stage::Refused;
        Step::send(cx.state.prepare(&Command::MqttStatRead))
    }

    /// The report did not come: has the connection ended all the same?
    fn check(cx: &mut Context<'_>, answer: &Answer) -> Step {
        Self::take_state(cx, answer);
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
        match &self.call_off {
            Some(call_off) => call_off.time_limit(state),
            None => state.config.command_timeout * 3 + REPORT,
        }
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        if matches!(input, Input::Start) {
            cx.state.recovery.forget();
        }
        if let Some(call_off) = &mut self.call_off {
            return match input {
                Input::Start => call_off.begin(cx),
                input => call_off.step(cx, input),
            };
        }
        match input {
            Input::Start => {
                cx.state.connection.on_disconnecting();
                Step::send(cx.state.prepare(&Command::MqttDisc))
            }
            Input::BrokerEvent(BrokerEvent::Disconnected) => {
                self.reported = true;
                match self.stage {
                    Stage::Asking | Stage::Refused => Step::Pending,
                    Stage::Waiting | Stage::Checking => Step::done(),
                }
            }
            Input::Answer(answer, _) if self.stage == Stage::Checking => Self::check(cx, &answer),
            Input::Answer(answer, prepared) if self.stage == Stage::Refused => {
                Self::take_state(cx, &answer);
                cx.state.connection.on_disconnect_refused();
                match self.refusal.take() {
                    // It was ending already.
                    _ if self.reported => Step::done(),
                    Some((refusal, name)) => Step::fail(refused(cx.state, &refusal, &name)),
                    None => Step::fail(prepared.result_unknown()),
                }
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
            Input::Timer => {
                self.stage = Stage::Checking;
                Step::send(cx.state.prepare(&Command::MqttStatRead))
            }
            Input::BrokerEvent(_) => Step::Pending,
        }
    }
}

/// What ends the connection that is being made now, by the module or by us.
pub(super) fn being_made(state: &SessionState) -> Option<CallOff> {
    let by_module = matches!(
        state.connection.state(),
        MqttState::Connecting | MqttState::ModuleReconnecting
    );
    let goal = state.recovery.goal();
    goal.filter(|_| by_module || state.recovery.is_active())
        .and_then(|goal| CallOff::new(goal, state).ok())
}

/// `+CME ERROR: 3` means that there is no connection (manual 1.7).
fn refused(state: &SessionState, refusal: &Refusal, name: &str) -> Error {
    let code = if refusal.number() == Some(3) || !state.is_connected() {
        ErrorCode::NotConnected
    } else {
        ErrorCode::Command
    };
    refusal.error(code, name, &state.profile)
}
