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
