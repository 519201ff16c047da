//! A session with a scripted module on virtual time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_core::session::{OperationId, Outcome, Request, RequestKind, Session, SessionConfig};
use m531x_core::{
    ConnectOptions, Error, ErrorCode, EventKind, Incoming, Message, Model, MqttState, QoS, Receipt,
    Recovery,
};

pub use crate::clock::{SECOND, ms};

/// The test speaks for the module, line by line.
pub struct Rig {
    pub session: Session,
    pub now: Instant,
    sent: VecDeque<String>,
    pub incoming: Vec<Incoming>,
    done: Vec<(OperationId, Result<Outcome, Error>)>,
}

impl Rig {
    pub fn with(config: SessionConfig) -> Self {
        Self {
            session: Session::new(config),
            now: Instant::now(),
            sent: VecDeque::new(),
            incoming: Vec::new(),
            done: Vec::new(),
        }
    }

    /// An M5310-A without a guard time, nothing known about its state.
    pub fn new() -> Self {
        Self::with(config())
    }

    /// An M5310-A that has just connected; the next packet id is 1.
    pub fn connected() -> Self {
        let mut rig = Self::new();
        rig.connect();
        rig
    }

    /// Brings the session up by the ordinary dialogue.
    pub fn connect(&mut self) {
        let id = self.begin(RequestKind::Connect(ConnectOptions::new("broker", "me")));
        self.until_open();
        self.reply("\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n");
        self.result(id).expect("connected");
        assert_eq!(self.session.mqtt_state(), MqttState::Connected);
        self.incoming.clear();
    }

    /// Answers everything of the connect dialogue up to `AT+MQTTOPEN`, whose answer is due next.
    pub fn until_open(&mut self) {
        loop {
            let line = self.sent.pop_front().expect("the dialogue goes on");
            if line.starts_with("AT+MQTTOPEN=") {
                break;
            }
            if line == "AT+MQTTDISC" {
                self.reply("\r\n+CME ERROR: 3\r\n");
            } else {
                self.reply("\r\nOK\r\n");
            }
        }
    }

    pub fn begin(&mut self, kind: RequestKind) -> OperationId {
        self.try_begin(Request::new(kind))
            .expect("the request is valid")
    }

    pub fn begin_within(&mut self, kind: RequestKind, timeout: Duration) -> OperationId {
        self.try_begin(Request::new(kind).with_timeout(timeout))
            .expect("the request is valid")
    }

    pub fn try_begin(&mut self, request: Request) -> Result<OperationId, Error> {
        let id = self.session.begin(self.now, request);
        self.collect();
        id
    }

    pub fn abandon(&mut self, id: OperationId) {
        self.session.abandon(self.now, id);
        self.collect();
    }

    /// The module says this, now.
    pub fn reply(&mut self, bytes: impl AsRef<[u8]>) {
        self.session.handle_input(self.now, bytes.as_ref());
        self.collect();
    }

    /// The next command must be this one; the module answers it.
    pub fn exchange(&mut self, command: &str, reply: &str) {
        self.expect(command);
        self.reply(reply);
    }

    /// The next command must be this one.
    pub fn expect(&mut self, command: &str) {
        assert_eq!(self.sent.pop_front().as_deref(), Some(command));
    }

    /// Nothing was sent.
    pub fn expect_nothing(&self) {
        assert!(self.sent.is_empty(), "sent: {:?}", self.sent);
    }

    /// The next command, whatever it is.
    pub fn next_sent(&mut self) -> Option<String> {
        self.sent.pop_front()
    }

