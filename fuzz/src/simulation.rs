//! A session, what it was asked and what it said, on virtual time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use m531x_at::hex;
use m531x_core::session::{OperationId, Outcome, Request, RequestKind, Session, SessionConfig};
use m531x_core::{Incoming, Message, QoS, Recovery};

/// Keeps the promises in view: every operation ends, once and in time; one line at a time is sent; and
/// no message is delivered that did not come.
pub(crate) struct Simulation {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    /// The commands that were sent and not yet answered by an act.
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) messages: Vec<Message>,
    /// Publishes that the caller was told are complete.
    pub(crate) published: usize,
    /// How often the signal was asked for and told.
    pub(crate) answered: usize,
    open: BTreeMap<OperationId, Operation>,
    heard: Vec<u8>,
}

struct Operation {
    until: Option<Instant>,
    publishes: Option<QoS>,
    asks: bool,
}

impl Simulation {
    pub(crate) fn new(config: SessionConfig) -> Self {
        Self {
            session: Session::new(config),
            now: Instant::now(),
            sent: Vec::new(),
            messages: Vec::new(),
            published: 0,
            answered: 0,
            open: BTreeMap::new(),
            heard: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, request: Request) {
        let operation = Operation {
            until: request.timeout.map(|timeout| self.now + timeout),
            publishes: match &request.kind {
                RequestKind::Publish { qos, .. } => Some(*qos),
                _ => None,
            },
            asks: matches!(request.kind, RequestKind::Signal),
        };
        match self.session.begin(self.now, request) {
            Ok(id) => {
                let known = self.open.insert(id, operation);
                assert!(known.is_none(), "{id:?} was given twice");
            }
            Err(error) => check_error(&error.to_string()),
        }
        self.collect();
    }

    pub(crate) fn abandon_oldest(&mut self) {
        if let Some((id, _)) = self.open.pop_first() {
            self.session.abandon(self.now, id);
            self.collect();
        }
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
        self.session.handle_input(self.now, bytes);
        self.collect();
    }

    /// Says what the module would to the last command.
    pub(crate) fn answer(&mut self) {
        if let Some(line) = self.sent.pop() {
            self.say(good_answer(&line));
        }
    }

    pub(crate) fn echo(&mut self) {
        if let Some(line) = self.sent.last().cloned() {
            self.say(&line);
        }
    }

    pub(crate) fn set_recovery(&mut self, recovery: &Recovery) {
        self.session.set_recovery(self.now, recovery);
        self.collect();
    }

    pub(crate) fn lose_port(&mut self, for_good: bool) {
        if for_good {
            self.session.handle_port_lost(self.now, "unplugged");
        } else {
            self.session.handle_port_detached(self.now, "unplugged");
        }
        self.collect();
    }

    pub(crate) fn give_port_back(&mut self) {
        self.session.handle_port_back(self.now, "/dev/ttyUSB0");
        self.collect();
    }

    /// Lets time pass, doing what falls due on the way.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.elapse(due);
        }
        self.elapse(end);
    }

    /// Goes on to `due`, or does what has been due.
    pub(crate) fn elapse(&mut self, due: Instant) {
        self.now = self.now.max(due);
        // Each turn has something to do, or the driver would spin.
        for turn in 0.. {
            assert!(turn < 100, "the session does not get on");
            self.session.handle_timeout(self.now);
            self.collect();
            if self.session.poll_timeout().is_none_or(|due| due > self.now) {
                break;
            }
        }
    }

    /// Whatever was said, a module that goes on talking and answers is understood again in time: a
    /// command is answered and a message delivered.
    pub(crate) fn check_liveness(&mut self) {
        const STATED: Duration = Duration::from_secs(600);
        const TICK: Duration = Duration::from_millis(100);
        const TRAFFIC: &[u8] = b"+CEREG: 1\r\n+MQTTPUBLISH:0,0,0,0,\"m\",4,live\r\n";
        self.give_port_back();
        let Ok(id) = self.session.begin(self.now, RequestKind::Signal.into()) else {
            return;
        };
        self.open.insert(
            id,
            Operation {
                until: None,
                publishes: None,
                asks: true,
            },
        );
        let delivered = |simulation: &Self| {
            let mut messages = simulation.messages.iter();
            messages.any(|message| message.payload == b"live")
        };
        let until = self.now + STATED;
        while self.open.contains_key(&id) || !delivered(self) {
            assert!(self.now < until, "deaf: {:?}", self.open.contains_key(&id));
            self.collect();
            for line in std::mem::take(&mut self.sent) {
                self.say(good_answer(&line));
            }
            self.say(TRAFFIC);
            self.wait(TICK);
        }
    }

    /// Whatever was said, a module that says nothing any more ends everything.
    pub(crate) fn end(&mut self) {
        self.give_port_back();
        self.wait(Duration::from_secs(3 * 3600));
        assert!(self.open.is_empty(), "still open: {:?}", self.open.keys());
        assert!(self.session.idle());
        assert_eq!(self.session.poll_timeout(), None, "nothing is due any more");
    }

    /// Whether the signal is being asked for.
    pub(crate) fn asks(&self) -> bool {
        self.open.values().any(|operation| operation.asks)
    }

    pub(crate) fn all_have_ended(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn collect(&mut self) {
        while let Some(bytes) = self.session.poll_transmit(self.now) {
            let end = bytes.iter().position(u8::is_ascii_control);
            assert_eq!(
                (end, bytes.last()),
                (Some(bytes.len() - 1), Some(&b'\r')),
                "one line at a time: {}",
                bytes.escape_ascii()
            );
            self.sent.push(bytes);
        }
        while let Some(incoming) = self.session.poll_event() {
            if let Incoming::Message(message) = incoming {
                self.check_message(&message);
                self.messages.push(message);
            }
        }
        while let Some((id, outcome)) = self.session.poll_completion() {
            let operation = self.open.remove(&id);
            let Some(operation) = operation else {
                panic!("{id:?} ended twice or was given up");
            };
            if let Some(until) = operation.until {
                assert!(self.now <= until, "{:?} too late", self.now - until);
            }
            match (outcome, operation.publishes) {
                (Ok(Outcome::Receipt(receipt)), Some(qos)) => {
                    assert_eq!(receipt.qos, qos);
                    assert_eq!(receipt.packet_id.is_none(), qos == QoS::AtMostOnce);
                    self.published += 1;
                }
                (Ok(outcome), Some(_)) => panic!("a publish ended with {outcome:?}"),
                (Ok(_), None) => self.answered += usize::from(operation.asks),
                (Err(error), _) => check_error(&error.to_string()),
            }
        }
    }

    /// Its payload stood on the wire, as bytes or as hex.
    fn check_message(&self, message: &Message) {
        let payload = &message.payload;
        let hex = hex::encode(payload).to_ascii_lowercase();
        let heard = self.heard.to_ascii_lowercase();
        assert!(
            contains(&self.heard, payload) || contains(&heard, hex.as_bytes()),
            "a payload came from nowhere: {}",
            payload.escape_ascii()
        );
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

fn check_error(text: &str) {
    assert!(!text.is_empty() && !text.contains(['\r', '\n']), "{text:?}");
}

fn good_answer(command: &[u8]) -> &'static [u8] {
    match command.trim_ascii_end() {
        b"AT+MQTTSTAT?" => b"\r\n+MQTTSTAT:1\r\n\r\nOK\r\n",
        b"AT+CSQ" => b"\r\n+CSQ:1,99\r\n\r\nOK\r\n",
        b"AT+CMEE?" => b"\r\n+CMEE:1\r\n\r\nOK\r\n",
        b"AT+CFUN?" => b"\r\n+CFUN:1\r\n\r\nOK\r\n",
        b"AT+CPIN?" => b"\r\n+CPIN:READY\r\n\r\nOK\r\n",
        b"AT+CGATT?" => b"\r\n+CGATT:1\r\n\r\nOK\r\n",
        b"AT+CEREG?" => b"\r\n+CEREG:0,1\r\n\r\nOK\r\n",
        b"AT+MQTTDISC" => b"\r\nOK\r\n\r\n+MQTTDISC: OK\r\n",
        line if line.starts_with(b"AT+MQTTOPEN") => b"\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n",
        _ => b"\r\nOK\r\n",
    }
}
