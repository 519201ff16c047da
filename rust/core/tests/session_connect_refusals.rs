//! Connecting to a module that refuses for now: the end of an earlier connection is not over yet, or an
//! attempt of its own. Times and numbers are those measured on the vendor's own client.

use m531x_core::session::{OperationId, Outcome, RequestKind};
use m531x_core::{ConnectOptions, ErrorCode, EventKind, MqttState};
use m531x_test_support::session::{Rig, SECOND, ms};

const CFG: &str = "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1";
const OPEN: &str = "AT+MQTTOPEN=0,0,0,0,0,\"\",\"\"";
const OK: &str = "\r\nOK\r\n";
const NOT_YET: &str = "\r\n+CME ERROR: 3\r\n";

fn connect() -> RequestKind {
    RequestKind::Connect(ConnectOptions::new("broker", "me"))
}

/// A module whose connection the broker has just refused.
fn refused() -> Rig {
    let mut rig = Rig::new();
    let id = rig.begin(connect());
    rig.until_open();
    rig.reply("\r\nOK\r\n\r\n+MQTTOPEN:FAIL\r\n");
    assert_eq!(rig.code(id), ErrorCode::Connect);
    rig
}

/// The rest of a connect, from the configuration on.
fn succeeds(rig: &mut Rig, id: OperationId) {
    rig.exchange(CFG, OK);
    rig.exchange("AT+MQTTTO=10", OK);
    rig.exchange(OPEN, OK);
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.expect_nothing();
}

/// `+MQTTOPEN:FAIL`, and `+MQTTDISC: OK` a second later.
#[test]
fn a_second_connect_at_once_waits_for_the_end_of_the_first() {
    let mut rig = refused();
    let id = rig.begin(connect());
    rig.exchange("AT+MQTTDEL", NOT_YET);
    rig.advance(ms(900));
    rig.expect_nothing();
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.exchange("AT+MQTTDEL", OK);
    succeeds(&mut rig, id);
}

#[test]
fn without_a_report_of_the_end_the_removal_is_asked_for_again() {
    let mut rig = refused();
    let id = rig.begin(connect());
    for _ in 0..2 {
        rig.exchange("AT+MQTTDEL", NOT_YET);
        rig.expect_nothing();
        rig.advance(SECOND);
    }
    rig.exchange("AT+MQTTDEL", OK);
    succeeds(&mut rig, id);
}

#[test]
fn a_module_that_never_removes_its_client_is_configured_all_the_same() {
    let mut rig = refused();
    let id = rig.begin(connect());
    for _ in 0..3 {
        rig.exchange("AT+MQTTDEL", NOT_YET);
        rig.advance(SECOND);
    }
    rig.exchange("AT+MQTTDEL", NOT_YET);
    succeeds(&mut rig, id);
}

#[test]
fn a_configuration_refused_for_now_is_tried_again() {
    for refusal in [
        NOT_YET,
        "\r\nERROR\r\n",
        "\r\n+CME ERROR: 8002\r\n",
        "\r\n+CME ERROR: 602\r\n",
    ] {
        let mut rig = refused();
        let id = rig.begin(connect());
        rig.exchange("AT+MQTTDEL", OK);
        rig.exchange(CFG, refusal);
        // Some firmware refuses while a client is still configured.
        rig.exchange("AT+MQTTDEL", OK);
        rig.exchange(CFG, refusal);
        rig.expect_nothing();
        rig.advance(SECOND);
        rig.exchange("AT+MQTTDISC", NOT_YET);
        rig.exchange("AT+MQTTDEL", OK);
        succeeds(&mut rig, id);
    }
}

#[test]
fn an_opening_refused_for_now_is_tried_again_and_an_old_end_is_not_the_new_ones() {
    for number in [3, 602, 603, 8002] {
        let mut rig = refused();
        let id = rig.begin(connect());
        rig.exchange("AT+MQTTDEL", OK);
        rig.exchange(CFG, OK);
        rig.exchange("AT+MQTTTO=10", OK);
        rig.expect(OPEN);
        // In front of the answer and behind it.
        rig.reply("\r\n+MQTTDISC: OK\r\n");
        rig.reply(format!("\r\n+CME ERROR: {number}\r\n"));
        rig.expect_nothing();
        rig.reply("\r\n+MQTTDISC: OK\r\n");
        rig.exchange("AT+MQTTDISC", NOT_YET);
        rig.exchange("AT+MQTTDEL", OK);
        succeeds(&mut rig, id);
    }
}

