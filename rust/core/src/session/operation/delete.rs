//! Removing the configured client: `AT+MQTTDEL` (manual 1.8).

use m531x_at::command::Command;

use super::{Context, Input, Operation, Scope, Step, lines_of};

pub(super) struct Delete;

impl Operation for Delete {
    fn title(&self) -> String {
        "deleting the client".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => {
                cx.shared.recovery.forget();
                Step::send(cx.shared.wire(&Command::MqttDel))
            }
            Input::Answer(answer, wire) => match lines_of(answer, wire, cx.shared) {
                Ok(_) => {
                    cx.shared.client_deleted();
                    Step::done()
                }
                Err(error) => Step::fail(error),
            },
            Input::Notice(_) | Input::Timer => Step::Stay,
        }
    }
}
