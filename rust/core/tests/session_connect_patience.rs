//! Connecting with a module that takes its time: late acknowledgements of the broker, attempts of the
//! module's own, and what it goes on doing when nobody waits for it any more. Times and numbers are
//! those measured on the vendor's own client.

use m531x_core::session::{OperationId, Outcome, RequestKind};
use m531x_core::{ConnectOptions, ErrorCode, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, publish};

const CFG: &str = "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1";
const BUSY: &str = "\r\n+CME ERROR: 3\r\n";

fn connect() -> RequestKind {
    RequestKind::Connect(ConnectOptions::new("broker", "me"))
}

/// A connect whose acknowledgement is late by now: ten seconds have passed.
fn late() -> (Rig, OperationId) {
    let mut rig = Rig::new();
    let id = rig.begin(connect());
    rig.until_open();
    rig.reply("\r\nOK\r\n");
    rig.advance(10 * SECOND);
    rig.reply("\r\n+MQTTTO:1\r\n");
    (rig, id)
}

/// The module tells its state when it is asked for it.
fn asked(rig: &mut Rig, state: u8) {
    rig.exchange(
        "AT+MQTTSTAT?",
        &format!("\r\n+MQTTSTAT:{state}\r\n\r\nOK\r\n"),
    );
}

#[test]
fn a_connection_that_the_modules_next_attempts_bring_is_one() {
    for attempts in 1..=2 {
        let (mut rig, id) = late();
        // It waits 8 to 9 s, and before the next attempt 16 s.
        for (attempt, wait) in (1..=attempts).zip([9, 16]) {
            for second in 1..=wait {
                rig.advance(SECOND);
                if second % 5 == 0 && rig.next_sent().is_some() {
                    rig.reply("\r\n+MQTTSTAT: 3\r\n\r\nOK\r\n");
                }
                assert!(!rig.is_done(id), "{attempt}: {second} s");
            }
            rig.reply(format!("\r\n+MQTTREC: {attempt}\r\n"));
            if attempt < attempts {
                rig.advance(10 * SECOND);
                rig.reply("\r\n+MQTTTO:1\r\n");
            }
        }
        rig.advance(4 * SECOND);
        rig.reply("\r\n+MQTTOPEN:OK\r\n");
        assert_eq!(rig.result(id), Ok(Outcome::Done));
        assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    }
}

#[test]
fn a_module_that_is_at_it_no_longer_is_not_waited_for() {
    for state in [0, 1] {
        let (mut rig, id) = late();
        rig.advance(5 * SECOND);
        asked(&mut rig, state);
        let error = rig.error(id);
        assert_eq!(error.code(), ErrorCode::Connect);
        assert!(error.to_string().contains("+MQTTTO:1"), "{error}");
        // There is nothing to end.
        rig.advance(60 * SECOND);
        rig.expect_nothing();
    }
}

