//! The session and the virtual module, face to face on virtual time, with everything that may go wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use m531x_core::Recovery;
use m531x_core::session::{RequestKind, SessionConfig};
use m531x_virtual_modem::module::ModuleConfig;
use m531x_virtual_modem::{Fault, Firmware, Model};

use crate::request::request;
use crate::script::{acts, number, pair, text};
use crate::simulation::Simulation;
use m531x_test_support::module::{Answers, Rig};

const HOUR: Duration = Duration::from_secs(3600);

/// The first byte chooses the model and the lineage of its firmware, the second act the faults, by their names; then acts: `b` begins
/// a request, `g` gives the oldest up, `w` waits, `d` is a message of the broker, `n` and `y` silence
/// the broker and give it back its voice, `l` ends its connection, `c` and `v` cut and restore the
/// network, `z` is sleep, `r` a reboot, and all else is said by the module out of turn.
pub fn session_with_module(input: &[u8]) {
    let mut acts = acts(input);
    let (Some(choice), Some(faults)) = (acts.next(), acts.next()) else {
        return;
    };
    let mut dialogue = Dialogue::new(choice.first().copied().unwrap_or(0), faults);
    for act in acts {
        dialogue.act(act);
    }
    dialogue.end();
}

struct Dialogue {
    simulation: Simulation,
    rig: Rig,
    /// What the broker sent; `None` once something else may look like it, or like an answer.
    delivered: Option<BTreeSet<(String, Vec<u8>)>>,
    /// No fault keeps the module from being understood.
    lively: bool,
}

impl Dialogue {
    fn new(choice: u8, faults: &[u8]) -> Self {
        let model = Model::ALL[usize::from(choice & 3) % Model::ALL.len()];
        // The model's own at first.
        let lineage = usize::from(choice >> 5 & 3).checked_sub(1);
        let lineage = lineage.and_then(|number| Firmware::ALL.get(number).copied());
        let faults: Vec<Fault> = text(faults)
            .split_whitespace()
            .filter_map(|fault| fault.parse().ok())
            .collect();
        let clean = !faults.iter().any(damages);
        let lively = !faults.iter().any(deafens);
        let rig = Rig::with(ModuleConfig {
            model,
            firmware: lineage,
            seed: u64::from(choice),
            baudrate: (choice & 4 != 0).then_some(9600),
            faults,
            ..ModuleConfig::default()
        });
        let mut simulation = Simulation::new(SessionConfig {
            model: (choice & 8 == 0).then_some(model),
            recovery: Recovery {
                enabled: choice & 16 == 0,
                max_attempts: Some(5),
                seed: Some(0),
                ..Recovery::default()
            },
            ..SessionConfig::default()
        });
        simulation.now = rig.now;
        Self {
            simulation,
            rig,
            delivered: clean.then(BTreeSet::new),
            lively,
        }
    }

    fn act(&mut self, act: &[u8]) {
        match act.split_first() {
            Some((b'b', rest)) => {
                if let Some(request) = request(rest) {
                    self.simulation.begin(request);
                }
            }
            Some((b'g', [])) => self.simulation.abandon_oldest(),
            Some((b'w', rest)) => self.wait(Duration::from_millis(number(rest).0 % 200_000)),
            Some((b'd', rest)) => self.deliver(rest),
            Some((b'n', [])) => self.rig.answers = Answers::NONE,
            Some((b'y', [])) => self.rig.answers = Answers::ALL,
            Some((b'l', [])) => self.rig.module.handle_network_lost(self.rig.now, "gone"),
            Some((b'c', [])) => self.rig.module.cut_network(self.rig.now),
            Some((b'v', [])) => self.rig.module.restore_network(self.rig.now),
            Some((b'z', [])) => self.rig.module.sleep(self.rig.now),
            Some((b'r', [])) => self.rig.module.reboot(self.rig.now),
            _ => {
                self.delivered = None;
                self.rig.module.inject(self.rig.now, act);
            }
        }
        self.exchange();
    }

