//! What was accepted for publishing outlives the connection.

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{ErrorCode, EventKind, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, answer_settings, ms, publish};

const QOS1: &str = "AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"";
const QOS2: &str = "AT+MQTTPUB=\"t\",2,0,0,0,\"hi\"";
const BOOT: &str = "\r\nREBOOTING..\r\n\r\n*ATREADY: 1\r\n";

/// Loses the connection and has it made again.
fn interrupt(rig: &mut Rig, with: &str) {
    rig.reply(with);
    rig.advance(SECOND);
    if with == BOOT {
        for _ in 0..3 {
            assert!(rig.next_sent().is_some());
            rig.reply("\r\nOK\r\n");
        }
        rig.advance(SECOND);
    }
    rig.recover();
}

#[test]
fn what_the_broker_has_not_acknowledged_is_sent_again_in_order() {
    for loss in ["\r\n+MQTTDISC\r\n", BOOT] {
        let mut rig = Rig::recovering();
        let one = rig.published(QoS::AtLeastOnce);
        let two = rig.published(QoS::ExactlyOnce);
        let queued = rig.begin(publish("later", QoS::AtLeastOnce));
        rig.expect("AT+MQTTPUB=\"later\",1,0,0,0,\"hi\"");
        interrupt(&mut rig, &format!("\r\nOK\r\n{loss}"));
        rig.exchange(QOS1, "\r\nOK\r\n");
        rig.exchange(QOS2, "\r\nOK\r\n");
        rig.exchange("AT+MQTTPUB=\"later\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
        rig.reply("+MQTTPUBACK:1,0\r\n+MQTTPUBREC:2,0\r\n+MQTTPUBCOMP:2,0\r\n+MQTTPUBACK:3,0\r\n");
        for (id, packet) in [(one, 1), (two, 2), (queued, 3)] {
            assert_eq!(rig.packet_id(id), Some(packet), "{loss}");
        }
        rig.expect_nothing();
    }
}

#[test]
fn at_most_once_fails_at_once() {
    let mut rig = Rig::recovering();
    let flying = rig.begin(publish("t", QoS::AtMostOnce));
    rig.reply("\r\n+MQTTDISC\r\n");
    assert_eq!(rig.code(flying), ErrorCode::NotConnected);
    rig.reply("\r\nOK\r\n");
    assert!(rig.next_sent().is_some());
    let waiting = rig.begin(publish("t", QoS::AtMostOnce));
    assert_eq!(rig.code(waiting), ErrorCode::NotConnected);
    rig.advance(SECOND);
    rig.attempt();
    let connecting = rig.begin(publish("t", QoS::AtMostOnce));
    assert_eq!(rig.code(connecting), ErrorCode::NotConnected);
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
}

#[test]
fn at_most_once_fails_at_once_while_a_restarted_module_is_set_up() {
    let mut rig = Rig::recovering();
    rig.reply(BOOT);
    let quiet = rig.begin(publish("t", QoS::AtMostOnce));
    assert_eq!(rig.code(quiet), ErrorCode::NotConnected);
    rig.advance(SECOND);
    rig.expect("AT");
    let busy = rig.begin(publish("t", QoS::AtMostOnce));
    assert_eq!(rig.code(busy), ErrorCode::NotConnected);
}

#[test]
fn what_is_asked_for_meanwhile_waits_as_long_as_it_takes() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC\r\n");
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    for _ in 0..20 {
        while rig.next_sent().is_none() {
            rig.advance(SECOND);
        }
        rig.reply("\r\nOK\r\n");
        rig.attempt();
        rig.reply("\r\n+MQTTOPEN:FAIL\r\n");
    }
    assert!(!rig.is_done(id));
    rig.advance(60 * SECOND);
    rig.recover();
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

#[test]
fn the_callers_own_limit_counts_over_a_recovery() {
    let mut rig = Rig::recovering();
    let limited = rig.begin_within(publish("t", QoS::AtLeastOnce), 5 * SECOND);
    rig.exchange(QOS1, "\r\nOK\r\n");
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(ms(4999));
    assert!(!rig.is_done(limited));
    rig.advance(ms(1));
    assert_eq!(rig.code(limited), ErrorCode::Timeout);
}

#[test]
fn the_modules_own_reconnect_has_them_sent_again_too() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTREC:0\r\n");
    rig.advance(40 * SECOND);
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(id), Some(2));
}

#[test]
fn a_late_acknowledgement_is_a_reason_to_send_again() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTTO:2\r\n");
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(id), Some(2));
}

