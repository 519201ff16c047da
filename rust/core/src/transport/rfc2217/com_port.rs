//! The settings of the serial port, as RFC 2217 puts them.

use super::LineSettings;
use super::options::{COM_PORT, Options};
use super::telnet::{Signal, subnegotiate};

const SET_BAUDRATE: u8 = 1;
const SET_DATASIZE: u8 = 2;
const SET_PARITY: u8 = 3;
const SET_STOPSIZE: u8 = 4;
const SET_CONTROL: u8 = 5;
const SET_MODEMSTATE_MASK: u8 = 11;
const PURGE_DATA: u8 = 12;
/// The server repeats a command with this added, and with the value it has set.
const ANSWER: u8 = 100;

const PURGE_RECEIVED: u8 = 1;
const PURGE_BOTH: u8 = 3;
const NO_FLOW_CONTROL: u8 = 1;
const DTR_ON_OFF: [u8; 2] = [8, 9];
const RTS_ON_OFF: [u8; 2] = [11, 12];

/// A UART cannot make every speed exactly, and need not: this part of it may be missing, in percent.
const TOLERANCE: u64 = 2;

/// Every setting that has to be confirmed, with its value for 8N1 and its name.
const FRAME: [(u8, u8, &str); 3] = [
    (SET_DATASIZE, 8, "data bits"),
    (SET_PARITY, 1, "parity"),
    (SET_STOPSIZE, 1, "stop bits"),
];

/// Our side of the control of one port: options first, then the settings.
#[derive(Debug)]
pub(super) struct Control {
    options: Options,
    settings: LineSettings,
    /// Whether the settings were sent; not before the server has agreed.
    sent: bool,
    /// The commands whose answers are missing.
    unanswered: Vec<u8>,
    refusal: Option<String>,
}

impl Control {
    pub(super) fn begin(settings: LineSettings, out: &mut Vec<u8>) -> Self {
        Self {
            options: Options::begin(out),
            settings,
            sent: false,
            unanswered: Vec::new(),
            refusal: None,
        }
    }

    pub(super) fn on_signal(&mut self, signal: Signal<'_>, out: &mut Vec<u8>) {
        match signal {
            Signal::Option(verb, option) => {
                self.options.on_verb(verb, option, out);
                self.look_at_options(out);
            }
            Signal::Subnegotiation {
                option: COM_PORT,
                content: [command, value @ ..],
            } => self.on_answer(*command, value),
            Signal::Subnegotiation { .. } => {}
        }
    }

    /// Another speed; what arrived at the last one means nothing.
    pub(super) fn set_baudrate(&mut self, baudrate: u32, out: &mut Vec<u8>) {
        self.settings.baudrate = baudrate;
        subnegotiate(COM_PORT, &[PURGE_DATA, PURGE_RECEIVED], out);
        self.send_baudrate(out);
    }

    /// Whether the port is set up as it was asked for.
    pub(super) fn is_ready(&self) -> bool {
        self.sent && self.unanswered.is_empty()
    }

