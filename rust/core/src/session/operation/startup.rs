//! The start-up dialogue.

use std::time::Duration;

use m531x_at::command::{Command, General};
use m531x_at::profile::Model;
use m531x_at::response::MqttStat;

use super::greeting::{self, Greeting, Progress};
use super::status::take_stat;
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step};
use crate::session::prepared_command::Answer;
use crate::session::state::SessionState;
use crate::session::{ModemInfo, Outcome};
use crate::{Error, ErrorCode};

/// What comes after the first answer takes at most this long.
const REST: Duration = Duration::from_secs(40);
/// How long the answers to commands of a program before us may take.
const PAUSE: Duration = Duration::from_millis(500);
/// How often they are let pass.
const MOST_PAUSES: u32 = 2;

pub(in crate::session) struct Startup {
    greeting: Greeting,
    stage: Stage,
    /// What the module said about itself.
    said: Vec<String>,
    pauses: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    ModelId,
    Identification,
    WakeLock,
    State,
}

impl Startup {
    pub(in crate::session) fn new(state: &SessionState) -> Self {
        Self {
            greeting: Greeting::first(state.config.open_timeout),
            stage: Stage::Greeting,
            said: Vec::new(),
            pauses: 0,
        }
    }

    fn greet(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match self.greeting.step(cx, input) {
            Progress::Step(step) => step,
            Progress::NoAnswer => Step::fail(self.greeting.no_answer(cx)),
            Progress::Done => {
                cx.state.settled = true;
                if let Some(model) = cx.state.config.model {
                    return self.know(cx, model);
                }
                self.ask_model(cx)
            }
        }
    }

    fn ask_model(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::ModelId;
        self.said.clear();
        Step::send(cx.state.prepare(&Command::General(General::ModelId)))
    }

    /// An answer lacks what the module always says: each one so far may have been that to an older
    /// command, the first to one of a program before us. A pause lets them all pass.
    fn pause(&mut self, cx: &mut Context<'_>) -> Option<Step> {
        if self.pauses == MOST_PAUSES {
            return None;
        }
        self.pauses += 1;
        Some(Step::Wait(Some(cx.now + PAUSE)))
    }

    /// Looks for a model in the answer to the identification.
    fn identify(&mut self, cx: &mut Context<'_>, answer: Answer) -> Step {
        if let Answer::Ok(lines) = answer {
            self.said.extend(lines);
        }
        match Model::from_identification(&self.said.join(" ")) {
            Ok(Some(model)) => self.know(cx, model),
            Ok(None) if self.stage == Stage::ModelId => {
                self.stage = Stage::Identification;
                Step::send(cx.state.prepare(&Command::General(General::Identification)))
            }
            Ok(None) => self.pause(cx).unwrap_or_else(|| {
                Step::fail(Error::new(
                    ErrorCode::UnsupportedModel,
                    format!(
                        "the module calls itself {:?}, which is no known model; pass model=... \
                         if it speaks the dialect of one of them",
                        self.said.join(" ")
                    ),
                ))
            }),
            Err(unsupported) => Step::fail(Error::new(
                ErrorCode::UnsupportedModel,
                unsupported.to_string(),
            )),
        }
    }

    fn know(&mut self, cx: &mut Context<'_>, model: Model) -> Step {
        cx.state.set_profile(Some(model));
        match greeting::wake_lock(cx.state) {
            Some(prepared) => {
                self.stage = Stage::WakeLock;
                Step::send(prepared)
            }
            None => self.ask_state(cx),
        }
    }

    fn ask_state(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::State;
        Step::send(cx.state.prepare(&Command::MqttStatRead))
    }

    /// The MQTT state that the module had before us; a module may also refuse to report it.
    fn take_state(&mut self, cx: &mut Context<'_>, answer: Answer) -> Step {
        match take_stat(cx, &answer) {
            Some(MqttStat::NotInitialised) => cx.state.subscriptions.clear(),
            None if matches!(answer, Answer::Ok(_)) => {
                if let Some(pause) = self.pause(cx) {
                    return pause;
                }
            }
            Some(_) | None => {}
        }
        Step::Done(Ok(Outcome::Info(ModemInfo {
            model: cx.state.model,
            model_text: self.said.join(" "),
            ..ModemInfo::default()
        })))
    }
}

impl Procedure for Startup {
    fn title(&self) -> String {
        "the start-up dialogue".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Alone
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        state.config.open_timeout + REST
    }

    fn survives_reboot(&self) -> bool {
        true
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match (self.stage, input) {
            (_, Input::BrokerEvent(BrokerEvent::Rebooted)) => {
                self.stage = Stage::Greeting;
                self.greet(cx, Input::Start)
            }
            (Stage::Greeting, input) => self.greet(cx, input),
            (Stage::ModelId | Stage::Identification, Input::Answer(answer, _)) => {
                self.identify(cx, answer)
            }
            (Stage::State, Input::Answer(answer, _)) => self.take_state(cx, answer),
            (Stage::Identification, Input::Timer) => self.ask_model(cx),
            (Stage::WakeLock, Input::Answer(..)) | (Stage::State, Input::Timer) => {
                self.ask_state(cx)
            }
            (_, Input::Start | Input::BrokerEvent(_) | Input::Timer) => Step::Pending,
        }
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        if self.stage == Stage::Greeting && self.greeting.is_knocking() {
            return self.greeting.no_answer(cx);
        }
        Error::new(
            ErrorCode::NoAnswer,
            "the module answered AT and then fell silent; check the power supply and the wiring",
        )
    }
}