#[test]
fn a_connection_on_which_nothing_is_acknowledged_is_made_again() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    for _ in 0..2 {
        rig.reply("\r\n+MQTTTO:2\r\n");
        rig.exchange(QOS1, "\r\nOK\r\n");
    }
    rig.reply("\r\n+MQTTTO:2\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    rig.advance(SECOND);
    rig.recover();
    assert_eq!(rig.session.stats().recoveries.unacknowledged, 1);
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

#[test]
fn a_publish_that_is_never_acknowledged_fails_in_the_end() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    for sent in 1..=15 {
        rig.reply("\r\n+MQTTTO:2\r\n");
        if sent == 15 {
            break;
        }
        if sent % 3 == 0 {
            let due = rig.session.poll_timeout().unwrap();
            rig.advance(due - rig.now);
            rig.recover();
        }
        rig.exchange(QOS1, "\r\nOK\r\n");
    }
    assert_eq!(rig.code(id), ErrorCode::PublishFailed);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn a_refusal_that_can_mean_no_connection_has_the_state_looked_at() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    rig.exchange(QOS1, "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:2\r\n\r\nOK\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));

    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    for _ in 0..3 {
        rig.exchange(QOS1, "\r\n+CME ERROR: 3\r\n");
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    }
    rig.exchange(QOS1, "\r\n+CME ERROR: 3\r\n");
    assert_eq!(rig.code(id), ErrorCode::Command);
    rig.expect_nothing();

    let id = rig.begin(publish("t", QoS::AtMostOnce));
    rig.exchange("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"", "\r\n+CME ERROR: 3\r\n");
    assert_eq!(rig.code(id), ErrorCode::Command);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:2\r\n\r\nOK\r\n");
    rig.advance(2 * SECOND);
    rig.recover();
}

#[test]
fn a_refusal_is_not_the_end_because_the_answer_about_the_state_was_lost() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    rig.exchange(QOS1, "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\nMQTTSTAT:0\r\n\r\nOK\r\n");
    rig.exchange(QOS1, "\r\n+CME ERROR: 3\r\n");
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

/// With `AT+CMEE=1` the module gives every refusal a number, so this one may be nobody's.
#[test]
fn a_refusal_without_a_number_has_the_connection_made_again_for_nobody_knows_the_packet_ids() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QoS::AtLeastOnce));
    rig.exchange(QOS1, "\r\nERROR\r\n");
    let mut hung_up = false;
    while let Some(line) = rig.next_sent() {
        hung_up |= line == "AT+MQTTDISC";
        rig.reply(match line.as_str() {
            "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n",
            _ => "\r\nOK\r\n",
        });
    }
    assert!(hung_up);
    assert!(!rig.is_done(id));
    rig.advance(SECOND);
    rig.recover();
    rig.expect(QOS1);
    // A second refusal is the module's opinion of this publish.
    rig.reply("\r\nERROR\r\n");
    while let Some(line) = rig.next_sent() {
        let again = line == QOS1;
        rig.reply(match line.as_str() {
            "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n",
            _ if again => "\r\nERROR\r\n",
            _ => "\r\nOK\r\n",
        });
    }
    assert_eq!(rig.code(id), ErrorCode::Command);
}

#[test]
fn one_that_is_given_up_meanwhile_is_not_sent() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.abandon(id);
    rig.advance(SECOND);
    rig.recover();
    rig.expect_nothing();
}

#[test]
fn a_port_that_vanishes_and_comes_back_loses_nothing() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    let id = rig.published(QoS::AtLeastOnce);
    let general = rig.begin(RequestKind::Signal);
    rig.expect("AT+CSQ");
    rig.session.handle_port_detached(rig.now, "unplugged");
    rig.advance(SECOND);
    assert_eq!(rig.code(general), ErrorCode::Port);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    let refused = rig.try_begin(RequestKind::Signal.into());
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Port);
    let meanwhile = rig.begin(publish("later", QoS::ExactlyOnce));
    let limited = rig.begin_within(publish("never", QoS::ExactlyOnce), SECOND);
    rig.advance(600 * SECOND);
    assert_eq!(rig.code(limited), ErrorCode::Timeout);
    rig.expect_nothing();

    rig.session.handle_port_back(rig.now, "/dev/ttyUSB0");
    rig.reply("");
    // Set up as at the start, then connected.
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n");
    assert_eq!(rig.session.stats().recoveries.port_lost, 1);
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:2,0\r\n");
    rig.exchange(
        "AT+MQTTPUB=\"later\",2,0,0,0,\"hi\"",
        "\r\nOK\r\n\r\n+MQTTPUBREC:3,0\r\n\r\n+MQTTPUBCOMP:3,0\r\n",
    );
    assert_eq!(rig.packet_id(id), Some(2));
    assert_eq!(rig.packet_id(meanwhile), Some(3));
}

#[test]
fn a_module_that_kept_its_connection_over_the_loss_of_the_port_is_taken_as_it_is() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    rig.session.handle_port_detached(rig.now, "unplugged");
    rig.advance(10 * SECOND);
    rig.session.handle_port_back(rig.now, "/dev/ttyUSB0");
    rig.reply("");
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.exchange(QOS1, "\r\nOK\r\n\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(id), Some(2));
    rig.advance(100 * SECOND);
    rig.expect_nothing();
}

#[test]
fn disconnecting_while_the_port_is_gone_ends_the_waiting() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    rig.session.handle_port_detached(rig.now, "unplugged");
    let refused = rig.try_begin(RequestKind::Disconnect.into());
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Port);
    assert_eq!(rig.code(id), ErrorCode::NotConnected);
}

#[test]
fn a_port_that_vanishes_without_a_connection_comes_back_with_the_settings() {
    let mut rig = Rig::with(m531x_test_support::session::recovering());
    let id = rig.begin(RequestKind::Signal);
    rig.expect("AT+CSQ");
    rig.session.handle_port_detached(rig.now, "unplugged");
    rig.reply("");
    assert_eq!(rig.code(id), ErrorCode::Port);
    assert!(
        rig.try_begin(publish("t", QoS::AtLeastOnce).into())
            .is_err()
    );
    rig.session.handle_port_back(rig.now, "/dev/ttyUSB0");
    rig.reply("");
    answer_settings(&mut rig);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    let id = rig.begin(RequestKind::Wake);
    rig.exchange("AT", "\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
}

#[test]
fn a_port_that_is_gone_for_good_ends_everything() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    rig.session.handle_port_lost(rig.now, "unplugged");
    rig.reply("");
    assert_eq!(rig.code(id), ErrorCode::Port);
    rig.advance(600 * SECOND);
    rig.expect_nothing();
    assert!(rig.events(EventKind::Recovering).is_empty());
    assert!(rig.session.idle());
}