    /// Whether a command was sent that the module has not answered yet.
    pub fn has_sent(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Lets time pass until something is sent.
    pub fn advance_until_sent(&mut self) {
        for _ in 0..1_000 {
            if self.has_sent() {
                return;
            }
            self.advance(SECOND / 10);
        }
        panic!("nothing was sent within 100 s");
    }

    /// Lets time pass, doing what falls due on the way.
    pub fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
        self.session.handle_timeout(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(bytes) = self.session.poll_transmit(self.now) {
            let line = String::from_utf8(bytes).expect("commands are text");
            self.sent.push_back(
                line.strip_suffix('\r')
                    .expect("commands end with CR")
                    .to_owned(),
            );
        }
        while let Some(incoming) = self.session.poll_event() {
            self.incoming.push(incoming);
        }
        while let Some(done) = self.session.poll_completion() {
            self.done.push(done);
        }
    }

    pub fn is_done(&self, id: OperationId) -> bool {
        self.done.iter().any(|(done, _)| *done == id)
    }

    /// The end of the operation, which must have come.
    pub fn result(&mut self, id: OperationId) -> Result<Outcome, Error> {
        let index = self.done.iter().position(|(done, _)| *done == id);
        self.done.remove(index.expect("the operation has ended")).1
    }

    pub fn error(&mut self, id: OperationId) -> Error {
        self.result(id).expect_err("the operation failed")
    }

    pub fn code(&mut self, id: OperationId) -> ErrorCode {
        self.error(id).code()
    }

    pub fn lines(&mut self, id: OperationId) -> Vec<String> {
        match self.result(id) {
            Ok(Outcome::Lines(lines)) => lines,
            other => panic!("no lines: {other:?}"),
        }
    }

    pub fn packet_id(&mut self, id: OperationId) -> Option<u16> {
        self.receipt(id).packet_id
    }

    pub fn receipt(&mut self, id: OperationId) -> Receipt {
        match self.result(id) {
            Ok(Outcome::Receipt(receipt)) => receipt,
            other => panic!("no receipt: {other:?}"),
        }
    }

    /// The texts of all events of this kind so far.
    pub fn events(&self, kind: EventKind) -> Vec<&str> {
        self.incoming
            .iter()
            .filter_map(|incoming| match incoming {
                Incoming::Event(event) if event.kind == kind => Some(event.text.as_str()),
                _ => None,
            })
            .collect()
    }

    pub fn messages(&self) -> Vec<&Message> {
        self.incoming
            .iter()
            .filter_map(|incoming| match incoming {
                Incoming::Message(message) => Some(message),
                Incoming::Event(_) => None,
            })
            .collect()
    }

    /// Subscribes; the broker grants what was asked for.
    pub fn subscribe(&mut self, filter: &str, packet_id: u16) {
        let id = self.begin(subscribe(filter));
        self.expect(&format!("AT+MQTTSUB=\"{filter}\",1"));
        self.reply(format!(
            "\r\nOK\r\n\r\n+MQTTSUBACK:{packet_id},1,{filter}\r\n"
        ));
        self.result(id).expect("subscribed");
    }

    /// Begins a publish of "hi" to "t" and lets the module accept it.
    pub fn published(&mut self, qos: QoS) -> OperationId {
        let id = self.begin(publish("t", qos));
        let level = u8::from(qos);
        self.exchange(
            &format!("AT+MQTTPUB=\"t\",{level},0,0,0,\"hi\""),
            "\r\nOK\r\n",
        );
        id
    }
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}

pub fn config() -> SessionConfig {
    SessionConfig {
        model: Some(Model::M5310A),
        guard_time: Some(Duration::ZERO),
        recovery: Recovery::off(),
        ..SessionConfig::default()
    }
}

pub fn command(line: &str) -> RequestKind {
    RequestKind::Command(line.to_owned())
}

pub fn publish(topic: &str, qos: QoS) -> RequestKind {
    RequestKind::Publish {
        topic: topic.to_owned(),
        payload: b"hi".to_vec(),
        qos,
        retain: false,
    }
}

pub fn subscribe(filter: &str) -> RequestKind {
    RequestKind::Subscribe {
        filter: filter.to_owned(),
        qos: QoS::AtLeastOnce,
        hex: false,
    }
}

/// A session that makes lost connections again, one second after the loss at first, without jitter.
pub fn recovering() -> SessionConfig {
    SessionConfig {
        recovery: Recovery {
            jitter: 0.0,
            ..Recovery::default()
        },
        ..config()
    }
}

impl Rig {
    /// As [`connected`](Self::connected), but a lost connection will be made again.
    pub fn recovering() -> Self {
        let mut rig = Self::with(recovering());
        rig.connect();
        rig
    }

    /// Answers the commands of an attempt up to `AT+MQTTOPEN`, which it has answered with OK, and
    /// gives them.
    pub fn attempt(&mut self) -> Vec<String> {
        let mut commands = Vec::new();
        while let Some(line) = self.next_sent() {
            commands.push(line.clone());
            match line.as_str() {
                "AT+MQTTDISC" => self.reply("\r\n+CME ERROR: 3\r\n"),
                "AT+MQTTSTAT?" => self.reply("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"),
                "AT+CEREG?" => self.reply("\r\n+CEREG:0,1\r\n\r\nOK\r\n"),
                "AT+CGATT?" => self.reply("\r\n+CGATT:1\r\n\r\nOK\r\n"),
                "AT+CMEE?" => self.reply("\r\n+CMEE:1\r\n\r\nOK\r\n"),
                "AT+CSQ" => self.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n"),
                _ => self.reply("\r\nOK\r\n"),
            }
            if line.starts_with("AT+MQTTOPEN=") {
                return commands;
            }
        }
        panic!("no AT+MQTTOPEN: {commands:?}");
    }

    /// The next attempt succeeds.
    pub fn recover(&mut self) -> Vec<String> {
        let commands = self.attempt();
        self.reply("\r\n+MQTTOPEN:OK\r\n");
        assert_eq!(self.session.mqtt_state(), MqttState::Connected);
        commands
    }
}

/// Answers the settings that are sent at a start and after a boot.
pub fn answer_settings(rig: &mut Rig) {
    rig.exchange("AT", "\r\nOK\r\n");
    rig.exchange("ATE0", "\r\nOK\r\n");
    rig.exchange("AT+CMEE=1", "\r\nOK\r\n");
}
