//! Which acknowledgement completes which publish.

use m531x_core::session::RequestKind;
use m531x_core::{ErrorCode, EventKind, QoS};
use m531x_test_support::session::{Rig, SECOND, publish};

const QOS1: QoS = QoS::AtLeastOnce;
const QOS2: QoS = QoS::ExactlyOnce;

#[test]
fn a_qos_0_publish_is_complete_with_ok() {
    let mut rig = Rig::connected();
    let id = rig.published(QoS::AtMostOnce);
    assert_eq!(rig.packet_id(id), None);
}

#[test]
fn ok_does_not_complete_a_qos_1_publish() {
    let mut rig = Rig::connected();
    let id = rig.published(QOS1);
    rig.advance(SECOND);
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

#[test]
fn both_orders_of_the_numbers_are_understood() {
    for (ack, packet_id) in [
        ("1,0", 1),
        ("0,1", 1),
        ("7,0", 7),
        ("0,7", 7),
        // The number that is awaited decides, whatever the other says.
        ("1,7", 1),
        ("14", 14),
    ] {
        let mut rig = Rig::connected();
        let id = rig.published(QOS1);
        rig.reply(format!("\r\n+MQTTPUBACK: {ack}\r\n"));
        assert_eq!(rig.packet_id(id), Some(packet_id), "{ack}");
    }
}

#[test]
fn an_ack_before_the_ok_counts_when_the_ok_comes() {
    let mut rig = Rig::connected();
    let id = rig.begin(publish("t", QOS1));
    rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\n+MQTTPUBACK:1,0\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\nOK\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

#[test]
fn a_qos_2_publish_is_complete_with_pubcomp() {
    let mut rig = Rig::connected();
    let id = rig.published(QOS2);
    rig.reply("\r\n+MQTTPUBREC:1,0\r\n");
    rig.reply("\r\n+MQTTPUBREL:1,0\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTPUBCOMP:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
}

#[test]
fn acks_out_of_order_complete_their_own_publishes() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    let second = rig.published(QOS1);
    let third = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:3,0\r\n");
    assert_eq!(rig.packet_id(third), Some(3));
    rig.reply("\r\n+MQTTPUBACK:0,1\r\n");
    assert_eq!(rig.packet_id(first), Some(1));
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(second), Some(2));
}

#[test]
fn a_counter_that_started_elsewhere_is_learned_from_the_first_ack() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    let second = rig.published(QOS1);
    let third = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:41,0\r\n");
    assert_eq!(rig.packet_id(first), Some(41));
    rig.reply("\r\n+MQTTPUBACK:43,0\r\n");
    assert_eq!(rig.packet_id(third), Some(43));
    rig.reply("\r\n+MQTTPUBACK:42,0\r\n");
    assert_eq!(rig.packet_id(second), Some(42));
}

#[test]
fn subscriptions_count_in_the_same_row() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    rig.subscribe("a/b", 2);
    let third = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:3,0\r\n");
    assert_eq!(rig.packet_id(third), Some(3));
    assert!(!rig.is_done(first));
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(first), Some(1));
}

#[test]
fn a_puback_does_not_complete_a_qos_2_publish() {
    let mut rig = Rig::connected();
    let id = rig.published(QOS2);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(!rig.is_done(id));
}

#[test]
fn a_lost_ack_fails_the_oldest_publish_when_the_module_reports_it() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTTO:2\r\n");
    assert_eq!(rig.code(first), ErrorCode::PublishFailed);
    assert!(!rig.is_done(second));
    assert_eq!(rig.events(EventKind::Urc), ["+MQTTTO:2"]);
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(second), Some(2));
}

#[test]
fn a_late_ack_completes_no_other_publish() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    rig.reply("\r\n+MQTTTO:2\r\n");
    assert_eq!(rig.code(first), ErrorCode::PublishFailed);
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(!rig.is_done(second));
    assert_eq!(rig.events(EventKind::LateAnswer), ["+MQTTPUBACK:1,0"]);
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(second), Some(2));
}

#[test]
fn a_late_ack_with_an_unforeseen_id_completes_no_other_publish() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    rig.reply("\r\n+MQTTTO:2\r\n");
    assert_eq!(rig.code(first), ErrorCode::PublishFailed);
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:41,0\r\n");
    assert!(!rig.is_done(second));
    rig.reply("\r\n+MQTTPUBACK:42,0\r\n");
    assert_eq!(rig.packet_id(second), Some(42));
}

