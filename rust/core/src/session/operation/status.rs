//! Asking the module for the MQTT state: `AT+MQTTSTAT?` (manual 1.3).

use m531x_at::command::Command;
use m531x_at::response::MqttStat;

use super::{Context, Input, Operation, Step, lines_of, no_line};
use crate::session::Outcome;
use crate::session::recovery::Cause;

/// Its answer also sets the state machine right.
pub(super) struct Status;

impl Operation for Status {
    fn title(&self) -> String {
        "reading the MQTT state".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => Step::send(cx.shared.wire(&Command::MqttStatRead)),
            Input::Answer(answer, wire) => {
                let lines = match lines_of(answer, wire, cx.shared) {
                    Ok(lines) => lines,
                    Err(error) => return Step::fail(error),
                };
                let Some(stat) = lines.iter().find_map(|l| MqttStat::parse(l.as_bytes())) else {
                    return Step::fail(no_line(wire, &lines));
                };
                let before = cx.shared.is_connected();
                let transition = cx.shared.machine.on_stat(stat);
                if before && !cx.shared.is_connected() {
                    cx.shared.recovery.blame(Cause::StateAsked);
                }
                cx.shared.report(transition);
                Step::Done(Ok(Outcome::State(cx.shared.machine.state())))
            }
            Input::Notice(_) | Input::Timer => Step::Stay,
        }
    }
}
