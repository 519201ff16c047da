//! Restarting the module: `AT+NRB` (M5310-A) or `AT+CMRB` (M5311).

use std::time::Duration;

use super::settings::BOOT;
use super::{BrokerEvent, Context, Input, Procedure, Scope, Settings, Step};
use crate::session::prepared_command::{Answer, PreparedCommand, seconds};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// How long after the command the first line of the boot may come; an M5310-A needs 8 to 10 s.
const BANNER: Duration = Duration::from_secs(20);

/// Done when the boot was seen and the module answers again.
pub(super) struct Reboot {
    prepared: Result<PreparedCommand, Error>,
    /// What follows the boot.
    settings: Option<Settings>,
}

impl Reboot {
    pub(super) fn new(state: &SessionState) -> Self {
        let command = state.profile.reboot_command;
        Self {
            prepared: PreparedCommand::raw(command, &state.profile, state.config.command_timeout),
            settings: None,
        }
    }
}

impl Procedure for Reboot {
    fn title(&self) -> String {
        "restarting the module".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Alone
    }

    fn time_limit(&self, _: &SessionState) -> Duration {
        BANNER + BOOT * 2
    }

    fn survives_reboot(&self) -> bool {
        true
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        if let Some(settings) = &mut self.settings {
            return settings.step(cx, input);
        }
        match input {
            Input::Start => Step::send(self.prepared.clone()),
            Input::BrokerEvent(BrokerEvent::Rebooted) => {
                self.settings.insert(Settings::new()).step(cx, Input::Start)
            }
            Input::Answer(Answer::Refused(refusal), prepared) => {
                Step::fail(refusal.error(ErrorCode::Command, &prepared.name, &cx.state.profile))
            }
            // Some modules restart without an answer.
            Input::Answer(..) => Step::Wait(Some(cx.now + BANNER)),
            Input::Timer => Step::fail(Error::new(
                ErrorCode::Timeout,
                format!(
                    "restarting the module: no sign of a boot within {}; is the right model set?",
                    seconds(BANNER)
                ),
            )),
            Input::BrokerEvent(_) => Step::Pending,
        }
    }
}
