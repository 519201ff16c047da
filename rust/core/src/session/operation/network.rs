//! Waiting for the network: SIM, registration, attachment, address (dialect section 3).

use std::time::Duration;

use m531x_at::command::{Command, General};
use m531x_at::response::{AddressLine, AttachLine, FunctionalityLine, PinLine, RegistrationLine};

use super::{Context, Input, Procedure, Step, lines_of};
use crate::session::prepared_command::{Answer, PreparedCommand, seconds};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

const TIME_LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at something that is not there yet.
const PAUSE: Duration = Duration::from_secs(2);
/// Turning the radio on takes up to 90 s on an M5310-A.
const RADIO_ON: Duration = Duration::from_secs(90);

/// One step after the other; a step that is not there yet is looked at again.
#[derive(Default)]
pub(super) struct WaitForNetwork {
    stage: Stage,
    missing: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Radio,
    RadioOn,
    Sim,
    Registration,
    Attachment,
    Address,
}

impl WaitForNetwork {
    fn ask(&self, state: &SessionState) -> Step {
        let general = match self.stage {
            Stage::Radio => General::FunctionalityRead,
            Stage::RadioOn => General::FunctionalitySet(1),
            Stage::Sim => General::PinRead,
            Stage::Registration => General::RegistrationRead,
            Stage::Attachment => General::AttachRead,
            Stage::Address => General::Address { cid: None },
        };
        let timeout = if self.stage == Stage::RadioOn {
            RADIO_ON
        } else {
            state.config.command_timeout
        };
        Step::send(PreparedCommand::new(
            &Command::General(general),
            &state.profile,
            timeout,
        ))
    }

    /// What this step found: the next step (`None` when all is there), or what is missing.
    fn judge(&self, lines: &[String]) -> Result<Option<Stage>, String> {
        let lines = || lines.iter().map(String::as_bytes);
        let unread = || "the answer was not understood".to_owned();
        match self.stage {
            Stage::Radio => match lines().find_map(FunctionalityLine::parse) {
                Some(FunctionalityLine { level: 1 }) => Ok(Some(Stage::Sim)),
                Some(_) => Ok(Some(Stage::RadioOn)),
                None => Err(unread()),
            },
            Stage::RadioOn => Ok(Some(Stage::Sim)),
            Stage::Sim => match lines().find_map(PinLine::parse) {
                Some(pin) if pin.state == "READY" => Ok(Some(Stage::Registration)),
                Some(pin) => Err(format!("it says {:?}", pin.state)),
                None => Err(unread()),
            },
            Stage::Registration => match lines().find_map(RegistrationLine::parse) {
                Some(line) if line.is_registered() => Ok(Some(Stage::Attachment)),
                Some(line) => Err(format!("+CEREG state {}", line.stat)),
                None => Err(unread()),
            },
            Stage::Attachment => match lines().find_map(AttachLine::parse) {
                Some(AttachLine { attached: true }) => Ok(Some(Stage::Address)),
                Some(_) => Err("+CGATT is 0".to_owned()),
                None => Err(unread()),
            },
            Stage::Address => {
                let address = lines()
                    .filter_map(AddressLine::parse)
                    .find_map(|l| l.address);
                match address.filter(|a| !a.is_empty() && a != "0.0.0.0") {
                    Some(_) => Ok(None),
                    None => Err("+CGPADDR names none".to_owned()),
                }
            }
        }
    }

    /// The condition of this step in words.
    fn condition(&self) -> &'static str {
        match self.stage {
            Stage::Radio | Stage::RadioOn => "the radio is not on (AT+CFUN)",
            Stage::Sim => "the SIM is not ready (AT+CPIN?)",
            Stage::Registration => "the module is not registered (AT+CEREG?)",
            Stage::Attachment => "the module is not attached (AT+CGATT?)",
            Stage::Address => "the module has no address (AT+CGPADDR)",
        }
    }
}

impl Procedure for WaitForNetwork {
    fn title(&self) -> String {
        "waiting for the network".to_owned()
    }

    fn time_limit(&self, _: &SessionState) -> Duration {
        TIME_LIMIT
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        let (answer, prepared) = match input {
            Input::Start | Input::Timer => return self.ask(cx.state),
            Input::BrokerEvent(_) => return Step::Pending,
            Input::Answer(answer, prepared) => (answer, prepared),
        };
        let judged = match answer {
            Answer::Ok(lines) => self.judge(&lines),
            other => lines_of(other, prepared, cx.state)
                .map(|_| None)
                .map_err(|error| error.to_string()),
        };
        match judged {
            Ok(Some(next)) => {
                self.stage = next;
                self.missing.clear();
                self.ask(cx.state)
            }
            Ok(None) => Step::done(),
            Err(missing) => {
                self.missing = missing;
                if self.stage == Stage::RadioOn {
                    self.stage = Stage::Radio;
                }
                Step::Wait(Some(cx.now + PAUSE))
            }
        }
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        let waited = seconds(cx.now.saturating_duration_since(cx.begun));
        let missing = if self.missing.is_empty() {
            String::new()
        } else {
            format!(": {}", self.missing)
        };
        Error::new(
            ErrorCode::Timeout,
            format!("no network within {waited}: {}{missing}", self.condition()),
        )
    }
}