#[test]
fn a_second_copy_of_an_ack_completes_no_other_publish() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS1);
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(first), Some(1));
    assert!(!rig.is_done(second));
}

#[test]
fn late_qos_2_acks_complete_no_other_publish() {
    let mut rig = Rig::connected();
    let first = rig.published(QOS2);
    rig.reply("\r\n+MQTTTO:2\r\n");
    assert_eq!(rig.code(first), ErrorCode::PublishFailed);
    let second = rig.published(QOS2);
    rig.reply("\r\n+MQTTPUBREC:1,0\r\n+MQTTPUBCOMP:1,0\r\n");
    assert!(!rig.is_done(second));
    rig.reply("\r\n+MQTTPUBREC:2,0\r\n+MQTTPUBCOMP:2,0\r\n");
    assert_eq!(rig.packet_id(second), Some(2));
}

#[test]
fn a_publish_whose_own_time_ran_out_takes_the_modules_report_with_it() {
    let mut rig = Rig::connected();
    let first = rig.begin_within(publish("t", QOS1), SECOND);
    rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    rig.advance(2 * SECOND);
    let error = rig.error(first);
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert!(error.to_string().ends_with("still get it"), "{error}");
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTTO:2\r\n");
    assert!(!rig.is_done(second));
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(second), Some(2));
}

#[test]
fn a_publish_whose_turn_did_not_come_in_time_was_not_sent() {
    let mut rig = Rig::connected();
    rig.begin(publish("t", QOS1));
    let second = rig.begin_within(publish("t", QOS1), SECOND);
    rig.advance(2 * SECOND);
    let error = rig.error(second);
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert!(error.to_string().ends_with("it was not sent"), "{error}");
}

#[test]
fn an_abandoned_publishs_ack_is_late() {
    let mut rig = Rig::connected();
    let abandoned = rig.published(QOS1);
    rig.abandon(abandoned);
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(!rig.is_done(second));
    assert_eq!(rig.events(EventKind::LateAnswer), ["+MQTTPUBACK:1,0"]);
}

#[test]
fn a_publish_that_nobody_acknowledges_ends_by_itself() {
    let mut rig = Rig::connected();
    let id = rig.published(QOS1);
    rig.advance(14 * SECOND);
    assert!(!rig.is_done(id));
    rig.advance(2 * SECOND);
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::PublishFailed);
    assert!(error.to_string().contains("PUBACK"), "{error}");
    assert!(rig.session.idle());
}

#[test]
fn a_refused_publish_carries_the_modules_number() {
    let mut rig = Rig::connected();
    let id = rig.begin(publish("t", QOS1));
    rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\n+CME ERROR: 50\r\n");
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Command, Some(50))
    );
    let next = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(next), Some(1));
}

#[test]
fn publishes_behind_each_other_wait_for_ok_and_not_for_acks() {
    let mut rig = Rig::connected();
    let ids: Vec<_> = (0..20).map(|_| rig.begin(publish("t", QOS1))).collect();
    for _ in &ids {
        rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    }
    for (id, packet_id) in ids.into_iter().zip(1..) {
        rig.reply(format!("\r\n+MQTTPUBACK:{packet_id},0\r\n"));
        assert_eq!(rig.packet_id(id), Some(packet_id));
    }
}

#[test]
fn without_a_connection_nothing_is_sent() {
    let mut rig = Rig::connected();
    let end = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    assert!(rig.result(end).is_ok());
    let id = rig.begin(publish("t", QOS1));
    rig.expect_nothing();
    assert_eq!(rig.code(id), ErrorCode::NotConnected);
}

