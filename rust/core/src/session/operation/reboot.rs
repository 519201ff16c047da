//! Restarting the module: `AT+NRB` (M5310-A) or `AT+CMRB` (M5311).

use std::time::Duration;

use super::settings::BOOT;
use super::{Context, Input, Notice, Operation, Scope, Settings, Step};
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Wire, seconds};
use crate::{Error, ErrorCode};

/// How long after the command the first line of the boot may come; an M5310-A needs 8 to 10 s.
const BANNER: Duration = Duration::from_secs(20);

/// Done when the boot was seen and the module answers again.
pub(super) struct Reboot {
    wire: Result<Wire, Error>,
    /// What follows the boot.
    settings: Option<Settings>,
}

impl Reboot {
    pub(super) fn new(shared: &Shared) -> Self {
        let command = shared.profile.reboot_command;
        Self {
            wire: Wire::raw(command, &shared.profile, shared.config.command_timeout),
            settings: None,
        }
    }
}

impl Operation for Reboot {
    fn title(&self) -> String {
        "restarting the module".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Alone
    }

    fn time_limit(&self, _: &Shared) -> Duration {
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
            Input::Start => Step::send(self.wire.clone()),
            Input::Notice(Notice::Rebooted) => {
                self.settings.insert(Settings::new()).step(cx, Input::Start)
            }
            Input::Answer(Answer::Refused(refusal), wire) => {
                Step::fail(refusal.error(ErrorCode::Command, &wire.name, &cx.shared.profile))
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
            Input::Notice(_) => Step::Stay,
        }
    }
}
