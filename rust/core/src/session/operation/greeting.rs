//! Making sure that the module listens: `AT` until it answers, then echo off and numbered errors.

use std::time::{Duration, Instant};

use m531x_at::command::{Command, General};

use super::{Context, Input, Notice, Step};
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Wire};
use crate::{Error, ErrorCode};

/// How long one `AT` is given before the next is sent.
const KNOCK: Duration = Duration::from_millis(400);
/// Each so many `AT` one is given longer, where something was heard.
const LONG_KNOCK: u32 = 4;
const SETTING: Duration = Duration::from_secs(3);

/// How a [`Greeting`] goes on.
pub(super) enum Progress {
    Step(Step),
    /// The module listens.
    Done,
    /// Nothing answered in the time that was given.
    NoAnswer,
}

/// `AT` as often as it takes, `ATE0`, `AT+CMEE=1`.
pub(super) struct Greeting {
    stage: Stage,
    patience: Duration,
    until: Option<Instant>,
    heard: u64,
    knocks: u32,
}

#[derive(Clone, Copy)]
enum Stage {
    Knock,
    EchoOff,
    NumberedErrors,
}

impl Greeting {
    /// Gives up when nothing has answered for `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            stage: Stage::Knock,
            patience,
            until: None,
            heard: 0,
            knocks: 0,
        }
    }

    pub(super) fn start(&mut self, cx: &Context<'_>) -> Progress {
        self.stage = Stage::Knock;
        self.until = Some(cx.now + self.patience);
        self.heard = cx.shared.stats.bytes_received;
        self.send(cx.shared)
    }

    /// Whether it still waits for the first answer.
    pub(super) fn is_knocking(&self) -> bool {
        matches!(self.stage, Stage::Knock)
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: Input<'_>) -> Progress {
        match input {
            Input::Start | Input::Notice(Notice::Rebooted) => self.start(cx),
            Input::Notice(_) | Input::Timer => Progress::Step(Step::Stay),
            Input::Answer(Answer::TimedOut(_) | Answer::Hidden, _) => {
                if !self.is_knocking() {
                    return self.start(cx);
                }
                if self.until.is_some_and(|until| until <= cx.now) {
                    return Progress::NoAnswer;
                }
                self.send(cx.shared)
            }
            // A module that refuses a setting does listen.
            Input::Answer(Answer::Ok(_) | Answer::Refused(_), _) => {
                self.stage = match self.stage {
                    Stage::Knock => Stage::EchoOff,
                    Stage::EchoOff => Stage::NumberedErrors,
                    Stage::NumberedErrors => return Progress::Done,
                };
                self.send(cx.shared)
            }
        }
    }

    /// The error when nothing has answered.
    pub(super) fn no_answer(&self, cx: &Context<'_>) -> Error {
        let heard = cx.shared.stats.bytes_received.saturating_sub(self.heard);
        let hint = if heard == 0 {
            "check wiring (RX and TX crossed, level shifter), power and baud rate".to_owned()
        } else {
            format!("{heard} bytes came that are no answer, so the baud rate is likely wrong")
        };
        Error::new(
            ErrorCode::NoAnswer,
            format!(
                "nothing answers AT within {}: {hint}; an M5310-A speaks 9600 baud, the others \
                 115200",
                crate::session::wire::seconds(self.patience)
            ),
        )
    }

    fn send(&mut self, shared: &Shared) -> Progress {
        Progress::Step(Step::send(match self.stage {
            Stage::Knock => self.knock(shared),
            Stage::EchoOff => setting(General::Echo(false), shared),
            Stage::NumberedErrors => setting(General::CmeeSet(1), shared),
        }))
    }
}

impl Greeting {
    /// A message that was cut short before the port was opened takes the answers for its payload,
    /// until nothing comes for as long as the silence limit.
    fn knock(&mut self, shared: &Shared) -> Result<Wire, Error> {
        self.knocks = self.knocks.wrapping_add(1);
        let mut wire = knock(shared)?;
        if self.knocks % LONG_KNOCK == 0 && shared.stats.bytes_received > self.heard {
            wire.timeout += shared.config.silence_limit;
        }
        Ok(wire)
    }
}

/// One `AT`, sent at once and not waited for long.
pub(super) fn knock(shared: &Shared) -> Result<Wire, Error> {
    let mut wire = Wire::new(&Command::General(General::At), &shared.profile, KNOCK)?;
    wire.forced = true;
    // Asking again is this file's matter.
    wire.repeatable = false;
    Ok(wire)
}

/// A setting that a listening module answers at once.
pub(super) fn setting(general: General, shared: &Shared) -> Result<Wire, Error> {
    Wire::new(&Command::General(general), &shared.profile, SETTING)
}

/// The command that keeps this model awake, if it would fall asleep by itself.
pub(super) fn wake_lock(shared: &Shared) -> Option<Result<Wire, Error>> {
    let lock = shared.model.and(shared.profile.wake_lock)?;
    Some(Wire::raw(lock, &shared.profile, SETTING))
}
