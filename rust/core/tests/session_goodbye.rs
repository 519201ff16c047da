//! Leaving: what the module says of itself is what holds afterwards.

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{ErrorCode, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, recovering};

const CFG: &str = "AT+MQTTCFG=\"broker\",1883,\"me\",60,\"\",\"\",1";
const BUSY: &str = "\r\n+CME ERROR: 3\r\n";

fn asked(rig: &mut Rig, state: u8) {
    rig.exchange(
        "AT+MQTTSTAT?",
        &format!("\r\n+MQTTSTAT:{state}\r\n\r\nOK\r\n"),
    );
}

#[test]
fn a_refused_goodbye_leaves_the_state_that_the_module_has() {
    for (number, state, code, expected) in [
        (3, 1, ErrorCode::NotConnected, MqttState::Configured),
        (3, 2, ErrorCode::NotConnected, MqttState::Configured),
        (620, 0, ErrorCode::NotConnected, MqttState::Off),
        (4, 5, ErrorCode::Command, MqttState::Connected),
        (4, 2, ErrorCode::NotConnected, MqttState::Configured),
    ] {
        for recovers in [false, true] {
            let mut rig = if recovers {
                Rig::with(recovering())
            } else {
                Rig::new()
            };
            rig.connect();
            let id = rig.begin(RequestKind::Disconnect);
            rig.exchange("AT+MQTTDISC", &format!("\r\n+CME ERROR: {number}\r\n"));
            asked(&mut rig, state);
            let error = rig.error(id);
            assert_eq!((error.code(), error.modem_code()), (code, Some(number)));
            assert_eq!(rig.session.mqtt_state(), expected, "{number}");
            // It was asked for, so that nothing is made again.
            rig.advance(600 * SECOND);
            rig.expect_nothing();
        }
    }
}

#[test]
fn a_goodbye_that_is_not_answered_changes_nothing_and_the_end_counts_when_it_comes() {
    let mut rig = Rig::connected();
    let published = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(rig.result(published).is_ok());
    let id = rig.begin(RequestKind::Disconnect);
    rig.expect("AT+MQTTDISC");
    rig.advance(10 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.reply("\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
}

#[test]
fn a_refused_goodbye_of_a_module_that_stays_connected_is_no_missing_connection() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Disconnect);
    while !rig.is_done(id) {
        rig.exchange("AT+MQTTDISC", BUSY);
        asked(&mut rig, 5);
        rig.advance(SECOND);
    }
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Command, Some(3))
    );
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

/// A module that connects by itself refuses everything but a configuration.
#[test]
fn leaving_ends_what_the_module_is_making_by_itself() {
    for kind in [RequestKind::Disconnect, RequestKind::Delete] {
        for recovers in [false, true] {
            let mut rig = if recovers {
                Rig::with(recovering())
            } else {
                Rig::new()
            };
            rig.connect();
            rig.reply("\r\n+MQTTREC: 0\r\n");
            let id = rig.begin(kind.clone());
            if matches!(kind, RequestKind::Delete) {
                rig.exchange("AT+MQTTDEL", BUSY);
            }
            rig.exchange("AT+MQTTDISC", BUSY);
            rig.exchange("AT+MQTTDEL", BUSY);
            rig.exchange(CFG, "\r\nOK\r\n");
            rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
            assert_eq!(rig.result(id), Ok(Outcome::Done), "{kind:?}");
            assert_eq!(rig.session.mqtt_state(), MqttState::Off);
            rig.advance(600 * SECOND);
            rig.expect_nothing();
        }
    }
}

#[test]
fn a_module_that_goes_on_connecting_whatever_it_is_told_is_an_error() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTREC: 0\r\n");
    let id = rig.begin(RequestKind::Disconnect);
    for _ in 0..100 {
        while let Some(line) = rig.next_sent() {
            rig.reply(match line.as_str() {
                "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:4\r\n\r\nOK\r\n",
                _ => BUSY,
            });
        }
        rig.advance(SECOND);
    }
    assert_eq!(rig.code(id), ErrorCode::Command);
    assert_eq!(rig.session.mqtt_state(), MqttState::ModuleReconnecting);
}

