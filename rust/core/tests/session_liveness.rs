//! Whoever may publish cannot stop it: commands go on being answered and messages delivered, with
//! traffic going on.

#[path = "../../at/tests/smuggling_corpus/mod.rs"]
mod smuggling_corpus;

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use m531x_at::framer::silence_limit;
use m531x_core::session::{OperationId, Outcome, SessionConfig};
use m531x_core::{Model, MqttState};
use m531x_test_support::session::{Rig, SECOND, command, config, ms};
use smuggling_corpus::attacks;

const MODELS: [Model; 2] = [Model::M5310A, Model::M5311];
/// The module takes so long to answer.
const ANSWER: Duration = Duration::from_millis(40);
/// An ordinary message comes so often.
const ORDINARY: Duration = Duration::from_millis(250);
/// Whatever was said, so much later a command has been answered and a message delivered: three
/// silence limits end any reading, and an answer that may be lost is asked for again.
const STATED: Duration = Duration::from_secs(10);

/// A module that answers and goes on receiving, and a caller who asks without a pause.
struct Live {
    rig: Rig,
    spelling: &'static str,
    to_say: VecDeque<(Instant, Vec<u8>)>,
    asked: Option<OperationId>,
    answered: usize,
    failed: Vec<String>,
    ordinary_at: Instant,
    ordinary: usize,
}

impl Live {
    fn new(model: Model, filter: &str) -> Self {
        let baudrate = model.profile().baudrate;
        let mut rig = Rig::with(SessionConfig {
            model: Some(model),
            baudrate,
            silence_limit: silence_limit(baudrate),
            ..config()
        });
        rig.connect();
        rig.subscribe(filter, 1);
        Self {
            spelling: if model == Model::M5310A { "" } else { " " },
            to_say: VecDeque::new(),
            asked: None,
            answered: 0,
            failed: Vec::new(),
            ordinary_at: rig.now + ORDINARY,
            ordinary: 0,
            rig,
        }
    }

    fn publish(&self, topic: &str, payload: &[u8]) -> Vec<u8> {
        let header = format!(
            "+MQTTPUBLISH:{}0,0,0,0,{topic},{},",
            self.spelling,
            payload.len()
        );
        [header.as_bytes(), payload, b"\r\n"].concat()
    }

    fn say(&mut self, bytes: Vec<u8>) {
        self.to_say.push_back((self.rig.now, bytes));
    }

    /// Ten milliseconds.
    fn step(&mut self) {
        if self.asked.is_some_and(|id| self.rig.is_done(id)) {
            let id = self.asked.take().expect("it is done");
            match self.rig.result(id) {
                Ok(Outcome::Lines(lines)) => {
                    assert_eq!(lines, ["+CSQ: 20,99"]);
                    self.answered += 1;
                }
                other => self.failed.push(format!("{other:?}")),
            }
        }
        if self.asked.is_none() {
            self.asked = Some(self.rig.begin(command("AT+CSQ")));
        }
        while let Some(line) = self.rig.next_sent() {
            let answer = match line.as_str() {
                "AT+CSQ" => "\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
                "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n",
                "AT+CMEE?" => "\r\n+CMEE: 1\r\n\r\nOK\r\n",
                _ => "\r\nOK\r\n",
            };
            self.to_say
                .push_back((self.rig.now + ANSWER, answer.into()));
        }
        if self.ordinary_at <= self.rig.now {
            self.ordinary_at += ORDINARY;
            self.ordinary += 1;
            let message = self.publish("meter/17", format!("v={}", self.ordinary).as_bytes());
            self.say(message);
        }
        while let Some((_, bytes)) = self.next_due() {
            self.rig.reply(bytes);
        }
        self.rig.advance(ms(10));
    }

    fn next_due(&mut self) -> Option<(Instant, Vec<u8>)> {
        let due = self.to_say.iter().position(|(at, _)| *at <= self.rig.now)?;
        self.to_say.remove(due)
    }

    fn run(&mut self, time: Duration) {
        let end = self.rig.now + time;
        while self.rig.now < end {
            self.step();
        }
    }

    /// The ordinary messages that were delivered, in order and each once.
    fn delivered(&self) -> usize {
        let payloads: Vec<String> = self
            .rig
            .messages()
            .iter()
            .filter(|message| message.topic == "meter/17")
            .map(|message| String::from_utf8_lossy(&message.payload).into_owned())
            .collect();
        let mut expected = 1..;
        for payload in &payloads {
            let number: usize = payload[2..].parse().expect("a number");
            assert!(
                expected.any(|next| next == number),
                "{payload} out of order: {payloads:?}"
            );
        }
        payloads.len()
    }
}

/// Answers, messages delivered and messages sent in 30 seconds with this message every so often, and
/// commands that failed.
fn rates(
    model: Model,
    filter: &str,
    topic: &str,
    payload: &[u8],
    every: Option<Duration>,
) -> [usize; 4] {
    let mut live = Live::new(model, filter);
    let message = live.publish(topic, payload);
    let end = live.rig.now + 30 * SECOND;
    live.say(message.clone());
    while live.rig.now < end {
        live.run(every.unwrap_or(30 * SECOND));
        live.say(message.clone());
    }
    assert_eq!(live.rig.session.mqtt_state(), MqttState::Connected);
    [
        live.answered,
        live.delivered(),
        live.ordinary,
        live.failed.len(),
    ]
}