#[test]
fn a_connection_that_is_there_before_the_next_try_is_taken() {
    let mut rig = refused();
    let id = rig.begin(connect());
    rig.exchange("AT+MQTTDEL", OK);
    rig.exchange(CFG, OK);
    rig.exchange("AT+MQTTTO=10", OK);
    // It had taken the command before, and its answer was lost.
    rig.exchange(OPEN, NOT_YET);
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    rig.advance(60 * SECOND);
    rig.expect_nothing();
}

#[test]
fn a_refusal_that_means_something_else_is_told_at_once() {
    for number in [4, 16, 50, 601, 614, 765] {
        let mut rig = refused();
        let id = rig.begin(connect());
        rig.exchange("AT+MQTTDEL", OK);
        rig.exchange(CFG, OK);
        rig.exchange("AT+MQTTTO=10", OK);
        rig.exchange(OPEN, &format!("\r\n+CME ERROR: {number}\r\n"));
        let error = rig.error(id);
        let reported = (error.code(), error.modem_code());
        assert_eq!(reported, (ErrorCode::Connect, Some(number)));
        rig.expect_nothing();
    }
}

/// Answers the tries of a connect whose configuration is always refused, and the questions for the
/// state with `state`, for up to so many seconds; how long it took.
fn always_refused(rig: &mut Rig, id: OperationId, state: u8, most: u32) -> u32 {
    for second in 0..most {
        while let Some(line) = rig.next_sent() {
            rig.reply(match line.as_str() {
                "AT+MQTTSTAT?" => format!("\r\n+MQTTSTAT:{state}\r\n\r\nOK\r\n"),
                _ => NOT_YET.to_owned(),
            });
        }
        if rig.is_done(id) {
            return second;
        }
        rig.advance(SECOND);
    }
    panic!("it never ends");
}

#[test]
fn a_module_that_is_at_nothing_is_not_waited_for_longer_than_an_end_takes() {
    let mut rig = refused();
    let id = rig.begin(connect());
    let took = always_refused(&mut rig, id, 1, 100);
    assert!((4..15).contains(&took), "{took}");
    let error = rig.error(id);
    assert_eq!(error.modem_code(), Some(3));
    assert_eq!(error.code(), ErrorCode::Connect);
    assert!(error.to_string().starts_with("AT+MQTTCFG "), "{error}");
}

#[test]
fn a_module_that_is_connecting_by_itself_is_waited_for_until_the_limit() {
    let mut rig = refused();
    let id = rig.begin(connect());
    let took = always_refused(&mut rig, id, 3, 100);
    assert!((58..=62).contains(&took), "{took}");
    let error = rig.error(id);
    assert_eq!(error.modem_code(), Some(3));
    assert_eq!(error.code(), ErrorCode::Connect);
}

/// A module is busy with its own attempts for up to 54 s; only a configuration breaks in.
#[test]
fn a_recovery_breaks_into_what_the_module_is_doing() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.advance(SECOND);
    for line in ["AT", "ATE0", "AT+CMEE=1"] {
        rig.exchange(line, OK);
    }
    rig.exchange("AT+MQTTDISC", NOT_YET);
    for _ in 0..3 {
        rig.exchange("AT+MQTTDEL", NOT_YET);
        rig.advance(SECOND);
    }
    rig.exchange("AT+MQTTDEL", NOT_YET);
    for line in [CFG, "AT+MQTTTO=10", OPEN] {
        rig.exchange(line, OK);
    }
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.events(EventKind::Recovering).len(), 1);
}

#[test]
fn a_recovery_that_is_refused_everything_goes_on_when_the_module_has_ended_by_itself() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.advance(SECOND);
    for line in ["AT", "ATE0", "AT+CMEE=1"] {
        rig.exchange(line, OK);
    }
    for _ in 0..54 {
        while let Some(line) = rig.next_sent() {
            rig.reply(match line.as_str() {
                "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:3\r\n\r\nOK\r\n",
                _ => NOT_YET,
            });
        }
        rig.advance(SECOND);
    }
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    let commands = rig.attempt();
    assert!(commands.contains(&CFG.to_owned()), "{commands:?}");
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.events(EventKind::Recovering).len(), 1);
}

/// `OK`, and then only `+MQTTDISC: OK` within a second.
#[test]
fn a_name_that_cannot_be_resolved_is_told_as_what_it_probably_is() {
    let mut rig = Rig::new();
    let id = rig.begin(connect());
    rig.until_open();
    rig.reply(OK);
    rig.advance(ms(800));
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::Connect);
    let text = error.to_string();
    assert!(
        text.contains("broker:1883 is unreachable") && text.contains("name"),
        "{text}"
    );
    rig.expect_nothing();
}
