//! atat's blocking client, with the ingress on a thread of its own as its documentation has it.

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;

use atat::blocking::AtatClient;
use atat::digest::{ParseError, parser};
use atat::{
    AtDigester, AtatCmd, AtatIngress, AtatResp, AtatUrc, Config, Ingress, InternalError, Parser,
    ResponseSlot, UrcChannel,
};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::{Host, Seen};

const BUFFER: usize = 4096;
type Slot = ResponseSlot<BUFFER>;

/// A URC, whole.
#[derive(Clone)]
struct Urc(String);

impl AtatUrc for Urc {
    fn parse(line: &[u8]) -> Option<Self> {
        Some(Self(String::from_utf8_lossy(line).into_owned()))
    }
}

impl Parser for Urc {
    fn parse(bytes: &[u8]) -> Result<(&[u8], usize), ParseError> {
        const TOKENS: [&str; 6] = [
            "+MQTTPUBLISH",
            "+MQTTPUBACK",
            "+MQTTOPEN",
            "+MQTTDISC",
            "+MQTTTO",
            "+CEREG",
        ];
        for token in TOKENS {
            if let Some(result) = parser::try_urc(parser::urc_helper(token), bytes) {
                return result;
            }
        }
        Err(ParseError::NoMatch)
    }
}

/// Any command, answered by lines.
struct Ask<'a>(&'a str);

struct Lines(Vec<String>);

impl AtatResp for Lines {}

impl AtatCmd for Ask<'_> {
    type Response = Lines;
    const MAX_TIMEOUT_MS: u32 = 3000;

    fn write(&self, buffer: &mut [u8]) -> usize {
        let line = format!("{}\r\n", self.0);
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        line.len()
    }

    fn parse(&self, answer: Result<&[u8], InternalError<'_>>) -> Result<Lines, atat::Error> {
        let text = String::from_utf8_lossy(answer?).into_owned();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(Lines(lines.map(String::from).collect()))
    }
}

/// The port, as atat wants to write to it.
struct Port(File);

impl embedded_io::ErrorType for Port {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Write for Port {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.0
            .write(bytes)
            .map_err(|_| embedded_io::ErrorKind::Other)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

pub(super) struct Client {
    client: atat::blocking::Client<'static, Port, BUFFER>,
    urcs: Arc<Mutex<Vec<String>>>,
}

impl Client {
    pub(super) fn open(port: &str) -> Result<Self, Box<dyn Error>> {
        let mut reader = File::options().read(true).write(true).open(port)?;
        let mut settings = tcgetattr(&reader)?;
        settings.make_raw();
        tcsetattr(&reader, OptionalActions::Now, &settings)?;
        let writer = reader.try_clone()?;

        // atat's parts borrow from each other for as long as the device exists: a leak for each round.
        let slot: &'static Slot = Box::leak(Box::new(Slot::new()));
        let channel = Box::leak(Box::new(UrcChannel::<Urc, 32, 1>::new()));
        let mut subscription = channel.subscribe().map_err(|error| format!("{error:?}"))?;
        let buffer = Box::leak(vec![0; BUFFER].into_boxed_slice());
        let mut ingress = Ingress::new(AtDigester::<Urc>::new(), buffer, slot, channel);
        let urcs = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&urcs);
        thread::spawn(move || {
            loop {
                let room = ingress.write_buf();
                if room.is_empty() {
                    ingress.clear();
                    continue;
                }
                let Ok(count @ 1..) = reader.read(room) else {
                    return;
                };
                if ingress.try_advance(count).is_err() {
                    ingress.clear();
                }
                while let Some(urc) = subscription.try_next_message_pure() {
                    if let Ok(mut seen) = seen.lock() {
                        seen.push(urc.0);
                    }
                }
            }
        });
        let mut client = Self {
            client: atat::blocking::Client::new(
                Port(writer),
                slot,
                Box::leak(vec![0; 256].into_boxed_slice()),
                Config::default(),
            ),
            urcs,
        };
        client.ask("ATE0")?;
        Ok(client)
    }
}

impl Host for Client {
    fn ask(&mut self, command: &str) -> Result<Vec<String>, Box<dyn Error>> {
        match self.client.send(&Ask(command)) {
            Ok(lines) => Ok(lines.0),
            Err(atat::Error::Timeout) => Err("no answer in time".into()),
            Err(error) => Err(format!("ERROR: {error:?}").into()),
        }
    }

    fn end(self: Box<Self>) -> Seen {
        Seen {
            events: self
                .urcs
                .lock()
                .map_or_else(|_| Vec::new(), |urcs| urcs.clone()),
            ..Seen::default()
        }
    }
}
