//! The start-up settings once more, after the module has restarted by itself.

use std::time::Duration;

use super::greeting::{self, Greeting, Progress};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step};
use crate::session::state::SessionState;

/// How long a module may take to boot.
pub(super) const BOOT: Duration = Duration::from_secs(30);

/// `AT`, `ATE0`, `AT+CMEE=1` and what keeps the model awake.
pub(in crate::session) struct Settings {
    greeting: Greeting,
    locking: bool,
}

impl Settings {
    pub(in crate::session) fn new() -> Self {
        Self {
            greeting: Greeting::new(BOOT),
            locking: false,
        }
    }
}

impl Procedure for Settings {
    fn title(&self) -> String {
        "the start-up settings after a restart of the module".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Alone
    }

    fn time_limit(&self, _: &SessionState) -> Duration {
        BOOT * 2
    }

    fn survives_reboot(&self) -> bool {
        true
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        if self.locking && matches!(input, Input::Answer(..)) {
            return Step::done();
        }
        if matches!(input, Input::BrokerEvent(BrokerEvent::Rebooted)) {
            self.locking = false;
        }
        match self.greeting.step(cx, input) {
            Progress::Step(step) => step,
            Progress::NoAnswer => Step::fail(self.greeting.no_answer(cx)),
            Progress::Done => {
                cx.state.settled = true;
                match greeting::wake_lock(cx.state) {
                    Some(prepared) => {
                        self.locking = true;
                        Step::send(prepared)
                    }
                    None => Step::done(),
                }
            }
        }
    }
}
