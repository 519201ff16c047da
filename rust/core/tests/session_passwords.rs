//! A password that is asked for at every connect and recovery, because it expires.

use m531x_core::session::{OperationId, Outcome, RequestKind};
use m531x_core::{
    AskPassword, ConnectOptions, Error, ErrorCode, EventKind, Incoming, MqttState, QoS, Secret,
};
use m531x_test_support::session::{Rig, SECOND, recovering};

const OPEN: &str = "AT+MQTTOPEN=1,1,0,0,0,\"\",\"\"";

fn options(ask: AskPassword) -> ConnectOptions {
    let mut options = ConnectOptions::new("broker", "me");
    options.username = Some("user".into());
    options.ask_password = Some(ask);
    options
}

fn cfg(password: &str) -> String {
    format!("AT+MQTTCFG=\"broker\",1883,\"me\",60,\"user\",\"{password}\",1")
}

fn give(rig: &mut Rig, password: &str) {
    assert!(rig.session.wants_password());
    assert!(
        rig.session
            .set_password(rig.now, None, Ok(Secret::new(password)))
    );
    rig.advance(SECOND / 1000);
}

fn wanted(rig: &Rig) -> usize {
    rig.events(EventKind::PasswordWanted).len()
}

fn refused_logins(rig: &Rig) -> Vec<i64> {
    rig.incoming
        .iter()
        .filter_map(|incoming| match incoming {
            Incoming::Event(event) if event.kind == EventKind::LoginRefused => Some(event.value),
            _ => None,
        })
        .collect()
}

/// The module takes this password, and the broker says this.
fn tried(rig: &mut Rig, password: &str, outcome: &str) {
    loop {
        let line = rig.next_sent().expect("the dialogue goes on");
        match line.as_str() {
            "AT+MQTTDISC" => rig.reply("\r\n+CME ERROR: 3\r\n"),
            OPEN => break,
            _ => {
                if line.starts_with("AT+MQTTCFG=") {
                    assert_eq!(line, cfg(password));
                }
                rig.reply("\r\nOK\r\n");
            }
        }
    }
    rig.reply(format!("\r\nOK\r\n\r\n{outcome}\r\n"));
}

/// Connected with `first`; the next password is asked for by event.
fn connected() -> Rig {
    let mut rig = Rig::with(recovering());
    let id = rig.begin(RequestKind::Connect(options(AskPassword::by_event())));
    rig.expect_nothing();
    assert_eq!(wanted(&rig), 1);
    give(&mut rig, "first");
    tried(&mut rig, "first", "+MQTTOPEN:OK");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    rig.incoming.clear();
    rig
}

/// The connection is lost, and made again as far as to the question.
fn lost(rig: &mut Rig) {
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    until_asked(rig);
}

/// The settings of an attempt are through, and the password is wanted.
fn until_asked(rig: &mut Rig) {
    rig.advance_until_sent();
    for line in ["AT", "ATE0", "AT+CMEE=1"] {
        rig.exchange(line, "\r\nOK\r\n");
    }
    assert!(rig.session.wants_password());
    rig.expect_nothing();
}

#[test]
fn every_recovery_asks_for_another_password() {
    let mut rig = connected();
    for number in 0..3 {
        lost(&mut rig);
        assert_eq!(wanted(&rig), number + 1);
        let password = format!("token {number}");
        give(&mut rig, &password);
        tried(&mut rig, &password, "+MQTTOPEN:OK");
        assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
        rig.advance(60 * SECOND);
    }
}

#[test]
fn a_password_that_is_given_with_the_options_is_the_first() {
    let mut rig = Rig::with(recovering());
    let mut options = options(AskPassword::by_event());
    options.password = Some(Secret::new("given"));
    let id = rig.begin(RequestKind::Connect(options));
    tried(&mut rig, "given", "+MQTTOPEN:OK");
    assert!(rig.result(id).is_ok());
    assert_eq!(wanted(&rig), 0);
    lost(&mut rig);
    give(&mut rig, "next");
    tried(&mut rig, "next", "+MQTTOPEN:OK");
}

