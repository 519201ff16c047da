//! Which Telnet options are on, by the rules of RFC 854 that keep two sides from answering each
//! other forever: only a change is answered.

use super::telnet::{self, Verb};

/// Bytes as they are, without which a CR would become two bytes (RFC 856).
pub(super) const BINARY: u8 = 0;
/// No turns of speech (RFC 858).
const SUPPRESS_GO_AHEAD: u8 = 3;
/// RFC 2217.
pub(super) const COM_PORT: u8 = 44;

/// What both sides have agreed on.
#[derive(Debug)]
pub(super) struct Options {
    ours: Side,
    theirs: Side,
}

/// The options of one side.
#[derive(Debug)]
struct Side {
    states: [State; 256],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Off,
    Asked,
    On,
    Refused,
}

impl Options {
    /// Asks for what is needed.
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        let mut options = Self {
            ours: Side::default(),
            theirs: Side::default(),
        };
        for option in [BINARY, SUPPRESS_GO_AHEAD, COM_PORT] {
            options.ours.set(option, State::Asked);
            telnet::say(Verb::Will, option, out);
        }
        for option in [BINARY, SUPPRESS_GO_AHEAD] {
            options.theirs.set(option, State::Asked);
            telnet::say(Verb::Do, option, out);
        }
        options
    }

    pub(super) fn on_verb(&mut self, verb: Verb, option: u8, out: &mut Vec<u8>) {
        let answer = match verb {
            Verb::Do => self.ours.offered(option, Verb::Will, Verb::Wont),
            Verb::Dont => self.ours.refused(option, Verb::Wont),
            Verb::Will => self.theirs.offered(option, Verb::Do, Verb::Dont),
            Verb::Wont => self.theirs.refused(option, Verb::Dont),
        };
        if let Some(answer) = answer {
            telnet::say(answer, option, out);
        }
    }

    pub(super) fn controls_the_port(&self) -> bool {
        self.ours.state(COM_PORT) == State::On
    }

    pub(super) fn refuses_control(&self) -> bool {
        self.ours.state(COM_PORT) == State::Refused
    }

    pub(super) fn refuses_binary(&self) -> bool {
        [&self.ours, &self.theirs]
            .iter()
            .any(|side| side.state(BINARY) == State::Refused)
    }
}

impl Side {
    fn state(&self, option: u8) -> State {
        self.states[usize::from(option)]
    }

    fn set(&mut self, option: u8, state: State) {
        self.states[usize::from(option)] = state;
    }

    fn offered(&mut self, option: u8, yes: Verb, no: Verb) -> Option<Verb> {
        let known = [BINARY, SUPPRESS_GO_AHEAD, COM_PORT].contains(&option);
        match self.state(option) {
            State::Asked => {
                self.set(option, State::On);
                None
            }
            State::On => None,
            _ if known => {
                self.set(option, State::On);
                Some(yes)
            }
            State::Off => {
                self.set(option, State::Refused);
                Some(no)
            }
            // Said once is enough, no matter what the server repeats.
            State::Refused => None,
        }
    }

    fn refused(&mut self, option: u8, agreed: Verb) -> Option<Verb> {
        let was_on = self.state(option) == State::On;
        self.set(option, State::Refused);
        was_on.then_some(agreed)
    }
}

impl Default for Side {
    fn default() -> Self {
        Self {
            states: [State::Off; 256],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Options {
        Options::begin(&mut Vec::new())
    }

    fn answer(options: &mut Options, verb: Verb, option: u8) -> Vec<u8> {
        let mut out = Vec::new();
        options.on_verb(verb, option, &mut out);
        out
    }

    #[test]
    fn an_answer_to_a_question_is_not_answered() {
        let mut options = begun();
        for _ in 0..2 {
            assert!(answer(&mut options, Verb::Do, COM_PORT).is_empty());
            assert!(options.controls_the_port());
        }
    }

    #[test]
    fn an_unknown_option_is_refused_once() {
        const ECHO: u8 = 1;
        let mut options = begun();
        let refusal = vec![telnet::IAC, Verb::Dont.byte(), ECHO];
        assert_eq!(answer(&mut options, Verb::Will, ECHO), refusal);
        assert!(answer(&mut options, Verb::Will, ECHO).is_empty());
    }

    #[test]
    fn an_option_taken_back_is_acknowledged() {
        let mut options = begun();
        answer(&mut options, Verb::Do, COM_PORT);
        let agreed = vec![telnet::IAC, Verb::Wont.byte(), COM_PORT];
        assert_eq!(answer(&mut options, Verb::Dont, COM_PORT), agreed);
        assert!(options.refuses_control());
    }

    #[test]
    fn either_side_can_refuse_binary() {
        for verb in [Verb::Dont, Verb::Wont] {
            let mut options = begun();
            answer(&mut options, verb, BINARY);
            assert!(options.refuses_binary());
        }
    }
}
