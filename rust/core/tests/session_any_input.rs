//! Whatever the module says and whenever: nothing panics and every operation ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use m531x_core::session::{OperationId, Request, RequestKind, Session, SessionConfig};
use m531x_core::{AskPassword, ConnectOptions, Error, ErrorCode, QoS, Recovery, Secret};
use m531x_test_support::session::{command, config, publish, subscribe};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Begin(Box<RequestKind>, Option<Duration>),
    AbandonOldest,
    Say(Vec<u8>),
    /// The answer that the last command would like to hear.
    AnswerWell,
    Wait(Duration),
    Unplug,
    Plug,
    /// Whoever is asked gives the password, or says that there is none.
    Password(bool),
}

fn asking() -> RequestKind {
    let mut options = ConnectOptions::new("broker", "me");
    options.username = Some("user".into());
    options.ask_password = Some(AskPassword::by_event());
    RequestKind::Connect(options)
}

fn kind() -> impl Strategy<Value = RequestKind> {
    prop_oneof![
        Just(RequestKind::Startup),
        Just(command("AT+CSQ")),
        Just(command("AT+MQTTDISC")),
        Just(command("AT+UNHEARD=1")),
        Just(RequestKind::Connect(ConnectOptions::new("broker", "me"))),
        Just(asking()),
        Just(publish("t", QoS::AtMostOnce)),
        Just(publish("t", QoS::AtLeastOnce)),
        Just(publish("t", QoS::ExactlyOnce)),
        Just(subscribe("#")),
        Just(subscribe("a/b")),
        Just(RequestKind::Unsubscribe {
            filter: "a/b".into()
        }),
        Just(RequestKind::Disconnect),
        Just(RequestKind::Delete),
        Just(RequestKind::Status),
        Just(RequestKind::Config),
        Just(RequestKind::Info),
        Just(RequestKind::Signal),
        Just(RequestKind::WaitForNetwork),
        Just(RequestKind::Wake),
        Just(RequestKind::Reboot),
        Just(RequestKind::SetAckTimeout(5)),
        Just(RequestKind::SetPingReport(false)),
    ]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "OK",
        "ERROR",
        "+CME ERROR: 3",
        "+CME ERROR: 606",
        "+CME ERROR: busy",
        "+MQTTOPEN:OK",
        "+MQTTOPEN: 4,0",
        "+MQTTOPEN:FAIL",
        "+MQTTCONACK: 0,1",
        "+MQTTDISC",
        "+MQTTDISC: OK",
        "+MQTTREC:0",
        "+MQTTTO:1",
        "+MQTTTO:2",
        "+MQTTTO:3",
        "+MQTTTO:4",
        "+MQTTTO:5",
        "+MQTTSUBACK:1,1,a/b",
        "+MQTTSUBACK:2,128,#",
        "+MQTTUNSUBACK:3",
        "+MQTTPUBACK:1,0",
        "+MQTTPUBACK:0,2",
        "+MQTTPUBREC:3,0",
        "+MQTTPUBCOMP:3,0",
        "+MQTTSTAT:5",
        "+MQTTSTAT:0",
        "+MQTTSTAT:3",
        "+MQTTSTAT:4",
        "+MQTTSUB:",
        "a/b",
        "+CSQ:1,2",
        "+CMEE:1",
        "+CGATT:1",
        "+CEREG:0,1",
        "+CFUN:0",
        "Boot: Unsigned",
        "Neul",
        "*ATREADY: 1",
        "REBOOTING..",
        "AT+CSQ",
        "+MQTTPUBLISH:0,0,0,0,a/b,2,OK",
        "+MQTTPUBLISH:0,0,0,0,t,13,x,3,abc\r\n\r\nOK",
        "+MQTTPUBLISH:0,0,0,0,a/b,99,short",
        "+MQTTPUBLISH:0,0,0,0,a/b,9999999,",
    ]);
    prop_oneof![
        8 => known.prop_map(|line| format!("\r\n{line}\r\n").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let timeout = prop::option::weighted(0.3, (0_u64..30_000).prop_map(Duration::from_millis));
    prop_oneof![
        4 => (kind(), timeout).prop_map(|(kind, timeout)| Act::Begin(Box::new(kind), timeout)),
        1 => Just(Act::AbandonOldest),
        6 => line().prop_map(Act::Say),
        6 => Just(Act::AnswerWell),
        4 => (0_u64..20_000).prop_map(|ms| Act::Wait(Duration::from_millis(ms))),
        1 => Just(Act::Unplug),
        1 => Just(Act::Plug),
        2 => any::<bool>().prop_map(Act::Password),
    ]
}

fn good_answer(command: &str) -> &'static str {
    match command {
        "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:1\r\n\r\nOK\r\n",
        "AT+CSQ" => "\r\n+CSQ:1,99\r\n\r\nOK\r\n",
        "AT+CMEE?" => "\r\n+CMEE:1\r\n\r\nOK\r\n",
        "AT+CFUN?" => "\r\n+CFUN:1\r\n\r\nOK\r\n",
        "AT+CPIN?" => "\r\n+CPIN:READY\r\n\r\nOK\r\n",
        "AT+MQTTDISC" => "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n",
        line if line.starts_with("AT+MQTTOPEN") => "\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n",
        _ => "\r\nOK\r\n",
    }
}

