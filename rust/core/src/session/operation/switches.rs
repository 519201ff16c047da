//! Settings of the MQTT client: `AT+MQTTTO` (manual 1.9) and `AT+MQTTPING` (manual 1.10).

use m531x_at::command::{Command, MqttPing, MqttTo};
use m531x_at::command_line::check_keepalive;

use super::{Context, Input, Procedure, Scope, Step, lines_of};
use crate::Error;
use crate::session::state::SessionState;

/// How long the module waits for an acknowledgement.
pub(super) struct SetAckTimeout {
    seconds: u16,
}

impl SetAckTimeout {
    pub(super) fn new(seconds: u16, state: &SessionState) -> Result<Self, Error> {
        state.prepare(&Command::MqttTo(MqttTo { seconds }))?;
        check(seconds, state)?;
        Ok(Self { seconds })
    }
}

fn check(seconds: u16, state: &SessionState) -> Result<(), Error> {
    match state.keepalive {
        Some(keepalive) => Ok(check_keepalive(keepalive, seconds)?),
        None => Ok(()),
    }
}

impl Procedure for SetAckTimeout {
    fn title(&self) -> String {
        "setting the ack timeout".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => {
                // A connect that was queued before this may have brought another keep-alive.
                if let Err(error) = check(self.seconds, cx.state) {
                    return Step::fail(error);
                }
                let seconds = self.seconds;
                Step::send(cx.state.prepare(&Command::MqttTo(MqttTo { seconds })))
            }
            Input::Answer(answer, prepared) => match lines_of(answer, prepared, cx.state) {
                Ok(_) => {
                    cx.state.ack_timeout = self.seconds;
                    cx.state.recovery.set_ack_timeout(self.seconds);
                    Step::done()
                }
                Err(error) => Step::fail(error),
            },
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}

/// Whether every answered ping is reported.
pub(super) struct SetPingReport {
    report: bool,
}

impl SetPingReport {
    pub(super) fn new(report: bool) -> Self {
        Self { report }
    }
}

impl Procedure for SetPingReport {
    fn title(&self) -> String {
        "setting the ping report".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => {
                let report = self.report;
                Step::send(cx.state.prepare(&Command::MqttPing(MqttPing { report })))
            }
            Input::Answer(answer, prepared) => match lines_of(answer, prepared, cx.state) {
                Ok(_) => {
                    cx.state.recovery.set_ping_report(self.report);
                    Step::done()
                }
                Err(error) => Step::fail(error),
            },
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}
