//! Ending the connection: `AT+MQTTDISC` (manual 1.7).

use std::time::Duration;

use m531x_at::command::Command;
use m531x_at::response::MqttStat;

use super::{Context, Input, Notice, Operation, Scope, Step, lines_of};
use crate::session::MqttState;
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Refusal};
use crate::{Error, ErrorCode};

/// How long after the OK the report of the end may take.
const REPORT: Duration = Duration::from_secs(5);

/// Done when the module has reported the end, not when it has accepted the command.
pub(super) struct Disconnect {
    stage: Stage,
    reported: bool,
    /// A lost connection was being made again, which is to end now.
    recovering: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Asking,
    Waiting,
    Checking,
    /// What the module may still be connecting by itself is removed.
    Removing,
}

impl Disconnect {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            stage: Stage::default(),
            reported: false,
            recovering: shared.recovery.is_active(),
        }
    }

    /// The report did not come: has the connection ended all the same?
    fn check(cx: &mut Context<'_>, answer: &Answer) -> Step {
        if let Answer::Ok(lines) = answer {
            if let Some(stat) = lines.iter().find_map(|l| MqttStat::parse(l.as_bytes())) {
                let transition = cx.shared.machine.on_stat(stat);
                cx.shared.report(transition);
            }
        }
        match cx.shared.machine.state() {
            MqttState::Off | MqttState::Configured | MqttState::Lost => Step::done(),
            state => Step::fail(Error::new(
                ErrorCode::Timeout,
                format!("disconnecting: no +MQTTDISC came and the MQTT state is still {state}"),
            )),
        }
    }
}

impl Operation for Disconnect {
    fn title(&self) -> String {
        "disconnecting".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, shared: &Shared) -> Duration {
        shared.config.command_timeout * 3 + REPORT
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => {
                cx.shared.recovery.forget();
                cx.shared.machine.on_disconnecting();
                Step::send(cx.shared.wire(&Command::MqttDisc))
            }
            Input::Notice(Notice::Disconnected) => {
                self.reported = true;
                match self.stage {
                    Stage::Asking | Stage::Removing => Step::Stay,
                    Stage::Waiting | Stage::Checking => Step::done(),
                }
            }
            Input::Answer(answer, _) if self.stage == Stage::Checking => Self::check(cx, &answer),
            Input::Answer(answer, wire) if self.stage == Stage::Removing => match answer {
                // Nobody knows whether the module goes on.
                Answer::TimedOut(waited) => Step::fail(wire.timed_out(waited)),
                Answer::Ok(_) | Answer::Refused(_) | Answer::Hidden => {
                    cx.shared.client_deleted();
                    Step::done()
                }
            },
            Input::Answer(Answer::Refused(_), _) if self.recovering => {
                // There was no connection to end; what matters is that none is made any more, also
                // not by the module, which may be about to.
                let transition = cx.shared.machine.on_disc();
                cx.shared.report(transition);
                self.stage = Stage::Removing;
                Step::send(cx.shared.wire(&Command::MqttDel))
            }
            Input::Answer(Answer::Refused(refusal), wire) => {
                cx.shared.machine.on_disconnect_refused();
                Step::fail(refused(cx.shared, &refusal, &wire.name))
            }
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) if self.reported => Step::done(),
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) => {
                self.stage = Stage::Waiting;
                Step::Wait(Some(cx.now + REPORT))
            }
            Input::Answer(answer @ Answer::TimedOut(_), wire) => {
                match lines_of(answer, wire, cx.shared) {
                    Err(error) if !self.reported => Step::fail(error),
                    _ => Step::done(),
                }
            }
            Input::Timer => {
                self.stage = Stage::Checking;
                Step::send(cx.shared.wire(&Command::MqttStatRead))
            }
            Input::Notice(_) => Step::Stay,
        }
    }
}

/// `+CME ERROR: 3` means that there is no connection (manual 1.7).
fn refused(shared: &Shared, refusal: &Refusal, name: &str) -> Error {
    let code = if refusal.number() == Some(3) || !shared.is_connected() {
        ErrorCode::NotConnected
    } else {
        ErrorCode::Command
    };
    refusal.error(code, name, &shared.profile)
}