#[test]
fn a_function_is_to_be_called_once_for_each_and_there_is_no_event() {
    let mut rig = Rig::with(recovering());
    let ask = AskPassword::with(|| Ok(Secret::new("from a function")));
    let id = rig.begin(RequestKind::Connect(options(ask)));
    let request = rig.session.poll_password_request().expect("it is wanted");
    assert_eq!(request.call(), Ok(Secret::new("from a function")));
    assert!(rig.session.poll_password_request().is_none());
    give(&mut rig, "one");
    tried(&mut rig, "one", "+MQTTOPEN:OK");
    assert!(rig.result(id).is_ok());
    lost(&mut rig);
    let next = rig.session.poll_password_request().expect("it is wanted");
    assert_ne!(next.number(), request.number());
    assert_eq!(wanted(&rig), 0);
    // What comes too late for one question is no answer to the next.
    let late = Ok(Secret::new("late"));
    assert!(
        !rig.session
            .set_password(rig.now, Some(request.number()), late)
    );
    let good = Ok(Secret::new("good"));
    assert!(rig.session.set_password(rig.now, Some(next.number()), good));
    rig.advance(SECOND / 1000);
    tried(&mut rig, "good", "+MQTTOPEN:OK");
}

#[test]
fn a_refused_login_asks_once_more_and_then_tries_rarely_and_says_so() {
    for code in [4, 5] {
        let mut rig = connected();
        lost(&mut rig);
        let refusal = format!("+MQTTOPEN: {code},0");
        give(&mut rig, "expired");
        tried(&mut rig, "expired", &refusal);
        assert_eq!(wanted(&rig), 2);
        assert!(refused_logins(&rig).is_empty());
        give(&mut rig, "expired, too");
        tried(&mut rig, "expired, too", &refusal);
        assert_eq!(refused_logins(&rig), [code]);
        assert!(!rig.session.wants_password());
        rig.advance(299 * SECOND);
        rig.expect_nothing();
        rig.advance(SECOND);
        until_asked(&mut rig);
        give(&mut rig, "good");
        tried(&mut rig, "good", "+MQTTOPEN:OK");
        assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    }
}

#[test]
fn the_second_password_may_be_the_right_one() {
    let mut rig = connected();
    lost(&mut rig);
    give(&mut rig, "expired");
    tried(&mut rig, "expired", "+MQTTOPEN: 5,0");
    give(&mut rig, "good");
    tried(&mut rig, "good", "+MQTTOPEN:OK");
    assert!(refused_logins(&rig).is_empty());
    assert_eq!(rig.events(EventKind::Recovering).len(), 1);
}

#[test]
fn other_refusals_of_the_broker_are_tried_again_as_ever() {
    let mut rig = connected();
    lost(&mut rig);
    give(&mut rig, "good");
    tried(&mut rig, "good", "+MQTTOPEN: 3,0");
    assert_eq!(wanted(&rig), 1);
    assert!(refused_logins(&rig).is_empty());
    rig.advance(2 * SECOND);
    until_asked(&mut rig);
}

#[test]
fn a_connect_with_a_function_asks_once_more_too() {
    let mut rig = Rig::new();
    let ask = AskPassword::with(|| Ok(Secret::new("unused")));
    let id = rig.begin(RequestKind::Connect(options(ask)));
    for password in ["one", "two"] {
        assert!(rig.session.poll_password_request().is_some());
        give(&mut rig, password);
        tried(&mut rig, password, "+MQTTOPEN: 4,0");
    }
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.return_code()),
        (ErrorCode::Connect, Some(4))
    );
    assert!(refused_logins(&rig).is_empty());
}

/// Who waits for the outcome may be the one who would have to answer.
#[test]
fn a_connect_that_is_answered_by_event_asks_once() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Connect(options(AskPassword::by_event())));
    give(&mut rig, "one");
    tried(&mut rig, "one", "+MQTTOPEN: 4,0");
    assert_eq!(rig.error(id).return_code(), Some(4));
}

