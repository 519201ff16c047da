//! Ending a connection on which acknowledgements can no longer be distinguished; recovery makes a
//! new one, whose packet ids begin at 1.

use m531x_at::command::Command;

use super::{Context, Input, Procedure, Step};
use crate::session::recovery::Cause;

pub(in crate::session) struct HangUp;

impl Procedure for HangUp {
    fn title(&self) -> String {
        "hanging up".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start if !cx.state.is_connected() => Step::done(),
            Input::Start => Step::send(cx.state.prepare(&Command::MqttDisc)),
            Input::Answer(..) => {
                let why = "the module refused a publish without a number: the packet ids that it \
                           has given are unknown";
                cx.state.connection_lost(Cause::StateAsked, why);
                Step::done()
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}
