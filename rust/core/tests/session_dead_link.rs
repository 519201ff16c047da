//! A link that is dead before the module has noticed: it refuses to send, and it may print an error
//! that answers no command.

use m531x_core::session::RequestKind;
use m531x_core::{ErrorCode, EventKind, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, ms, publish};

const QOS0: &str = "AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"";
const QOS1: &str = "AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"";

#[test]
fn a_publish_that_a_dead_link_refuses_waits_for_the_next_connection() {
    for number in [608, 603, 613] {
        let mut rig = Rig::recovering();
        let id = rig.begin(publish("t", QoS::AtLeastOnce));
        rig.exchange(QOS1, &format!("\r\n+CME ERROR: {number}\r\n"));
        // The module has noticed nothing yet.
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
        rig.advance(ms(1_100));
        rig.exchange(QOS1, &format!("\r\n+CME ERROR: {number}\r\n"));
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
        rig.reply("\r\n+MQTTDISC: OK\r\n");
        assert!(!rig.is_done(id), "{number}");
        rig.advance_until_sent();
        rig.recover();
        rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:0,1\r\n");
        assert_eq!(rig.packet_id(id), Some(1), "{number}");
    }
}

#[test]
fn a_module_that_never_notices_is_connected_anew() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    for _ in 0..20 {
        rig.advance_until_sent();
        let sent = rig.next_sent().unwrap_or_default();
        match sent.as_str() {
            QOS1 => rig.reply("\r\n+CME ERROR: 608\r\n"),
            "AT+MQTTSTAT?" => rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n"),
            "AT+MQTTDISC" => {
                rig.reply("\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
                break;
            }
            other => panic!("{other}"),
        }
    }
    rig.advance_until_sent();
    rig.recover();
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:0,1\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

#[test]
fn a_qos_0_publish_that_a_dead_link_refuses_fails_with_the_number() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange(QOS0, "\r\n+CME ERROR: 608\r\n");
    assert_eq!(rig.error(id).modem_code(), Some(608));
    // The connection is looked at all the same.
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:2\r\n\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
}

#[test]
fn an_error_of_the_modules_own_is_the_answer_of_no_command() {
    let mut rig = Rig::connected();
    let signal = rig.begin(RequestKind::Signal);
    rig.expect("AT+CSQ");
    rig.reply("\r\n+CME ERROR: 615\r\n");
    assert!(!rig.is_done(signal));
    rig.reply("\r\n+CSQ:23,99\r\n\r\nOK\r\n");
    assert!(rig.result(signal).is_ok());
    assert_eq!(rig.events(EventKind::StrayResult), ["+CME ERROR: 615"]);
    // No answer slips to the next command.
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange(QOS0, "\r\n+CME ERROR: 615\r\n\r\n+CME ERROR: 608\r\n");
    assert_eq!(rig.error(id).modem_code(), Some(608));
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange(QOS0, "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
}

#[test]
fn an_error_after_which_nothing_comes_was_the_answer() {
    let mut rig = Rig::connected();
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange(QOS0, "\r\n+CME ERROR: 615\r\n");
    rig.advance(SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Command, Some(615))
    );
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange(QOS0, "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
}

#[test]
fn a_publish_refused_while_the_module_reconnects_waits_whatever_the_number() {
    for number in [602, 616, 3, 9_999] {
        let mut rig = Rig::recovering();
        let id = rig.begin(publish("t", QoS::AtLeastOnce));
        rig.exchange(QOS1, &format!("\r\n+CME ERROR: {number}\r\n"));
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:4\r\n\r\nOK\r\n");
        rig.reply("\r\n+MQTTREC:0\r\n");
        rig.advance(SECOND);
        rig.reply("\r\n+MQTTOPEN:OK\r\n");
        rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:0,1\r\n");
        assert_eq!(rig.packet_id(id), Some(1), "{number}");
    }
}

/// The module's refusal comes after it has reconnected by itself: the command has taken no id, and the
/// acknowledgement of another publish is not its own.
#[test]
fn a_refusal_that_comes_after_a_reconnect_owns_no_acknowledgement() {
    let mut rig = Rig::recovering();
    let a = rig.begin(publish("a", QoS::AtLeastOnce));
    rig.exchange("AT+MQTTPUB=\"a\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    let b = rig.begin(publish("b", QoS::AtLeastOnce));
    rig.expect("AT+MQTTPUB=\"b\",1,0,0,0,\"hi\"");
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n\r\n+CME ERROR: 602\r\n");
    // The module counts on: 1 was the first of a.
    rig.exchange("AT+MQTTPUB=\"a\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTPUBACK:0,2\r\n");
    assert_eq!(rig.packet_id(a), Some(2));
    assert!(!rig.is_done(b));
    rig.exchange("AT+MQTTPUB=\"b\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTPUBACK:0,3\r\n");
    assert_eq!(rig.packet_id(b), Some(3));
}

#[test]
fn a_state_that_is_older_than_what_the_module_said_since_is_asked_for_again() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    rig.exchange(QOS1, "\r\n+CME ERROR: 602\r\n");
    rig.expect("AT+MQTTSTAT?");
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n\r\n+MQTTSTAT:4\r\n\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:0,1\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}
