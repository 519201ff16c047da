//! The signal quality: `AT+CSQ` (3GPP TS 27.007, 8.5).

use m531x_at::command::{Command, General};
use m531x_at::response::SignalLine;

use super::{Context, Input, Procedure, Step, lines_of, no_line};
use crate::session::{Outcome, Signal};

pub(super) struct ReadSignal;

impl Procedure for ReadSignal {
    fn title(&self) -> String {
        "reading the signal quality".to_owned()
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => Step::send(cx.state.prepare(&Command::General(General::SignalQuality))),
            Input::Answer(answer, prepared) => {
                Step::Done(lines_of(answer, prepared, cx.state).and_then(|lines| {
                    let line = lines.iter().find_map(|l| SignalLine::parse(l.as_bytes()));
                    line.map(|line| Outcome::Signal(signal(line)))
                        .ok_or_else(|| no_line(prepared, &lines))
                }))
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
        }
    }
}

fn signal(line: SignalLine) -> Signal {
    Signal {
        rssi_dbm: line.rssi_dbm(),
        ber: (line.ber <= 7).then_some(line.ber),
        raw: (line.rssi, line.ber),
    }
}
