//! Connecting: the dialogue and its outcomes.

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{ConnectOptions, ErrorCode, EventKind, MqttState, QoS, Secret, Will};
use m531x_test_support::session::{Rig, SECOND, command, publish, subscribe};

fn options() -> ConnectOptions {
    ConnectOptions::new("broker", "me")
}

/// A connect whose outcome is due.
fn opening(rig: &mut Rig) -> m531x_core::session::OperationId {
    let id = rig.begin(RequestKind::Connect(options()));
    rig.until_open();
    rig.reply("\r\nOK\r\n");
    assert!(!rig.is_done(id));
    id
}

#[test]
fn the_dialogue_removes_what_was_there_and_configures() {
    let mut rig = Rig::new();
    let mut options = options();
    options.username = Some("user".into());
    options.password = Some(Secret::new("pass"));
    options.will = Some(Will {
        topic: "gone".into(),
        payload: b"bye".to_vec(),
        qos: QoS::AtLeastOnce,
        retain: true,
    });
    let id = rig.begin(RequestKind::Connect(options));
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nERROR\r\n");
    rig.exchange(
        "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"user\",\"pass\",1",
        "\r\nOK\r\n",
    );
    rig.exchange("AT+MQTTTO=10", "\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connecting);
    rig.exchange("AT+MQTTOPEN=1,1,1,1,1,\"gone\",\"bye\"", "\r\nOK\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.events(EventKind::Connected).len(), 1);
}

#[test]
fn a_module_known_to_have_no_client_is_configured_at_once() {
    let mut rig = Rig::new();
    rig.begin(RequestKind::Status);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    rig.begin(RequestKind::Connect(options()));
    rig.expect("AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1");
}

#[test]
fn a_connected_module_is_disconnected_first_and_that_end_is_not_the_new_ones() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Connect(options()));
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n");
    rig.expect_nothing();
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    rig.until_open();
    rig.reply("\r\nOK\r\n+MQTTOPEN: OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn every_accepted_spelling_is_accepted() {
    for line in [
        "+MQTTOPEN:OK",
        "+MQTTOPEN: OK",
        "+MQTTOPEN: 0,0",
        "+MQTTOPEN:0,1",
        "+MQTTCONACK: 0,0",
    ] {
        let mut rig = Rig::new();
        let id = opening(&mut rig);
        rig.reply(format!("\r\n{line}\r\n"));
        assert_eq!(rig.result(id), Ok(Outcome::Done), "{line}");
        assert_eq!(rig.session.mqtt_state(), MqttState::Connected, "{line}");
    }
}

#[test]
fn an_outcome_before_the_ok_counts() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Connect(options()));
    rig.until_open();
    rig.reply("\r\n+MQTTOPEN:OK\r\n\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn return_codes_are_told_with_their_meaning() {
    for (line, code, words) in [
        ("+MQTTOPEN: 1,0", 1, "protocol version"),
        ("+MQTTOPEN: 2,0", 2, "identifier"),
        ("+MQTTCONACK: 3,0", 3, "unavailable"),
        ("+MQTTOPEN:4,0", 4, "bad user name or password"),
        ("+MQTTOPEN: 5,0", 5, "not authorised"),
    ] {
        let mut rig = Rig::new();
        let id = opening(&mut rig);
        rig.reply(format!("\r\n{line}\r\n"));
        let error = rig.error(id);
        assert_eq!(
            (error.code(), error.return_code()),
            (ErrorCode::Connect, Some(code)),
            "{line}"
        );
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(rig.session.mqtt_state(), MqttState::Configured, "{line}");
    }
}

#[test]
fn fail_and_a_module_that_gives_up_mean_unreachable() {
    for lines in [
        "+MQTTOPEN:FAIL",
        "+MQTTCONACK: FAIL",
        "+MQTTTO:1\r\n+MQTTREC:0\r\n+MQTTDISC: OK",
    ] {
        let mut rig = Rig::new();
        let id = opening(&mut rig);
        rig.reply(format!("\r\n{lines}\r\n"));
        let error = rig.error(id);
        assert_eq!(error.code(), ErrorCode::Connect, "{lines}");
        assert!(
            error.to_string().contains("broker:1883 is unreachable"),
            "{error}"
        );
        assert_eq!(rig.session.mqtt_state(), MqttState::Configured, "{lines}");
    }
}

