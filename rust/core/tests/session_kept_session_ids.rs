//! A broker keeps the ids of unfinished QoS 2 publishes with the session, and the module counts from
//! 1 again after AT+MQTTCFG: a publish that gets such an id may be taken for a copy of the old one,
//! acknowledged and never delivered.

use m531x_core::session::{ConnectOptions, RequestKind};
use m531x_core::{ErrorCode, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, publish, recovering};

const LOST: &str = "\r\n+MQTTDISC\r\n";

fn line(topic: &str, qos: u8) -> String {
    format!("AT+MQTTPUB=\"{topic}\",{qos},0,0,0,\"hi\"")
}

fn pubcomp(rig: &mut Rig, id: u16) {
    rig.reply(format!("\r\n+MQTTPUBREC:{id},0\r\n"));
    rig.reply(format!("\r\n+MQTTPUBCOMP:{id},0\r\n"));
}

/// Connected; the broker keeps the session unless it is `clean`.
fn connected(clean: bool) -> Rig {
    let mut rig = Rig::with(recovering());
    let id = rig.begin(RequestKind::Connect(ConnectOptions {
        clean_session: clean,
        ..ConnectOptions::new("broker", "me")
    }));
    rig.until_open();
    rig.reply("\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n");
    rig.result(id).expect("connected");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig
}

fn lose_and_recover(rig: &mut Rig) {
    rig.reply(LOST);
    rig.advance_until_sent();
    rig.recover();
}

