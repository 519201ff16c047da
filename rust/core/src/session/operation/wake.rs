//! Waking a sleeping module, which may lose the first bytes that it is sent.

use super::greeting::knock;
use super::{Context, Input, Procedure, Step};
use crate::session::prepared_command::Answer;
use crate::{Error, ErrorCode};

const MOST_KNOCKS: u32 = 15;

/// Sends `AT` until something answers.
#[derive(Default)]
pub(super) struct Wake {
    knocks: u32,
}

impl Procedure for Wake {
    fn title(&self) -> String {
        "waking the module".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Answer(Answer::Ok(_) | Answer::Refused(_), _) => Step::done(),
            Input::Answer(..) if self.knocks == MOST_KNOCKS => Step::fail(Error::new(
                ErrorCode::NoAnswer,
                format!("the module did not wake: {MOST_KNOCKS} times AT without an answer"),
            )),
            Input::Start | Input::Answer(..) => {
                self.knocks += 1;
                Step::send(knock(cx.state))
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}