    fn deliver(&mut self, rest: &[u8]) {
        let (options, rest) = number(rest);
        let (topic, payload) = pair(rest);
        if topic.len() + payload.len() > 16_000 {
            return;
        }
        let topic = text(topic);
        if let Some(delivered) = &mut self.delivered {
            delivered.insert((topic.clone(), payload.to_vec()));
        }
        let qos = u8::try_from(options % 3).unwrap_or(0);
        self.rig.deliver(&topic, payload, qos, 1);
    }

    /// Hands what each has said to the other, until both are silent.
    fn exchange(&mut self) {
        loop {
            let lines = std::mem::take(&mut self.simulation.sent);
            for line in &lines {
                self.rig.send_bytes(line);
            }
            self.rig.pass(Duration::ZERO);
            let said = self.rig.said_bytes();
            if !said.is_empty() {
                self.simulation.say(&said);
            } else if lines.is_empty() {
                return;
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.simulation.now + time;
        self.exchange();
        loop {
            let due = [
                self.simulation.session.poll_timeout(),
                self.rig.module.poll_timeout(),
            ];
            let next = due.into_iter().flatten().min().unwrap_or(end).min(end);
            self.rig.pass(next.saturating_duration_since(self.rig.now));
            self.exchange();
            self.simulation.elapse(next);
            self.exchange();
            if next == end {
                return;
            }
        }
    }

    /// Whatever was said, with the module talking on and the broker there again: in these times a message
    /// is delivered, and a command answered, which may have to wait for others that were lost.
    fn check_liveness(&mut self) {
        const DELIVERED: Duration = Duration::from_secs(60);
        const ANSWERED: Duration = Duration::from_secs(600);
        const TICK: Duration = Duration::from_secs(1);
        const TRAFFIC: &[u8] = b"\r\n+CEREG: 1\r\n+MQTTPUBLISH:0,0,0,0,live,4,live\r\n";
        let live = ("live".to_owned(), b"live".to_vec());
        if let Some(delivered) = &mut self.delivered {
            delivered.insert(live.clone());
        }
        self.rig.answers = Answers::ALL;
        self.rig.module.restore_network(self.rig.now);
        let (answered, before) = (self.simulation.answered, self.simulation.messages.len());
        let start = self.simulation.now;
        loop {
            let is_answered = self.simulation.answered > answered;
            let mut new = self.simulation.messages[before..].iter();
            let is_delivered = new.any(|message| message.payload == live.1);
            if is_answered && is_delivered {
                return;
            }
            let time = self.simulation.now - start;
            assert!(is_delivered || time < DELIVERED, "no message is delivered");
            assert!(is_answered || time < ANSWERED, "no command is answered");
            if !self.simulation.asks() {
                self.simulation.begin(RequestKind::Signal.into());
            }
            self.rig.module.inject(self.rig.now, TRAFFIC);
            self.wait(TICK);
        }
    }

    fn end(&mut self) {
        if self.lively {
            self.check_liveness();
        }
        for _ in 0..6 {
            self.wait(HOUR);
            if self.simulation.all_have_ended() {
                break;
            }
        }
        assert!(
            self.simulation.all_have_ended(),
            "an operation does not end"
        );
        let Some(delivered) = &self.delivered else {
            return;
        };
        assert!(
            self.rig.sent(3) >= self.simulation.published,
            "a publish was reported complete that was not sent"
        );
        for message in &self.simulation.messages {
            let entry = (message.topic.clone(), message.payload.clone());
            assert!(
                message.truncated || message.ambiguous || delivered.contains(&entry),
                "nobody sent {message:?}"
            );
        }
    }
}

/// Whether a fault can make one thing look like another.
fn damages(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Garbage(_)
            | Fault::DropBytes(_)
            | Fault::DeclaredLonger(..)
            | Fault::NoFinalCrlf(_)
            | Fault::RebootAt(_)
    )
}

/// Whether a fault can keep every answer from being understood, or let none come in time.
fn deafens(fault: &Fault) -> bool {
    const LONG: Duration = Duration::from_secs(3);
    match fault {
        Fault::Garbage(_) | Fault::DropBytes(_) | Fault::Silent => true,
        Fault::Delay(_, time) | Fault::MergeWrites(time) => *time > LONG,
        _ => false,
    }
}
