//! Removing the configured client: `AT+MQTTDEL` (manual 1.8).

use std::time::Duration;

use m531x_at::command::Command;

use super::{CallOff, Context, Input, Procedure, Scope, Step, disconnect, lines_of};
use crate::Error;
use crate::session::prepared_command::Answer;
use crate::session::state::SessionState;

pub(super) struct Delete {
    /// A connection is being made, by the module or by us, which is to end with its client.
    call_off: Option<CallOff>,
    /// Why the client could not be removed at once.
    refused: Option<Error>,
}

impl Delete {
    pub(super) fn new(state: &SessionState) -> Self {
        Self {
            call_off: disconnect::being_made(state),
            refused: None,
        }
    }

    fn call_off(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        let Some(call_off) = &mut self.call_off else {
            return Step::Pending;
        };
        let step = match input {
            Input::Start => call_off.begin(cx),
            input => call_off.step(cx, input),
        };
        match (step, self.refused.take()) {
            (Step::Done(_), _) if cx.state.connection.is_clean() => Step::done(),
            (Step::Done(_), Some(error)) => Step::fail(error),
            (step, refused) => {
                self.refused = refused;
                step
            }
        }
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
        let own = state.config.command_timeout + Duration::from_secs(1);
        let call_off = self.call_off.as_ref().map(|c| c.time_limit(state));
        own + call_off.unwrap_or_default()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        if self.refused.is_some() {
            return self.call_off(cx, input);
        }
        match input {
            Input::Start => {
                cx.state.recovery.forget();
                Step::send(cx.state.prepare(&Command::MqttDel))
            }
            Input::Answer(answer, prepared) => {
                let refused = matches!(answer, Answer::Refused(_));
                match lines_of(answer, prepared, cx.state) {
                    Ok(_) => {
                        cx.state.client_deleted();
                        Step::done()
                    }
                    Err(error) if refused && self.call_off.is_some() => {
                        self.refused = Some(error);
                        self.call_off(cx, Input::Start)
                    }
                    Err(error) => Step::fail(error),
                }
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}