/// It refuses until it has reported the end of a connection, up to 2.5 s later.
#[test]
fn a_client_is_removed_once_the_end_of_its_connection_is_reported() {
    for reported in [false, true] {
        let mut rig = Rig::connected();
        let id = rig.begin(RequestKind::Delete);
        for _ in 0..2 {
            rig.exchange("AT+MQTTDEL", BUSY);
            asked(&mut rig, 2);
            rig.advance(SECOND / 2);
            rig.expect_nothing();
            if reported {
                break;
            }
            rig.advance(SECOND / 2);
        }
        if reported {
            rig.reply("\r\n+MQTTDISC: OK\r\n");
        }
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        assert_eq!(rig.result(id), Ok(Outcome::Done), "{reported}");
        assert_eq!(rig.session.mqtt_state(), MqttState::Off);
        rig.advance(600 * SECOND);
        rig.expect_nothing();
    }
}

#[test]
fn a_client_that_is_never_removed_is_an_error_within_seconds() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Delete);
    for _ in 0..3 {
        rig.exchange("AT+MQTTDEL", BUSY);
        asked(&mut rig, 1);
        rig.advance(SECOND);
    }
    rig.exchange("AT+MQTTDEL", BUSY);
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Command, Some(3))
    );
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
}

#[test]
fn a_refusal_that_waiting_cannot_change_is_reported_at_once() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", "\r\n+CME ERROR: 50\r\n");
    assert_eq!(rig.code(id), ErrorCode::Command);
    // Nor does it change that there is no client.
    let id = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    let id = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", BUSY);
    assert_eq!(rig.code(id), ErrorCode::Command);
    rig.expect_nothing();
}

/// For some seconds it prints nothing about that.
#[test]
fn leaving_ends_what_the_module_makes_again_without_a_word() {
    for kind in [RequestKind::Disconnect, RequestKind::Delete] {
        let mut rig = Rig::connected();
        let id = rig.begin(kind.clone());
        let line = match kind {
            RequestKind::Delete => "AT+MQTTDEL",
            _ => "AT+MQTTDISC",
        };
        rig.exchange(line, BUSY);
        asked(&mut rig, 4);
        rig.exchange("AT+MQTTDISC", BUSY);
        rig.exchange("AT+MQTTDEL", BUSY);
        rig.exchange(CFG, "\r\nOK\r\n");
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        assert_eq!(rig.result(id), Ok(Outcome::Done), "{kind:?}");
        assert_eq!(rig.session.mqtt_state(), MqttState::Off);
    }
}

/// It stops connecting by itself, and reports that only later.
#[test]
fn a_client_whose_last_attempt_just_ended_is_removed_all_the_same() {
    let mut rig = Rig::connected();
    rig.reply("\r\n+MQTTREC: 0\r\n");
    let id = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", BUSY);
    rig.exchange("AT+MQTTDISC", BUSY);
    rig.exchange("AT+MQTTDEL", BUSY);
    rig.exchange(CFG, BUSY);
    asked(&mut rig, 2);
    rig.exchange("AT+MQTTDEL", BUSY);
    asked(&mut rig, 2);
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
}

#[test]
fn leaving_ends_what_the_module_has_made_while_it_was_asked() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Disconnect);
    rig.expect("AT+MQTTDISC");
    rig.reply(BUSY);
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+MQTTREC: 0\r\n\r\n+MQTTOPEN:OK\r\n");
    rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.advance(SECOND);
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
}

#[test]
fn leaving_ends_what_the_module_began_to_make_while_it_refused() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Disconnect);
    rig.expect("AT+MQTTDISC");
    rig.reply("\r\n+MQTTREC: 0\r\n");
    rig.reply(BUSY);
    asked(&mut rig, 4);
    rig.exchange("AT+MQTTDISC", BUSY);
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
}
