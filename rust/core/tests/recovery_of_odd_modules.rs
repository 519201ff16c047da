//! Ways in which modules, firmware and brokers make a recovery hard, on virtual time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use m531x_core::session::Outcome;
use m531x_core::{EventKind, Incoming, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, ms, publish};

/// The values of all events of this kind.
fn values(rig: &Rig, kind: EventKind) -> Vec<i64> {
    rig.incoming
        .iter()
        .filter_map(|incoming| match incoming {
            Incoming::Event(event) if event.kind == kind => Some(event.value),
            _ => None,
        })
        .collect()
}

/// A lost connection whose next attempt is due now.
fn lost() -> Rig {
    let mut rig = Rig::recovering();
    rig.subscribe("a/b", 1);
    rig.reply("\r\n+MQTTDISC\r\n");
    rig
}

#[test]
fn a_storm_of_late_acknowledgements_is_one_loss() {
    let mut rig = Rig::recovering();
    let id = rig.published(QoS::AtLeastOnce);
    for round in 0..200 {
        rig.reply(format!("\r\n+MQTTTO:{}\r\n", round % 6 + 1));
        while let Some(line) = rig.next_sent() {
            assert!(line.starts_with("AT+MQTTPUB="), "{line}");
            rig.reply("\r\nOK\r\n");
        }
    }
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert_eq!(values(&rig, EventKind::Recovering), [1]);
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(matches!(rig.result(id), Ok(Outcome::Receipt(_))));
    assert_eq!(rig.session.stats().recoveries.unacknowledged, 1);
}

#[test]
fn a_storm_of_lost_pings_without_an_end_of_the_connection_is_no_loss() {
    let mut rig = Rig::recovering();
    for _ in 0..500 {
        rig.reply("\r\n+MQTTTO:5\r\n\r\n+MQTTTO:6\r\n\r\n+MQTTTO:77\r\n");
    }
    rig.expect_nothing();
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn a_sleeping_module_that_loses_the_first_bytes_is_knocked_at_until_it_answers() {
    let mut rig = lost();
    rig.advance(SECOND);
    // What arrives of the first commands is too little, or garbage in the module's eyes.
    rig.expect("AT");
    rig.advance(ms(400));
    rig.expect("AT");
    rig.reply("\0\u{fffd}\r\n");
    rig.advance(ms(400));
    let commands = rig.recover();
    assert_eq!(commands[0], "AT");
    assert_eq!(values(&rig, EventKind::Recovering), [1]);
}

#[test]
fn a_configuration_refused_because_a_client_is_still_there_is_sent_after_another_delete() {
    let mut rig = lost();
    rig.advance(SECOND);
    let mut refused = 0;
    loop {
        let line = rig.next_sent().expect("the attempt goes on");
        match line.as_str() {
            "AT+MQTTDISC" => rig.reply("\r\n+CME ERROR: 3\r\n"),
            _ if line.starts_with("AT+MQTTCFG=") && refused == 0 => {
                refused = 1;
                rig.reply("\r\n+CME ERROR: 8002\r\n");
                rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
            }
            _ => rig.reply("\r\nOK\r\n"),
        }
        if line.starts_with("AT+MQTTOPEN=") {
            break;
        }
    }
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(values(&rig, EventKind::Recovering), [1]);
}

#[test]
fn a_broker_that_is_gone_for_ten_minutes_gets_what_waited_for_it_in_order() {
    let mut rig = lost();
    let waiting: Vec<_> = (0..3)
        .map(|_| rig.begin(publish("t", QoS::AtLeastOnce)))
        .collect();
    let end = rig.now + 600 * SECOND;
    let mut attempts = 0;
    loop {
        // Until the next attempt, and not beyond.
        let due = rig.session.poll_timeout().unwrap();
        rig.advance(due - rig.now);
        attempts += 1;
        rig.attempt();
        if rig.now >= end {
            break;
        }
        rig.reply("\r\n+MQTTOPEN:FAIL\r\n");
    }
    rig.reply("\r\n+MQTTOPEN:OK\r\n");
    // Seven to get to a minute between two, and one a minute from then on.
    assert!((14..=18).contains(&attempts), "{attempts}");
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
    );
    for (packet_id, id) in (2..).zip(waiting) {
        rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
        rig.reply(format!("\r\n+MQTTPUBACK:{packet_id},0\r\n"));
        assert_eq!(rig.packet_id(id), Some(packet_id));
    }
    assert_eq!(rig.events(EventKind::Disconnected).len(), 1);
}

#[test]
fn a_subscription_granted_at_a_lower_qos_is_kept_and_told() {
    let mut rig = lost();
    rig.advance(SECOND);
    rig.recover();
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,0,a/b\r\n",
    );
    assert_eq!(values(&rig, EventKind::Resubscribed), [0]);
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
}

/// Firmware that prints only what was granted as asked for (dialect rule 6), and brokers that say
/// nothing.
#[test]
fn a_subscription_that_nobody_answers_has_the_connection_made_again_and_is_then_kept_and_told() {
    let mut rig = lost();
    rig.advance(SECOND);
    rig.recover();
    unanswered(&mut rig, 3);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert_eq!(values(&rig, EventKind::Resubscribed), [0_i64; 0]);
    next_attempt(&mut rig);
    unanswered(&mut rig, 3);
    assert_eq!(values(&rig, EventKind::Resubscribed), [-2]);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
    // The connection is of use all the same.
    let id = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTPUBACK:4,0\r\n");
    assert_eq!(rig.packet_id(id), Some(4));
    // Later connections lose little time with it.
    rig.reply("\r\n+MQTTDISC\r\n");
    next_attempt(&mut rig);
    unanswered(&mut rig, 1);
    assert_eq!(values(&rig, EventKind::Resubscribed), [-2, -2]);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    // An answer makes it one like the others.
    rig.reply("\r\n+MQTTDISC\r\n");
    next_attempt(&mut rig);
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
    );
    assert_eq!(values(&rig, EventKind::Resubscribed), [-2, -2, 1]);
    rig.reply("\r\n+MQTTDISC\r\n");
    next_attempt(&mut rig);
    unanswered(&mut rig, 3);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
}

#[test]
fn a_subscription_for_which_the_module_has_no_connection_is_asked_for_on_the_next() {
    let mut rig = lost();
    rig.advance(SECOND);
    rig.recover();
    for _ in 0..3 {
        rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\n+CME ERROR: 617\r\n");
    }
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    next_attempt(&mut rig);
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
    );
    assert_eq!(values(&rig, EventKind::Resubscribed), [1]);
}

#[test]
fn a_subscription_that_the_module_refuses_is_given_up_and_told() {
    let mut rig = lost();
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\n+CME ERROR: 601\r\n");
    rig.exchange("AT+MQTTSUB?", "\r\n+MQTTSUB:\r\n\r\nOK\r\n");
    assert_eq!(values(&rig, EventKind::Resubscribed), [-1]);
    assert!(rig.session.subscriptions().is_empty());
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

/// The module passes the subscription on so often, and reports that the broker says nothing.
fn unanswered(rig: &mut Rig, times: usize) {
    for _ in 0..times {
        rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\nOK\r\n");
        rig.reply("\r\n+MQTTTO:3\r\n");
    }
}

fn next_attempt(rig: &mut Rig) {
    let due = rig.session.poll_timeout().expect("an attempt is due");
    rig.advance(due - rig.now);
    rig.recover();
}