#[test]
fn a_reading_longer_than_the_module_delivers_holds_up_nothing() {
    for model in MODELS {
        for filter in ["#", "+/#"] {
            let topic = if filter == "#" {
                "a,60000,b"
            } else {
                "a/b,60000,b/c"
            };
            let [calm, ..] = rates(model, filter, "a", b"x", None);
            for every in [None, Some(SECOND), Some(ms(200))] {
                let [answered, delivered, sent, failed] = rates(model, filter, topic, b"x", every);
                let context = format!("{model} {filter} {every:?}: {answered} of {calm}");
                assert!(2 * answered > calm, "{context}");
                assert_eq!(delivered, sent, "{context}");
                assert_eq!(failed, 0, "{context}");
            }
        }
    }
}

/// A reading that the module could deliver is waited for, but not for ever: docs/security.md says how
/// long. Every message is delivered, and where such messages come seldom enough, commands go on at
/// half their rate or more.
#[test]
fn a_reading_that_the_module_could_deliver_holds_up_an_answer_for_a_time() {
    for model in MODELS {
        let limit = silence_limit(model.profile().baudrate);
        let [calm, ..] = rates(model, "#", "a", b"x", None);
        for length in [30, 300, 3000, 8192] {
            let topic = format!("a,{length},b");
            for every in [None, Some(4 * limit), Some(ms(970)), Some(ms(110))] {
                let [answered, delivered, sent, failed] = rates(model, "#", &topic, b"x", every);
                let context = format!(
                    "{model} {length} {every:?}: {answered} of {calm}, {delivered} of {sent}"
                );
                if every.is_none_or(|every| every >= ms(500)) {
                    assert_eq!(failed, 0, "{context}");
                }
                if every.is_none_or(|every| every >= 4 * limit) {
                    assert!(2 * answered > calm, "{context}");
                }
                let limits = 30_000 / limit.as_millis() as usize;
                assert!(answered >= limits / 6, "{context}");
                // What came last is still held back.
                let held = (3 * limit).as_millis() / ORDINARY.as_millis();
                assert!(delivered + held as usize >= sent, "{context}");
            }
        }
    }
}

#[test]
fn after_every_case_of_the_corpus_a_command_is_answered_and_a_message_delivered() {
    for model in MODELS {
        for attack in attacks() {
            let exact = (!attack.topic.contains('"')).then_some(attack.topic.as_str());
            for filter in exact.into_iter().chain(["#"]) {
                let context = format!("{} under {filter} on {model}", attack.aim);
                let mut live = Live::new(model, filter);
                live.run(SECOND);
                let message = live.publish(&attack.topic, &attack.payload);
                live.say(message);
                live.run(ms(50));
                let (answered, sent) = (live.answered, live.ordinary);
                live.run(STATED);
                assert!(live.answered > answered, "no answer: {context}");
                assert_eq!(live.failed, [""; 0], "{context}");
                if filter == "#" {
                    assert!(live.delivered() > sent, "no message: {context}");
                }
                assert_eq!(live.rig.session.mqtt_state(), MqttState::Connected);
            }
        }
    }
}

/// A row of the table in docs/security.md: N, and how often such a message comes at a silence limit.
type Row = (&'static str, usize, fn(Duration) -> Duration);

const ROWS: [Row; 5] = [
    ("N = 60000, five a second", 60_000, |_| ms(200)),
    ("N = 30, one a second", 30, |_| SECOND),
    ("N = 3000, once in four silence limits", 3000, |limit| {
        4 * limit
    }),
    ("N = 3000, one a second", 3000, |_| SECOND),
    ("N = 3000, nine a second", 3000, |_| ms(110)),
];

/// `make liveness` writes what is measured; without it, the page may be off by a few percent.
#[test]
fn the_page_says_what_is_measured() {
    const BEGIN: &str = "<!-- liveness -->\n";
    const END: &str = "<!-- /liveness -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the table's begin");
    let (table, after) = rest.split_once(END).expect("the table's end");
    let mut lines = Vec::new();
    for (label, length, every) in ROWS {
        let measured = MODELS.map(|model| {
            let limit = silence_limit(model.profile().baudrate);
            let [calm, ..] = rates(model, "#", "a", b"x", None);
            let topic = format!("a,{length},b");
            let [answered, _, _, failed] = rates(model, "#", &topic, b"x", Some(every(limit)));
            (answered * 100 / calm, failed)
        });
        let cells = measured.map(|(percent, failed)| match failed {
            0 => format!("{percent} %"),
            _ => format!("{percent} %, timeouts: {failed}"),
        });
        let line = format!("| {label} | {} | {} |", cells[0], cells[1]);
        let known = table.lines().find(|known| known.contains(label));
        let known: Vec<&str> = known.unwrap_or_default().split(" | ").skip(1).collect();
        let percent = |cell: &&str| cell.split_once(" %").and_then(|(n, _)| n.parse().ok());
        let known: Vec<usize> = known.iter().filter_map(percent).collect();
        let near = |(known, (percent, _)): (&usize, &(usize, _))| known.abs_diff(*percent) <= 5;
        let agrees = known.len() == 2 && known.iter().zip(&measured).all(near);
        assert!(
            agrees || env::var_os("WRITE_LIVENESS").is_some(),
            "docs/security.md says {known:?}, not {line}: run make liveness"
        );
        lines.push(line);
    }
    if env::var_os("WRITE_LIVENESS").is_some() {
        let head = "| a message like `a,N,b` comes | M5310-A, 9600 baud | M5311, 115200 baud |\n|---|--:|--:|";
        let page = format!(
            "{before}{BEGIN}\n{head}\n{}\n\n{END}{after}",
            lines.join("\n")
        );
        fs::write(&path, page).expect("the page can be written");
    }
}