/// A session and what is still to end.
struct Simulation {
    session: Session,
    now: Instant,
    sent: Vec<String>,
    open: BTreeSet<OperationId>,
}

impl Simulation {
    fn collect(&mut self) {
        while let Some(bytes) = self.session.poll_transmit(self.now) {
            assert_eq!(
                bytes.iter().position(|b| *b == b'\r'),
                Some(bytes.len() - 1),
                "one line at a time"
            );
            self.sent
                .push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        }
        while self.session.poll_event().is_some() {}
        while let Some((id, _)) = self.session.poll_completion() {
            assert!(self.open.remove(&id), "{id:?} ended twice or was abandoned");
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        let mut same = 0;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            same = if due <= self.now { same + 1 } else { 0 };
            assert!(same < 100, "the session does not get on");
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
        self.session.handle_timeout(end);
        self.collect();
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Begin(kind, timeout) => {
                let request = Request {
                    kind: *kind,
                    timeout,
                };
                if let Ok(id) = self.session.begin(self.now, request) {
                    self.open.insert(id);
                }
            }
            Act::AbandonOldest => {
                if let Some(id) = self.open.pop_first() {
                    self.session.abandon(self.now, id);
                }
            }
            Act::Say(bytes) => self.session.handle_input(self.now, &bytes),
            Act::AnswerWell => {
                if let Some(line) = self.sent.pop() {
                    self.session
                        .handle_input(self.now, good_answer(&line).as_bytes());
                }
            }
            Act::Wait(time) => self.wait(time),
            Act::Unplug => self.session.handle_port_detached(self.now, "unplugged"),
            Act::Plug => self.session.handle_port_back(self.now, "/dev/ttyUSB0"),
            Act::Password(given) => {
                let none = || Error::new(ErrorCode::Connect, "none");
                let password = given.then(|| Secret::new("password"));
                let password = password.ok_or_else(none);
                self.session.set_password(self.now, None, password);
            }
        }
        self.collect();
    }
}

/// Every operation ends once, whatever the module says and does not say.
fn all_ends(config: SessionConfig, acts: Vec<Act>) -> Result<(), TestCaseError> {
    // It would ask for ever.
    let recovery = Recovery {
        health_check: None,
        ..config.recovery
    };
    let mut simulation = Simulation {
        session: Session::new(SessionConfig { recovery, ..config }),
        now: Instant::now(),
        sent: Vec::new(),
        open: BTreeSet::new(),
    };
    for act in acts {
        simulation.act(act);
    }
    simulation.act(Act::Plug);
    simulation.wait(Duration::from_secs(3 * 3600));
    prop_assert!(
        simulation.open.is_empty(),
        "still open: {:?}",
        simulation.open
    );
    prop_assert!(simulation.session.idle());
    prop_assert_eq!(
        simulation.session.poll_timeout(),
        None,
        "nothing is due any more"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_operation_ends_once(acts in prop::collection::vec(act(), 1..60)) {
        all_ends(config(), acts)?;
    }

    #[test]
    fn every_operation_ends_once_when_lost_connections_are_made_again(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let recovery = Recovery { max_attempts: Some(5), ..Recovery::default() };
        all_ends(SessionConfig { recovery, ..config() }, acts)?;
    }

    /// Well-behaved for a while first, so that there is a connection to lose.
    #[test]
    fn every_operation_ends_once_after_a_connection_was_made(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let recovery = Recovery { max_attempts: Some(5), ..Recovery::default() };
        let connect = RequestKind::Connect(ConnectOptions::new("host", "id"));
        let mut all = vec![Act::Begin(Box::new(connect), None)];
        all.extend((0..6).map(|_| Act::AnswerWell));
        all.extend(acts);
        all_ends(SessionConfig { recovery, ..config() }, all)?;
    }
}