    /// Why the port cannot be used.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// What the server has not answered yet, in words.
    pub(super) fn missing(&self) -> &'static str {
        if !self.sent {
            return "COM port control (RFC 2217) is not agreed to; a server without it is tcp://";
        }
        match self.unanswered.first() {
            Some(&SET_BAUDRATE) => "the baud rate is not confirmed",
            _ => "data bits, parity or stop bits are not confirmed",
        }
    }

    fn look_at_options(&mut self, out: &mut Vec<u8>) {
        if self.options.refuses_control() {
            self.refuse(
                "the server refuses COM port control (RFC 2217); turn it on there, or use tcp:// and set the port up on the server",
            );
        } else if self.options.refuses_binary() {
            self.refuse("the server refuses binary transmission, without which bytes are changed");
        } else if self.options.controls_the_port() && !self.sent {
            self.sent = true;
            self.send_settings(out);
        }
    }

    fn send_settings(&mut self, out: &mut Vec<u8>) {
        // What arrived before belongs to the client before this one. The servers answer in order,
        // so the answers to what follows show that it is done.
        subnegotiate(COM_PORT, &[PURGE_DATA, PURGE_BOTH], out);
        // Reports of modem lines would only wake the thread that waits for bytes.
        subnegotiate(COM_PORT, &[SET_MODEMSTATE_MASK, 0], out);
        subnegotiate(COM_PORT, &[SET_CONTROL, NO_FLOW_CONTROL], out);
        let LineSettings { dtr, rts, .. } = self.settings;
        for (wish, [on, off]) in [(dtr, DTR_ON_OFF), (rts, RTS_ON_OFF)] {
            if let Some(wish) = wish {
                subnegotiate(COM_PORT, &[SET_CONTROL, if wish { on } else { off }], out);
            }
        }
        self.send_baudrate(out);
        for (command, value, _) in FRAME {
            subnegotiate(COM_PORT, &[command, value], out);
            self.unanswered.push(command);
        }
    }

    fn send_baudrate(&mut self, out: &mut Vec<u8>) {
        let mut content = vec![SET_BAUDRATE];
        content.extend(self.settings.baudrate.to_be_bytes());
        subnegotiate(COM_PORT, &content, out);
        self.unanswered.retain(|command| *command != SET_BAUDRATE);
        self.unanswered.push(SET_BAUDRATE);
    }

    fn on_answer(&mut self, command: u8, value: &[u8]) {
        let Some(command) = command.checked_sub(ANSWER) else {
            return;
        };
        let Some(index) = self.unanswered.iter().position(|asked| *asked == command) else {
            return;
        };
        self.unanswered.remove(index);
        if command == SET_BAUDRATE {
            self.on_baudrate(value);
        } else if let Some((_, asked, name)) = FRAME.iter().find(|(of, ..)| *of == command) {
            if value != [*asked] {
                self.refuse(&format!(
                    "the server does not set 8N1: asked for {asked} as {name} it answers {value:?}"
                ));
            }
        }
    }

    fn on_baudrate(&mut self, value: &[u8]) {
        let asked = self.settings.baudrate;
        let Ok(bytes) = <[u8; 4]>::try_from(value) else {
            self.refuse(&format!("the server does not set {asked} baud"));
            return;
        };
        let set = u32::from_be_bytes(bytes);
        if u64::from(set.abs_diff(asked)) * 100 > u64::from(asked) * TOLERANCE {
            self.refuse(&format!(
                "the server sets {set} baud instead of {asked}; change that there, or open the port with {set} baud"
            ));
        }
    }

    fn refuse(&mut self, why: &str) {
        self.refusal.get_or_insert_with(|| why.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::telnet::Verb;
    use super::*;

    fn agreed() -> Control {
        let mut control = Control::begin(LineSettings::of_speed(9600), &mut Vec::new());
        control.on_signal(Signal::Option(Verb::Do, COM_PORT), &mut Vec::new());
        control
    }

    fn answer(control: &mut Control, command: u8, value: &[u8]) {
        let content: Vec<u8> = [command + ANSWER]
            .into_iter()
            .chain(value.iter().copied())
            .collect();
        let signal = Signal::Subnegotiation {
            option: COM_PORT,
            content: &content,
        };
        control.on_signal(signal, &mut Vec::new());
    }

    #[test]
    fn it_is_ready_once_every_setting_is_confirmed() {
        let mut control = agreed();
        for (command, value, _) in FRAME {
            answer(&mut control, command, &[value]);
            assert!(!control.is_ready());
        }
        answer(&mut control, SET_BAUDRATE, &9600_u32.to_be_bytes());
        assert!(control.is_ready() && control.refusal().is_none());
    }

    #[test]
    fn a_speed_that_a_uart_rounds_is_taken() {
        let mut control = agreed();
        answer(&mut control, SET_BAUDRATE, &9615_u32.to_be_bytes());
        assert_eq!(control.refusal(), None);
    }

    #[test]
    fn another_speed_or_frame_is_a_refusal_that_names_it() {
        let mut control = agreed();
        answer(&mut control, SET_BAUDRATE, &115_200_u32.to_be_bytes());
        assert!(control.refusal().is_some_and(|why| why.contains("115200")));
        let mut control = agreed();
        answer(&mut control, SET_DATASIZE, &[7]);
        let why = control.refusal().expect("7 bits are too few");
        assert!(why.contains("data bits") && why.contains("[7]"), "{why}");
    }

    #[test]
    fn malformed_answers_harm_nothing() {
        let mut control = agreed();
        for (command, value) in [(SET_DATASIZE, &[][..]), (SET_BAUDRATE, &[1, 2])] {
            answer(&mut control, command, value);
            assert!(control.refusal().is_some());
        }
        let nothing = Signal::Subnegotiation {
            option: COM_PORT,
            content: &[],
        };
        control.on_signal(nothing, &mut Vec::new());
        answer(&mut control, 99, &[0]);
    }
}
