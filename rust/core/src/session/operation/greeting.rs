//! Making sure that the module listens: `AT` until it answers, then echo off and numbered errors.
//!
//! Another program may have left it with results in digits (`ATV0`) or without any (`ATQ1`). The
//! former can be recognised, and `ATV1` undoes it; the latter is silence, into which the session sends
//! `ATQ0` now and then.

use std::time::{Duration, Instant};

use m531x_at::command::{Command, General};

use super::{BrokerEvent, Context, Input, Step};
use crate::session::prepared_command::{Answer, PreparedCommand, seconds};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// How long one `AT` is given before the next is sent.
const KNOCK: Duration = Duration::from_millis(400);
/// Each so many `AT` one is given longer, where something was heard, and is `ATQ0` at the start.
const LONG_KNOCK: u32 = 4;
/// How often a module that answers in digits is asked for words.
const MOST_CURES: u32 = 3;
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
    knocks: u32,
    cures: u32,
    /// Nothing is known of what was done to the module before.
    is_first: bool,
}

#[derive(Clone, Copy)]
enum Stage {
    Knock,
    Words,
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
            knocks: 0,
            cures: 0,
            is_first: false,
        }
    }

    /// The same for a module that another program may have used before us.
    pub(super) fn first(patience: Duration) -> Self {
        Self {
            is_first: true,
            ..Self::new(patience)
        }
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_>) -> Progress {
        self.stage = Stage::Knock;
        self.until = Some(cx.now + self.patience);
        self.cures = 0;
        cx.state.heard.restart();
        self.send(cx.state)
    }

    /// Whether it still waits for the first answer.
    pub(super) fn is_knocking(&self) -> bool {
        matches!(self.stage, Stage::Knock)
    }

    pub(super) fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Progress {
        match input {
            Input::Start | Input::BrokerEvent(BrokerEvent::Rebooted) => self.start(cx),
            Input::BrokerEvent(_) | Input::Timer => Progress::Step(Step::Pending),
            Input::Answer(Answer::TimedOut(_) | Answer::Hidden, _) => {
                if !self.is_knocking() {
                    return self.start(cx);
                }
                if cx.state.heard.ends_with_number() && self.cures < MOST_CURES {
                    self.cures += 1;
                    cx.state.heard.forget_number();
                    return Progress::Step(Step::send(other_knock("ATV1", cx.state)));
                }
                if self.until.is_some_and(|until| until <= cx.now) {
                    return Progress::NoAnswer;
                }
                self.send(cx.state)
            }
            // A module that refuses a setting does listen.
            Input::Answer(Answer::Ok(_) | Answer::Refused(_), _) => {
                let in_digits = cx.state.heard.ends_with_number();
                cx.state.heard.answer();
                self.stage = match self.stage {
                    Stage::Knock if in_digits => Stage::Words,
                    Stage::Knock | Stage::Words => Stage::EchoOff,
                    Stage::EchoOff => Stage::NumberedErrors,
                    Stage::NumberedErrors => return Progress::Done,
                };
                self.send(cx.state)
            }
        }
    }

    /// The error when nothing has answered.
    pub(super) fn no_answer(&self, cx: &Context<'_>) -> Error {
        let heard = &cx.state.heard;
        let waited = seconds(self.patience);
        let text = match heard.count() {
            0 => format!(
                "nothing answers AT within {waited}: check wiring (RX and TX crossed, level shifter), power and \
                 baud rate; an M5310-A speaks 9600 baud, the others 115200"
            ),
            count => format!(
                "received {count} bytes that are no AT answer within {waited} ({}): wrong speed or another \
                 device? An M5310-A speaks 9600 baud, the others 115200",
                heard.shown()
            ),
        };
        Error::new(ErrorCode::NoAnswer, text)
    }

    fn send(&mut self, state: &SessionState) -> Progress {
        Progress::Step(Step::send(match self.stage {
            Stage::Knock => self.knock(state),
            Stage::Words => PreparedCommand::raw("ATV1", &state.profile, SETTING),
            Stage::EchoOff => setting(General::Echo(false), state),
            Stage::NumberedErrors => setting(General::CmeeSet(1), state),
        }))
    }
}

impl Greeting {
    /// A message that was cut short before the port was opened takes the answers for its payload,
    /// until nothing comes for as long as the silence limit.
    fn knock(&mut self, state: &SessionState) -> Result<PreparedCommand, Error> {
        self.knocks = self.knocks.wrapping_add(1);
        let long = self.knocks % LONG_KNOCK == 0;
        let mut prepared = if long && self.is_first {
            other_knock("ATQ0", state)?
        } else {
            knock(state)?
        };
        if self.is_first {
            // There may be no time for more than one.
            prepared.timeout = prepared.timeout.min(self.patience);
        }
        if long && state.heard.count() > 0 {
            prepared.timeout += state.config.silence_limit;
        }
        Ok(prepared)
    }
}

/// One `AT`, sent at once and not waited for long.
pub(super) fn knock(state: &SessionState) -> Result<PreparedCommand, Error> {
    let prepared = PreparedCommand::new(&Command::General(General::At), &state.profile, KNOCK)?;
    Ok(at_once(prepared))
}

/// Another command that any module answers that listens.
fn other_knock(line: &str, state: &SessionState) -> Result<PreparedCommand, Error> {
    Ok(at_once(PreparedCommand::raw(line, &state.profile, KNOCK)?))
}

fn at_once(mut prepared: PreparedCommand) -> PreparedCommand {
    prepared.forced = true;
    // Asking again is this file's matter.
    prepared.repeatable = false;
    prepared
}

/// A setting that a listening module answers at once.
pub(super) fn setting(general: General, state: &SessionState) -> Result<PreparedCommand, Error> {
    PreparedCommand::new(&Command::General(general), &state.profile, SETTING)
}

/// The command that keeps this model awake, if it would fall asleep by itself.
pub(super) fn wake_lock(state: &SessionState) -> Option<Result<PreparedCommand, Error>> {
    let lock = state.model.and(state.profile.wake_lock)?;
    Some(PreparedCommand::raw(lock, &state.profile, SETTING))
}
