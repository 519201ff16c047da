//! Looking whether the connection is still there, after a sign that it may not be.

use std::time::Duration;

use super::settings::{BOOT, Settings};
use super::status::Status;
use super::{Context, Input, Procedure, Step};
use crate::ErrorCode;
use crate::session::recovery::Cause;
use crate::session::state::SessionState;

/// `AT+MQTTSTAT?`, if need be after the start-up settings.
pub(in crate::session) struct Recheck {
    settings: Option<Settings>,
    status: Status,
}

impl Recheck {
    /// Asks for the state.
    pub(in crate::session) fn state() -> Self {
        Self {
            settings: None,
            status: Status::default(),
        }
    }

    /// The module seems to have forgotten its settings, or says nothing: sets it up before.
    pub(in crate::session) fn settings_and_state() -> Self {
        Self {
            settings: Some(Settings::new()),
            status: Status::default(),
        }
    }

    fn ask(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        cx.state.recovery.look_again = false;
        self.status.step(cx, input)
    }
}

impl Procedure for Recheck {
    fn title(&self) -> String {
        "looking whether the connection is still there".to_owned()
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        BOOT * 2 + state.config.command_timeout
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        let Some(settings) = &mut self.settings else {
            return self.ask(cx, input);
        };
        match settings.step(cx, input) {
            Step::Done(Ok(_)) => {
                self.settings = None;
                self.ask(cx, Input::Start)
            }
            Step::Done(Err(error)) => {
                if error.code() == ErrorCode::NoAnswer {
                    cx.state
                        .connection_lost(Cause::Silent, "the module does not answer");
                }
                Step::fail(error)
            }
            step => step,
        }
    }
}