#[test]
fn a_connection_whose_report_was_lost_is_found_by_asking() {
    let (mut rig, id) = late();
    rig.advance(5 * SECOND);
    asked(&mut rig, 5);
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn a_module_between_two_attempts_is_asked_once_more() {
    let (mut rig, id) = late();
    rig.advance(5 * SECOND);
    asked(&mut rig, 2);
    rig.advance(4 * SECOND);
    rig.reply("\r\n+MQTTREC: 1\r\n\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    // Or it says so for too long.
    let (mut rig, id) = late();
    for _ in 0..4 {
        assert!(!rig.is_done(id));
        rig.advance(5 * SECOND);
        asked(&mut rig, 2);
    }
    assert_eq!(rig.code(id), ErrorCode::Connect);
}

#[test]
fn a_module_that_does_not_tell_its_state_is_waited_for_as_long_as_its_longest_pause() {
    for answer in ["\r\n+CME ERROR: 4\r\n", "\r\n+MQTTSTAT: 99\r\n\r\nOK\r\n"] {
        let (mut rig, id) = late();
        for _ in 0..4 {
            assert!(!rig.is_done(id));
            rig.advance(5 * SECOND);
            rig.exchange("AT+MQTTSTAT?", answer);
        }
        assert_eq!(rig.code(id), ErrorCode::Connect);
        // Nobody knows whether it goes on, so that it is told not to.
        rig.exchange("AT+MQTTDISC", BUSY);
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        rig.expect_nothing();
    }
}

#[test]
fn an_outcome_counts_also_while_the_module_is_being_asked() {
    let (mut rig, id) = late();
    rig.advance(5 * SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
}

/// Ways to give a connect up while the module is at it, and what becomes of it.
fn given_up(rig: &mut Rig, how: usize) {
    match how {
        0 => {
            let id = rig.begin_within(connect(), 5 * SECOND);
            rig.until_open();
            rig.reply("\r\nOK\r\n");
            rig.advance(5 * SECOND);
            assert_eq!(rig.code(id), ErrorCode::Timeout);
        }
        1 => {
            let id = rig.begin(connect());
            rig.until_open();
            rig.reply("\r\nOK\r\n");
            rig.abandon(id);
        }
        2 => {
            let id = rig.begin(connect());
            rig.until_open();
            rig.abandon(id);
            rig.expect_nothing();
            rig.reply("\r\nOK\r\n");
        }
        _ => {
            let id = rig.begin(connect());
            rig.until_open();
            // No answer: it may have taken the command all the same.
            rig.advance(15 * SECOND);
            assert_eq!(rig.code(id), ErrorCode::Timeout);
            rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:3\r\n\r\nOK\r\n");
        }
    }
}

#[test]
fn a_connect_that_gives_up_ends_what_the_module_goes_on_doing() {
    for how in 0..4 {
        // It listens to the end of a connection.
        let mut rig = Rig::new();
        given_up(&mut rig, how);
        rig.exchange("AT+MQTTDISC", "\r\nOK\r\n");
        rig.expect_nothing();
        rig.advance(SECOND);
        rig.reply("\r\n+MQTTDISC: OK\r\n");
        rig.expect_nothing();
        assert_eq!(rig.session.mqtt_state(), MqttState::Configured, "{how}");
        // It listens to a removal, as the manual's does.
        let mut rig = Rig::new();
        given_up(&mut rig, how);
        rig.exchange("AT+MQTTDISC", BUSY);
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        rig.expect_nothing();
        assert_eq!(rig.session.mqtt_state(), MqttState::Off, "{how}");
        // It listens to nothing but a configuration, as the vendor's does.
        let mut rig = Rig::new();
        given_up(&mut rig, how);
        rig.exchange("AT+MQTTDISC", BUSY);
        rig.exchange("AT+MQTTDEL", BUSY);
        rig.exchange(CFG, "\r\nOK\r\n");
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        rig.expect_nothing();
        assert_eq!(rig.session.mqtt_state(), MqttState::Off, "{how}");
        rig.advance(120 * SECOND);
        rig.expect_nothing();
    }
}

#[test]
fn a_module_that_listens_to_nothing_is_asked_to_end_until_it_has() {
    let mut rig = Rig::new();
    given_up(&mut rig, 1);
    for _ in 0..2 {
        rig.exchange("AT+MQTTDISC", BUSY);
        rig.exchange("AT+MQTTDEL", BUSY);
        rig.exchange(CFG, BUSY);
        asked(&mut rig, 3);
        rig.expect_nothing();
        rig.advance(5 * SECOND);
    }
    rig.exchange("AT+MQTTDISC", BUSY);
    rig.exchange("AT+MQTTDEL", BUSY);
    rig.exchange(CFG, BUSY);
    asked(&mut rig, 1);
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
    rig.advance(60 * SECOND);
    rig.expect_nothing();
}

#[test]
fn it_is_not_asked_for_ever() {
    let mut rig = Rig::new();
    given_up(&mut rig, 1);
    let mut commands = 0;
    for _ in 0..600 {
        while let Some(line) = rig.next_sent() {
            commands += 1;
            if line == "AT+MQTTSTAT?" {
                rig.reply("\r\n+MQTTSTAT:3\r\n\r\nOK\r\n");
            } else {
                rig.reply(BUSY);
            }
        }
        rig.advance(SECOND);
    }
    assert!((8..100).contains(&commands), "{commands}");
    assert!(rig.session.idle());
}

#[test]
fn a_connection_that_comes_all_the_same_is_ended() {
    let mut rig = Rig::new();
    given_up(&mut rig, 1);
    rig.expect("AT+MQTTDISC");
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    rig.reply(BUSY);
    rig.exchange("AT+MQTTDEL", BUSY);
    rig.exchange(CFG, "\r\nOK\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
}

#[test]
fn the_next_connect_begins_when_the_last_one_has_been_called_off() {
    let mut rig = Rig::new();
    given_up(&mut rig, 0);
    let id = rig.begin(connect());
    rig.exchange("AT+MQTTDISC", BUSY);
    rig.exchange("AT+MQTTDEL", BUSY);
    rig.exchange(CFG, "\r\nOK\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    rig.exchange(CFG, "\r\nOK\r\n");
    rig.exchange("AT+MQTTTO=10", "\r\nOK\r\n");
    rig.exchange("AT+MQTTOPEN=0,0,0,0,0,\"\",\"\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn a_connect_given_up_before_the_module_was_told_to_connect_leaves_it_alone() {
    let mut rig = Rig::new();
    let id = rig.begin(connect());
    rig.exchange("AT+MQTTDISC", BUSY);
    rig.expect("AT+MQTTDEL");
    rig.abandon(id);
    rig.reply("\r\nOK\r\n");
    rig.advance(60 * SECOND);
    rig.expect_nothing();
}