/// The module has slept through the first sending: it answers the probe, then the second sending.
fn slept_through(rig: &mut Rig) {
    rig.expect(QOS1_LINE);
    rig.advance(15 * SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.exchange(QOS1_LINE, "\r\nOK\r\n");
}

const QOS1_LINE: &str = "AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"";

#[test]
fn a_command_that_the_module_never_read_takes_no_packet_id() {
    let mut rig = Rig::recovering();
    let id = rig.begin(publish("t", QOS1));
    slept_through(&mut rig);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
    // The next ones are in step again.
    for packet in 2..5 {
        let id = rig.published(QOS1);
        rig.reply(format!("\r\n+MQTTPUBACK:{packet},0\r\n"));
        assert_eq!(rig.packet_id(id), Some(packet));
    }
}

#[test]
fn the_late_ack_of_the_first_sending_completes_what_was_sent_again() {
    let mut rig = Rig::recovering();
    let id = rig.published(QOS1);
    rig.reply("\r\n+MQTTTO:2\r\n");
    rig.exchange(QOS1_LINE, "\r\nOK\r\n");
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
    // That of the second belongs to nobody.
    let other = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert!(!rig.is_done(other));
    assert_eq!(rig.events(EventKind::LateAnswer), ["+MQTTPUBACK:2,0"]);
    rig.reply("\r\n+MQTTPUBACK:3,0\r\n");
    assert_eq!(rig.packet_id(other), Some(3));
}

#[test]
fn a_publish_that_was_never_sent_takes_no_packet_id() {
    let mut rig = Rig::connected();
    let slow = rig.begin(RequestKind::Signal);
    rig.expect("AT+CSQ");
    let gone = rig.begin(publish("t", QOS1));
    let id = rig.begin(publish("t", QOS1));
    rig.abandon(gone);
    rig.reply("\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert!(rig.result(slow).is_ok());
    rig.exchange(QOS1_LINE, "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(id), Some(1));
    rig.expect_nothing();
}

#[test]
fn an_ack_that_the_counter_has_passed_completes_nothing() {
    let mut rig = Rig::connected();
    rig.subscribe("a", 1);
    let id = rig.published(QOS1);
    // What a message says whose head was destroyed by noise.
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(!rig.is_done(id));
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(id), Some(2));
}

#[test]
fn an_ack_of_what_the_module_sends_again_by_itself_does_not_move_the_counter() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    let (first, second) = (rig.published(QOS1), rig.published(QOS1));
    rig.reply("\r\n+MQTTREC:0\r\n");
    // By now the session doubts whether the module has read them.
    rig.advance(30 * SECOND);
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:4,1,a\r\n");
    rig.exchange(QOS1_LINE, "\r\nOK\r\n");
    rig.exchange(QOS1_LINE, "\r\nOK\r\n");
    rig.reply("\r\n+MQTTPUBACK:3,0\r\n");
    assert!(!rig.is_done(first));
    assert_eq!(rig.packet_id(second), Some(3));
    rig.reply("\r\n+MQTTPUBACK:6,0\r\n");
    assert!(!rig.is_done(first));
    rig.reply("\r\n+MQTTPUBACK:5,0\r\n");
    assert_eq!(rig.packet_id(first), Some(5));
}

#[test]
fn an_ack_that_comes_long_after_the_ok_is_not_taken_for_that_of_a_later_publish() {
    let mut rig = Rig::recovering();
    let first = rig.published(QOS1);
    // In a network that is cut nothing comes for long, but the module has read the command.
    rig.advance(20 * SECOND);
    rig.exchange(QOS1_LINE, "\r\nOK\r\n");
    let second = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(first), Some(1));
    assert!(!rig.is_done(second));
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert!(!rig.is_done(second));
    rig.reply("\r\n+MQTTPUBACK:3,0\r\n");
    assert_eq!(rig.packet_id(second), Some(3));
}

#[test]
fn a_publish_that_was_typed_takes_an_id_and_completes_no_other() {
    let mut rig = Rig::connected();
    let typed = rig.begin(RequestKind::Command(QOS1_LINE.into()));
    rig.exchange(QOS1_LINE, "\r\nOK\r\n");
    assert!(rig.result(typed).is_ok());
    let id = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(!rig.is_done(id));
    assert_eq!(rig.events(EventKind::Urc), ["+MQTTPUBACK:1,0"]);
    rig.reply("\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(id), Some(2));
}

/// Two publishes behind one of QoS 0, which the vendor's client counts. The first is acknowledged, and
/// then the connection is lost: the broker never had the second.
#[test]
fn the_ack_of_one_publish_is_not_taken_for_that_of_the_next_behind_a_qos_0() {
    let mut rig = Rig::recovering();
    let warm = rig.published(QOS1);
    rig.reply("\r\n+MQTTPUBACK:0,1\r\n");
    assert_eq!(rig.packet_id(warm), Some(1));
    let zero = rig.published(QoS::AtMostOnce);
    assert!(rig.result(zero).is_ok());
    let (a, b) = (rig.published(QOS1), rig.published(QOS1));
    rig.reply("\r\n+MQTTPUBACK:0,3\r\n");
    assert_eq!(rig.packet_id(a), Some(3));
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    assert!(!rig.is_done(b));
    rig.advance_until_sent();
    rig.recover();
    rig.exchange(QOS1_LINE, "\r\nOK\r\n\r\n+MQTTPUBACK:0,1\r\n");
    assert_eq!(rig.packet_id(b), Some(1));
}
