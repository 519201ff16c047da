//! Who the module is: model, firmware, IMEI, IMSI, ICCID.

use std::time::Duration;

use m531x_at::command::{Command, General};
use m531x_at::profile::Model;
use m531x_at::response::{IccidLine, ImeiLine, ImsiLine};

use super::{Context, Input, Procedure, Step};
use crate::Error;
use crate::session::prepared_command::{Answer, PreparedCommand};
use crate::session::state::SessionState;
use crate::session::{ModemInfo, Outcome};

/// Asks one question after the other; what the module refuses to report stays unknown.
#[derive(Default)]
pub(super) struct Info {
    info: ModemInfo,
    question: usize,
}

#[derive(Clone, Copy)]
enum Question {
    Model,
    FirmwareVersion,
    Revision,
    SoftwareVersion,
    Imei,
    Gsn,
    Imsi,
    Iccid,
}

const QUESTIONS: [Question; 8] = [
    Question::Model,
    Question::FirmwareVersion,
    Question::Revision,
    Question::SoftwareVersion,
    Question::Imei,
    Question::Gsn,
    Question::Imsi,
    Question::Iccid,
];

impl Info {
    fn next(&mut self, cx: &mut Context<'_>) -> Step {
        while let Some(&question) = QUESTIONS.get(self.question) {
            if !self.is_answered(question) {
                return Step::send(ask(question, cx.state));
            }
            self.question += 1;
        }
        self.info.model = cx.state.model;
        if self.info.model.is_none() {
            self.info.model = Model::from_identification(&self.info.model_text).unwrap_or(None);
        }
        Step::Done(Ok(Outcome::Info(std::mem::take(&mut self.info))))
    }

    fn is_answered(&self, question: Question) -> bool {
        match question {
            Question::Model => !self.info.model_text.is_empty(),
            Question::FirmwareVersion | Question::Revision | Question::SoftwareVersion => {
                self.info.firmware.is_some()
            }
            Question::Imei | Question::Gsn => self.info.imei.is_some(),
            Question::Imsi => self.info.imsi.is_some(),
            Question::Iccid => self.info.iccid.is_some(),
        }
    }

    fn take(&mut self, lines: &[String]) {
        let Some(&question) = QUESTIONS.get(self.question) else {
            return;
        };
        let text = || {
            lines
                .iter()
                .map(|l| value_of(l))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let lines = || lines.iter().map(String::as_bytes);
        match question {
            Question::Model => self.info.model_text = text(),
            Question::FirmwareVersion | Question::Revision | Question::SoftwareVersion => {
                self.info.firmware = Some(text()).filter(|t| !t.is_empty());
            }
            Question::Imei | Question::Gsn => {
                self.info.imei = lines().find_map(ImeiLine::parse).map(|l| l.imei);
            }
            Question::Imsi => self.info.imsi = lines().find_map(ImsiLine::parse).map(|l| l.imsi),
            Question::Iccid => {
                self.info.iccid = lines().find_map(IccidLine::parse).map(|l| l.iccid);
            }
        }
    }
}

impl Procedure for Info {
    fn title(&self) -> String {
        "reading the module's identity".to_owned()
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        state.config.command_timeout * 3
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => self.next(cx),
            Input::Answer(Answer::TimedOut(waited), prepared) => {
                Step::fail(prepared.timed_out(waited))
            }
            Input::Answer(answer, _) => {
                if let Answer::Ok(lines) = answer {
                    self.take(&lines);
                }
                self.question += 1;
                self.next(cx)
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}

fn ask(question: Question, state: &SessionState) -> Result<PreparedCommand, Error> {
    state.prepare(&Command::General(match question {
        Question::Model => General::ModelId,
        Question::FirmwareVersion => General::FirmwareVersion,
        Question::Revision => General::Revision,
        Question::SoftwareVersion => General::SoftwareVersion,
        Question::Imei => General::Imei,
        Question::Gsn => General::Gsn,
        Question::Imsi => General::Imsi,
        Question::Iccid => General::Iccid(state.profile.iccid_command),
    }))
}

/// The line without a `+NAME:` in front.
fn value_of(line: &str) -> &str {
    match line.strip_prefix('+').and_then(|rest| rest.split_once(':')) {
        Some((_, value)) => value.trim(),
        None => line.trim(),
    }
}