fn no_password(rig: &mut Rig, how: usize) -> &'static str {
    match how {
        0 => {
            rig.advance(30 * SECOND);
            "30 s"
        }
        1 => {
            let error = Error::new(ErrorCode::Connect, "the token server is away");
            assert!(rig.session.set_password(rig.now, None, Err(error)));
            rig.advance(SECOND / 1000);
            "the token server is away"
        }
        _ => {
            // What the module could not take is not sent, and not shown.
            give(rig, "sec\"ret");
            "password"
        }
    }
}

#[test]
fn without_a_password_a_connect_fails_and_a_recovery_tries_rarely() {
    for how in 0..3 {
        let mut rig = Rig::new();
        let id = rig.begin(RequestKind::Connect(options(AskPassword::by_event())));
        let words = no_password(&mut rig, how);
        let error = rig.error(id);
        assert_eq!(error.code(), ErrorCode::Connect);
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?} {:?}", rig.incoming).contains("ret\""));
        rig.expect_nothing();

        let mut rig = connected();
        lost(&mut rig);
        no_password(&mut rig, how);
        assert_eq!(refused_logins(&rig), [-1], "{how}");
        rig.advance(299 * SECOND);
        rig.expect_nothing();
        rig.advance(SECOND);
        until_asked(&mut rig);
    }
}

#[test]
fn an_answer_that_nobody_waits_for_is_not_taken() {
    let mut rig = connected();
    assert!(
        !rig.session
            .set_password(rig.now, None, Ok(Secret::new("late")))
    );
    lost(&mut rig);
    rig.advance(31 * SECOND);
    assert!(
        !rig.session
            .set_password(rig.now, None, Ok(Secret::new("late")))
    );
    // Given up while it is asked for.
    let mut rig = Rig::new();
    let id: OperationId = rig.begin(RequestKind::Connect(options(AskPassword::by_event())));
    rig.abandon(id);
    assert!(
        !rig.session
            .set_password(rig.now, None, Ok(Secret::new("late")))
    );
    rig.advance(60 * SECOND);
    rig.expect_nothing();
}

#[test]
fn a_module_that_restarts_while_the_password_is_wanted_is_set_up_again_and_it_is_asked_for_again() {
    let mut rig = connected();
    lost(&mut rig);
    rig.reply("\r\nREBOOTING..\r\n\r\n*ATREADY: 1\r\n");
    assert!(!rig.session.wants_password());
    rig.advance_until_sent();
    m531x_test_support::session::answer_settings(&mut rig);
    until_asked(&mut rig);
    give(&mut rig, "good");
    tried(&mut rig, "good", "+MQTTOPEN:OK");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn disconnecting_ends_the_asking() {
    let mut rig = connected();
    let waiting = rig.published(QoS::AtLeastOnce);
    lost(&mut rig);
    let id = rig.begin(RequestKind::Disconnect);
    assert!(!rig.session.wants_password());
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.code(waiting), ErrorCode::NotConnected);
}

#[test]
fn a_password_without_a_user_is_refused_before_anybody_is_asked() {
    let mut rig = Rig::new();
    let mut options = options(AskPassword::by_event());
    options.username = None;
    let refused = rig.try_begin(RequestKind::Connect(options).into());
    assert_eq!(
        refused.map_err(|e| e.code()),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(wanted(&rig), 0);
}

#[test]
fn no_password_is_shown_anywhere() {
    let mut rig = connected();
    lost(&mut rig);
    give(&mut rig, "geheim1");
    tried(&mut rig, "geheim1", "+MQTTOPEN: 4,0");
    give(&mut rig, "geheim2");
    tried(&mut rig, "geheim2", "+MQTTOPEN: 4,0");
    assert!(!format!("{:?} {:?}", rig.incoming, rig.session).contains("geheim"));
}
