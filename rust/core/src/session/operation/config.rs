//! Reading the client's configuration back: `AT+MQTTCFG?` (manual 1.1).

use m531x_at::command::Command;
use m531x_at::response::ConfigReadback;

use super::{Context, Input, Procedure, Step, lines_of, no_line};
use crate::session::Outcome;

pub(super) struct Config;

impl Procedure for Config {
    fn title(&self) -> String {
        "reading the configuration".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => Step::send(cx.state.prepare(&Command::MqttCfgRead)),
            Input::Answer(answer, prepared) => {
                Step::Done(lines_of(answer, prepared, cx.state).and_then(|lines| {
                    let readback = lines
                        .iter()
                        .find_map(|l| ConfigReadback::parse(l.as_bytes()));
                    // The lines may show the password, so they are not quoted.
                    readback
                        .map(Outcome::Config)
                        .ok_or_else(|| no_line(prepared, &[]))
                }))
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}
