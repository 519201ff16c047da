//! Removing the configured client: `AT+MQTTDEL` (manual 1.8).

use std::time::Duration;

use m531x_at::command::Command;

use super::status::{is_busy, take_stat};
use super::table::{LOOK_PAUSE, MOST_LOOKS};
use super::{CallOff, Context, Input, Procedure, Scope, Step, disconnect, lines_of};
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// The vendor's client refuses until it has reported the end of a connection, up to 2.5 s later, and
/// while it connects by itself.
pub(super) struct Delete {
    stage: Stage,
    /// Ends a connection that is being made, with its client.
    call_off: Option<CallOff>,
    /// One is being made, as far as is known.
    being_made: bool,
    /// How often it was refused and the module asked what it does.
    looks: u32,
    /// Why the client could not be removed at once.
    refused: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Deleting,
    Looking,
    Pausing,
    CallingOff,
}

impl Delete {
    pub(super) fn new(state: &SessionState) -> Self {
        Self {
            stage: Stage::Deleting,
            call_off: disconnect::call_off(state),
            being_made: disconnect::is_being_made(state),
            looks: 0,
            refused: None,
        }
    }

    fn delete(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Deleting;
        Step::send(cx.state.prepare(&Command::MqttDel))
    }

    fn call_off(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        let Some(call_off) = &mut self.call_off else {
            return Step::Pending;
        };
        let step = match input {
            Input::Start => call_off.begin(cx),
            input => call_off.step(cx, input),
        };
        match step {
            Step::Done(_) if cx.state.connection.is_clean() => Step::done(),
            // The connection is no longer being made, and the client still there.
            Step::Done(Ok(_)) if self.looks < MOST_LOOKS => {
                self.looks += 1;
                self.delete(cx)
            }
            Step::Done(ended) => {
                Step::fail(self.refused.take().or(ended.err()).unwrap_or_else(|| {
                    Error::new(ErrorCode::Command, "the module keeps its client")
                }))
            }
            step => step,
        }
    }

    fn on_refused(
        &mut self,
        cx: &mut Context<'_>,
        refusal: &Refusal,
        prepared: &PreparedCommand,
    ) -> Step {
        let error = refusal.error(ErrorCode::Command, &prepared.name, &cx.state.profile);
        if std::mem::take(&mut self.being_made) && self.call_off.is_some() {
            self.refused = Some(error);
            return self.end_attempt(cx);
        }
        let hopeless = cx.state.connection.is_clean() || !refusal.may_mean_not_yet();
        if hopeless || self.looks == MOST_LOOKS {
            return Step::fail(error);
        }
        self.refused = Some(error);
        self.looks += 1;
        self.stage = Stage::Looking;
        Step::send(cx.state.prepare(&Command::MqttStatRead))
    }

    /// What the module does that makes it refuse.
    fn on_looked(&mut self, cx: &mut Context<'_>, answer: &Answer) -> Step {
        if take_stat(cx, answer).is_some_and(is_busy) && self.call_off.is_some() {
            return self.end_attempt(cx);
        }
        self.stage = Stage::Pausing;
        Step::Wait(Some(cx.now + LOOK_PAUSE))
    }

    fn end_attempt(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::CallingOff;
        self.call_off(cx, Input::Start)
    }
}

impl Procedure for Delete {
    fn title(&self) -> String {
        "deleting the client".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        let own = (state.config.command_timeout + LOOK_PAUSE) * (MOST_LOOKS + 1);
        let call_off = self.call_off.as_ref().map(|c| c.time_limit(state));
        own + call_off.unwrap_or_default()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match (self.stage, input) {
            (_, Input::Start) => {
                cx.state.recovery.forget();
                self.delete(cx)
            }
            (Stage::CallingOff, input) => self.call_off(cx, input),
            (Stage::Looking, Input::Answer(answer, _)) => self.on_looked(cx, &answer),
            (_, Input::Answer(Answer::Refused(refusal), prepared)) => {
                self.on_refused(cx, &refusal, prepared)
            }
            (_, Input::Answer(answer, prepared)) => match lines_of(answer, prepared, cx.state) {
                Ok(_) => {
                    cx.state.client_deleted();
                    Step::done()
                }
                Err(error) => Step::fail(error),
            },
            (Stage::Pausing, input)
                if matches!(input, Input::Timer) || input.is_disconnection() =>
            {
                self.delete(cx)
            }
            (_, Input::BrokerEvent(_) | Input::Timer) => Step::Pending,
        }
    }
}