#[test]
fn a_module_that_tries_again_by_itself_may_still_succeed() {
    let mut rig = Rig::new();
    let id = opening(&mut rig);
    rig.reply("\r\n+MQTTTO:1\r\n\r\n+MQTTREC:0\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn a_late_acknowledgement_in_front_of_the_ok_counts() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Connect(options()));
    rig.until_open();
    rig.reply("\r\n+MQTTTO:1\r\n\r\nOK\r\n");
    rig.advance(4 * SECOND);
    rig.expect_nothing();
    rig.advance(SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:1\r\n\r\nOK\r\n");
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::Connect);
    assert!(error.to_string().contains("+MQTTTO:1"), "{error}");
}

#[test]
fn a_connect_without_an_outcome_ends_after_sixty_seconds() {
    let mut rig = Rig::new();
    let id = opening(&mut rig);
    rig.advance(59 * SECOND);
    assert!(!rig.is_done(id));
    rig.advance(2 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
}

#[test]
fn after_a_failed_connect_the_next_one_starts_clean() {
    let mut rig = Rig::new();
    let id = opening(&mut rig);
    rig.advance(61 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    let again = rig.begin(RequestKind::Connect(options()));
    rig.until_open();
    rig.reply("\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.result(again), Ok(Outcome::Done));
}

#[test]
fn an_abandoned_connect_lets_the_next_one_start_clean() {
    let mut rig = Rig::new();
    let id = opening(&mut rig);
    rig.abandon(id);
    rig.begin(RequestKind::Connect(options()));
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    rig.expect("AT+MQTTDEL");
}

#[test]
fn a_refused_configuration_is_tried_once_more_after_a_delete() {
    let mut rig = Rig::new();
    rig.begin(RequestKind::Status);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    let id = rig.begin(RequestKind::Connect(options()));
    let cfg = "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1";
    rig.exchange(cfg, "\r\n+CME ERROR: 8002\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    rig.exchange(cfg, "\r\n+CME ERROR: 50\r\n");
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Connect, Some(50))
    );
}

#[test]
fn what_needs_the_connection_waits_for_it() {
    let mut rig = Rig::new();
    let connect = opening(&mut rig);
    let publish = rig.begin(publish("t", QoS::AtMostOnce));
    rig.expect_nothing();
    let signal = rig.begin(command("AT+CSQ"));
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert!(rig.result(signal).is_ok());
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert!(rig.result(connect).is_ok());
    rig.exchange("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"", "\r\nOK\r\n");
    assert!(rig.result(publish).is_ok());
}

#[test]
fn a_connect_that_fails_lets_what_waits_for_it_fail_without_a_byte() {
    let mut rig = Rig::new();
    let connect = opening(&mut rig);
    let publish = rig.begin(publish("t", QoS::AtMostOnce));
    rig.reply("\r\n+MQTTOPEN:4,0\r\n");
    assert!(rig.result(connect).is_err());
    assert_eq!(rig.code(publish), ErrorCode::NotConnected);
    rig.expect_nothing();
}

#[test]
fn what_is_asked_for_behind_a_given_up_connect_is_not_connected() {
    let unsubscribe = || RequestKind::Unsubscribe { filter: "a".into() };
    for kind in [
        publish("t", QoS::AtMostOnce),
        publish("t", QoS::AtLeastOnce),
        subscribe("a"),
        unsubscribe(),
    ] {
        let mut rig = Rig::new();
        let connect = opening(&mut rig);
        rig.abandon(connect);
        let id = rig.begin(kind);
        rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        assert_eq!(rig.code(id), ErrorCode::NotConnected);
        rig.expect_nothing();
    }
}

#[test]
fn the_password_is_in_no_error_event_or_debug_text() {
    let mut rig = Rig::new();
    let mut options = options();
    options.username = Some("someone".into());
    options.password = Some(Secret::new("hunter2"));
    assert!(!format!("{options:?}").contains("hunter2"));
    let id = rig.begin(RequestKind::Connect(options));
    loop {
        let Some(line) = rig.next_sent() else {
            rig.advance(SECOND);
            continue;
        };
        if line.starts_with("AT+MQTTCFG=") {
            // The echo twice: the second one is an unknown line.
            rig.reply(format!("{line}\r{line}\r\r\n+CME ERROR: 3\r\n"));
        } else {
            rig.reply("\r\n+CME ERROR: 3\r\n");
        }
        if rig.is_done(id) {
            break;
        }
    }
    let error = rig.error(id);
    assert!(!format!("{error} {error:?} {:?} {:?}", rig.incoming, rig.session).contains("hunter2"));
}
