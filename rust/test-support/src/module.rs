//! A module on virtual time, with a scripted broker behind it.

use std::time::{Duration, Instant};

use m531x_virtual_modem::module::{Module, ModuleConfig, NetworkAction};
use m531x_virtual_modem::{Fault, Firmware, Model};

use crate::mqtt::{body, publish, take_packet};

/// Which packets the scripted broker answers.
#[derive(Clone, Copy)]
pub struct Answers {
    pub dial: bool,
    pub connect: Option<(u8, bool)>,
    pub publish: bool,
    pub subscribe: bool,
    pub unsubscribe: bool,
    pub ping: bool,
}

impl Answers {
    pub const ALL: Self = Self {
        dial: true,
        connect: Some((0, false)),
        publish: true,
        subscribe: true,
        unsubscribe: true,
        ping: true,
    };
    /// Connections open, and then nothing is sent.
    pub const NONE: Self = Self {
        dial: true,
        connect: None,
        publish: false,
        subscribe: false,
        unsubscribe: false,
        ping: false,
    };
}

pub struct Rig {
    pub module: Module,
    pub start: Instant,
    pub now: Instant,
    pub answers: Answers,
    /// The first byte of every packet the module sent.
    pub packets: Vec<u8>,
    /// What left the module, write by write, with the time of each.
    pub writes: Vec<(Duration, Vec<u8>)>,
    /// Every packet the module sent.
    pub sent: Vec<Vec<u8>>,
    taken: usize,
    unsent: Vec<u8>,
}

impl Rig {
    pub fn new(model: Model) -> Self {
        Self::with(ModuleConfig {
            model,
            ..ModuleConfig::default()
        })
    }

    pub fn faulty(model: Model, seed: u64, faults: &[&str]) -> Self {
        let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        Self::with(ModuleConfig {
            model,
            seed,
            faults,
            ..ModuleConfig::default()
        })
    }

    /// A module with the vendor's firmware, some traits of it switched.
    pub fn vendor(switched: &[&str]) -> Self {
        Self::with(ModuleConfig {
            firmware: Some(Firmware::Vendor),
            seed: 1,
            faults: switched.iter().map(|one| one.parse().unwrap()).collect(),
            ..ModuleConfig::default()
        })
    }

    pub fn with(config: ModuleConfig) -> Self {
        let start = Instant::now();
        Self {
            module: Module::new(start, config),
            start,
            now: start,
            answers: Answers::ALL,
            packets: Vec::new(),
            writes: Vec::new(),
            sent: Vec::new(),
            taken: 0,
            unsent: Vec::new(),
        }
    }

    /// Configured and connected, with numbered errors; what was said is taken.
    #[must_use]
    pub fn connected(mut self) -> Self {
        self.send("ATE0");
        self.send("AT+CMEE=1");
        self.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
        self.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
        assert!(self.said().contains("+MQTTOPEN:"));
        self
    }

    /// Lets time pass for so long, and returns what was sent and when, in tenths of a second from now.
    pub fn watch(&mut self, seconds: u64) -> Vec<(u64, String)> {
        let start = self.now;
        let mut seen = Vec::new();
        self.said();
        for _ in 0..seconds * 10 {
            self.pass(Duration::from_millis(100));
            let tenths = u64::try_from((self.now - start).as_millis() / 100).unwrap();
            seen.extend(self.lines().into_iter().map(|line| (tenths, line)));
        }
        seen
    }

    /// What `AT+MQTTSTAT?` reports.
    pub fn stat(&mut self) -> u8 {
        let answer = self.ask("AT+MQTTSTAT?");
        let digit = answer.bytes().find(u8::is_ascii_digit).unwrap();
        digit - b'0'
    }

    /// Sends a command with its CR, and lets happen what happens at once.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r").as_bytes());
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.module.handle_serial(self.now, bytes);
        self.settle();
    }

    /// Sends a command and returns everything said up to now in answer.
    pub fn ask(&mut self, line: &str) -> String {
        self.said();
        self.send(line);
        self.said()
    }

    /// What was said since the last call.
    pub fn said(&mut self) -> String {
        self.settle();
        String::from_utf8_lossy(&self.said_bytes()).into_owned()
    }

    pub fn said_bytes(&mut self) -> Vec<u8> {
        let said = self.writes[self.taken..]
            .iter()
            .flat_map(|(_, bytes)| bytes.clone())
            .collect();
        self.taken = self.writes.len();
        said
    }

    /// The lines said since the last call, without the empty ones.
    pub fn lines(&mut self) -> Vec<String> {
        self.said()
            .split("\r\n")
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Lets time pass, event by event.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        let mut turns = 0;
        while let Some(at) = self.module.poll_timeout().filter(|at| *at <= end) {
            turns += 1;
            assert!(turns < 100_000, "the module wakes up for nothing");
            self.now = self.now.max(at);
            self.module.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    pub fn pass_seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// How many packets of this kind (the first byte's high half) the module sent.
    pub fn sent(&self, kind: u8) -> usize {
        self.packets
            .iter()
            .filter(|first| **first >> 4 == kind)
            .count()
    }

    /// The broker sends a message.
    pub fn deliver(&mut self, topic: &str, payload: &[u8], qos: u8, packet_id: u16) {
        let packet = publish(qos, packet_id, false, topic, payload);
        self.module.handle_network_bytes(self.now, &packet);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(bytes) = self.module.poll_serial(self.now) {
                self.writes.push((self.elapsed(), bytes));
                moved = true;
            }
            while let Some(action) = self.module.poll_network() {
                moved = true;
                match action {
                    NetworkAction::Connect { .. } => {
                        self.unsent.clear();
                        if self.answers.dial && !self.module.network_cut() {
                            self.module.handle_connected(self.now);
                        }
                    }
                    NetworkAction::Send(bytes) => self.unsent.extend(bytes),
                    NetworkAction::Close => {}
                }
            }
            while let Some(packet) = take_packet(&mut self.unsent) {
                moved = true;
                self.packets.push(packet[0]);
                self.sent.push(packet.clone());
                if let Some(answer) = self.answer(&packet) {
                    self.module.handle_network_bytes(self.now, &answer);
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// The ids of the PUBLISH packets of QoS 1 and 2, SUBSCRIBE and UNSUBSCRIBE that the module sent.
    pub fn ids(&self) -> Vec<u16> {
        let ids = self.sent.iter().filter_map(|packet| {
            let body = body(packet);
            let at = match packet[0] >> 4 {
                3 if packet[0] & 6 == 0 => return None,
                3 => 2 + usize::from(u16::from_be_bytes([body[0], body[1]])),
                8 | 10 => 0,
                _ => return None,
            };
            Some(u16::from_be_bytes([body[at], body[at + 1]]))
        });
        ids.collect()
    }

    fn answer(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let answers = self.answers;
        let body = body(packet);
        match packet[0] >> 4 {
            1 => answers
                .connect
                .map(|(code, session)| vec![0x20, 2, session.into(), code]),
            3 => {
                let qos = packet[0] >> 1 & 3;
                let id = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                let acks = [0, 0x40, 0x50];
                (answers.publish && qos > 0)
                    .then(|| vec![acks[usize::from(qos)], 2, body[id], body[id + 1]])
            }
            6 => answers.publish.then(|| vec![0x70, 2, body[0], body[1]]),
            8 => answers
                .subscribe
                .then(|| vec![0x90, 3, body[0], body[1], *body.last().unwrap()]),
            10 => answers.unsubscribe.then(|| vec![0xb0, 2, body[0], body[1]]),
            12 => answers.ping.then(|| vec![0xd0, 0]),
            _ => None,
        }
    }
}
