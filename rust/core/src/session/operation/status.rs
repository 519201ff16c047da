//! Asking the module for the MQTT state: `AT+MQTTSTAT?` (manual 1.3).

use m531x_at::command::Command;
use m531x_at::response::MqttStat;

use super::{Context, Input, Procedure, Step, lines_of, no_line};
use crate::session::Outcome;
use crate::session::prepared_command::Answer;
use crate::session::recovery::Cause;

/// So often an answer is not believed that may be older than what the module said meanwhile.
const MOST_REPEATS: u32 = 3;

/// Its answer also sets the state machine right.
#[derive(Default)]
pub(super) struct Status {
    /// What the module had said by itself when it was asked.
    reports: u64,
    repeats: u32,
}

impl Status {
    fn ask(&mut self, cx: &mut Context<'_>) -> Step {
        self.reports = cx.state.connection.reports();
        Step::send(cx.state.prepare(&Command::MqttStatRead))
    }
}

impl Procedure for Status {
    fn title(&self) -> String {
        "reading the MQTT state".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => self.ask(cx),
            Input::Answer(answer, prepared) => {
                let lines = match lines_of(answer, prepared, cx.state) {
                    Ok(lines) => lines,
                    Err(error) => return Step::fail(error),
                };
                let Some(stat) = lines.iter().find_map(|l| MqttStat::parse(l.as_bytes())) else {
                    return Step::fail(no_line(prepared, &lines));
                };
                if self.reports != cx.state.connection.reports() && self.repeats < MOST_REPEATS {
                    self.repeats += 1;
                    return self.ask(cx);
                }
                let before = cx.state.is_connected();
                cx.state.take_stat(stat);
                if before && !cx.state.is_connected() {
                    cx.state.recovery.set_loss_cause(Cause::StateAsked);
                }
                Step::Done(Ok(Outcome::State(cx.state.connection.state())))
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}

/// The state in an answer to `AT+MQTTSTAT?`.
pub(super) fn stat(answer: &Answer) -> Option<MqttStat> {
    match answer {
        Answer::Ok(lines) => lines.iter().find_map(|l| MqttStat::parse(l.as_bytes())),
        _ => None,
    }
}

/// The same, which holds from now on.
pub(super) fn take_stat(cx: &mut Context<'_>, answer: &Answer) -> Option<MqttStat> {
    let stat = stat(answer)?;
    cx.state.take_stat(stat);
    Some(stat)
}

/// Whether the module is making a connection.
pub(super) fn is_busy(stat: MqttStat) -> bool {
    matches!(
        stat,
        MqttStat::ConnectSent
            | MqttStat::Reconnecting
            | MqttStat::TcpConnecting
            | MqttStat::TcpConnected
    )
}