/// One publish of QoS 1 has got id 1, and one of QoS 2 has got id 2 and was not released when the
/// connection ended. It is sent again and acknowledged, on a kept session with QoS 1.
fn with_an_unreleased_2(clean: bool) -> Rig {
    let mut rig = connected(clean);
    let first = rig.begin(publish("first", QoS::AtLeastOnce));
    rig.exchange(&line("first", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(first), Some(1));
    let held = rig.begin(publish("held", QoS::ExactlyOnce));
    rig.exchange(&line("held", 2), "\r\nOK\r\n");
    lose_and_recover(&mut rig);
    if clean {
        rig.exchange(&line("held", 2), "\r\nOK\r\n");
        pubcomp(&mut rig, 1);
    } else {
        rig.exchange(&line("held", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    }
    assert_eq!(rig.packet_id(held), Some(1));
    rig
}

#[test]
fn a_publish_with_the_id_of_an_unreleased_one_is_sent_again() {
    let mut rig = with_an_unreleased_2(false);
    let other = rig.begin(publish("other", QoS::ExactlyOnce));
    rig.exchange(&line("other", 2), "\r\nOK\r\n");
    pubcomp(&mut rig, 2);
    assert!(!rig.is_done(other), "the broker may not have it");
    rig.exchange(&line("other", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:3,0\r\n");
    assert_eq!(rig.packet_id(other), Some(3));
    rig.expect_nothing();
}

#[test]
fn an_id_is_free_once_the_broker_has_released_it() {
    let mut rig = with_an_unreleased_2(false);
    let other = rig.begin(publish("other", QoS::ExactlyOnce));
    rig.exchange(&line("other", 2), "\r\nOK\r\n");
    pubcomp(&mut rig, 2);
    rig.exchange(&line("other", 1), "\r\nOK\r\n");
    lose_and_recover(&mut rig);
    rig.exchange(&line("other", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert_eq!(rig.packet_id(other), Some(1));
    let next = rig.begin(publish("next", QoS::ExactlyOnce));
    rig.exchange(&line("next", 2), "\r\nOK\r\n");
    pubcomp(&mut rig, 2);
    assert_eq!(rig.packet_id(next), Some(2));
}

#[test]
fn a_clean_session_holds_nothing() {
    let mut rig = with_an_unreleased_2(true);
    let other = rig.begin(publish("other", QoS::ExactlyOnce));
    rig.exchange(&line("other", 2), "\r\nOK\r\n");
    pubcomp(&mut rig, 2);
    assert_eq!(rig.packet_id(other), Some(2));
}

#[test]
fn a_publish_of_qos_1_is_no_copy_of_anything() {
    let mut rig = with_an_unreleased_2(false);
    let other = rig.begin(publish("other", QoS::AtLeastOnce));
    rig.exchange(&line("other", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:2,0\r\n");
    assert_eq!(rig.packet_id(other), Some(2));
}

#[test]
fn only_pubcomp_releases_an_id() {
    let mut rig = connected(false);
    let held = rig.begin(publish("held", QoS::ExactlyOnce));
    rig.exchange(&line("held", 2), "\r\nOK\r\n");
    let other = rig.begin(publish("other", QoS::ExactlyOnce));
    rig.exchange(&line("other", 2), "\r\nOK\r\n");
    let _ = rig.begin(publish("first", QoS::AtLeastOnce));
    rig.exchange(&line("first", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:3,0\r\n");
    rig.abandon(other);
    lose_and_recover(&mut rig);
    rig.exchange(&line("held", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert!(rig.is_done(held));
    for _ in 0..2 {
        let id = rig.begin(publish("again", QoS::AtLeastOnce));
        rig.exchange(&line("again", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:2,0\r\n");
        assert!(rig.is_done(id));
        lose_and_recover(&mut rig);
        let id = rig.begin(publish("one", QoS::AtLeastOnce));
        rig.exchange(&line("one", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
        assert!(rig.is_done(id));
    }
    let two = rig.begin(publish("two", QoS::ExactlyOnce));
    rig.exchange(&line("two", 2), "\r\nOK\r\n");
    pubcomp(&mut rig, 2);
    assert!(
        !rig.is_done(two),
        "the broker may hold another publish as 2"
    );
}

#[test]
fn eight_publishes_of_qos_2_are_under_way_at_most() {
    for clean in [true, false] {
        let mut rig = connected(clean);
        let ids = [(); 9].map(|()| rig.begin(publish("t", QoS::ExactlyOnce)));
        for _ in 0..8 {
            rig.exchange(&line("t", 2), "\r\nOK\r\n");
        }
        rig.expect_nothing();
        pubcomp(&mut rig, 3);
        rig.exchange(&line("t", 2), "\r\nOK\r\n");
        for (id, packet_id) in ids.into_iter().zip(1..) {
            if packet_id != 3 {
                pubcomp(&mut rig, packet_id);
            }
            assert_eq!(rig.packet_id(id), Some(packet_id));
        }
    }
}

/// A late PUBREC gets no PUBREL of the vendor's firmware: the broker holds the publish for good.
#[test]
fn a_kept_session_with_too_many_unfinished_publishes_gets_qos_1() {
    for clean in [true, false] {
        let mut rig = connected(clean);
        for _ in 0..8 {
            let id = rig.begin_within(publish("held", QoS::ExactlyOnce), 2 * SECOND);
            rig.exchange(&line("held", 2), "\r\nOK\r\n");
            rig.advance(3 * SECOND);
            assert_eq!(rig.code(id), ErrorCode::Timeout);
        }
        let id = rig.begin(publish("t", QoS::ExactlyOnce));
        if clean {
            rig.exchange(&line("t", 2), "\r\nOK\r\n");
            pubcomp(&mut rig, 9);
        } else {
            rig.exchange(&line("t", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:9,0\r\n");
        }
        let receipt = rig.receipt(id);
        let sent = if clean {
            QoS::ExactlyOnce
        } else {
            QoS::AtLeastOnce
        };
        assert_eq!((receipt.packet_id, receipt.qos), (Some(9), sent));
    }
}

#[test]
fn what_was_unfinished_when_the_connection_ended_counts_as_well() {
    for clean in [true, false] {
        let mut rig = connected(clean);
        for _ in 0..8 {
            let id = rig.begin(publish("held", QoS::ExactlyOnce));
            rig.exchange(&line("held", 2), "\r\nOK\r\n");
            rig.abandon(id);
        }
        lose_and_recover(&mut rig);
        let id = rig.begin(publish("t", QoS::ExactlyOnce));
        if clean {
            rig.exchange(&line("t", 2), "\r\nOK\r\n");
            pubcomp(&mut rig, 1);
        } else {
            rig.exchange(&line("t", 1), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
        }
        assert_eq!(rig.packet_id(id), Some(1));
    }
}
