//! A connection that looks alive and is not is found out, on virtual time; a good one is left alone.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use m531x_core::session::{RequestKind, SessionConfig};
use m531x_core::{EventKind, HealthCheck, MqttState, Recovery};
use m531x_test_support::session::{Rig, SECOND, recovering, subscribe};

const PERIOD: Duration = Duration::from_secs(600);
const TOPIC: &str = "m531x/health/me";

fn check() -> HealthCheck {
    HealthCheck::every(PERIOD)
}

/// A connected session with this check.
fn checking(check: HealthCheck) -> Rig {
    let mut rig = Rig::with(SessionConfig {
        recovery: Recovery {
            health_check: Some(check),
            ..recovering().recovery
        },
        ..recovering()
    });
    rig.connect();
    rig
}

/// The module takes the publish of a check; gives what it would bring back.
fn published(rig: &mut Rig) -> String {
    let line = rig.next_sent().unwrap();
    let payload = line
        .strip_prefix(&format!("AT+MQTTPUB=\"{TOPIC}\",0,0,0,0,\""))
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| panic!("no publish of a check: {line}"))
        .to_owned();
    rig.reply("\r\nOK\r\n");
    payload
}

fn granted(rig: &mut Rig) {
    rig.exchange(
        &format!("AT+MQTTSUB=\"{TOPIC}\",0"),
        &format!("\r\nOK\r\n\r\n+MQTTSUBACK:1,0,{TOPIC}\r\n"),
    );
}

fn comes_back(rig: &mut Rig, payload: &str) {
    let length = payload.len();
    rig.reply(format!(
        "+MQTTPUBLISH:0,0,0,0,{TOPIC},{length},{payload}\r\n"
    ));
}

/// The first check of a connection, which comes back.
fn prove(rig: &mut Rig) {
    rig.advance(PERIOD);
    granted(rig);
    let payload = published(rig);
    comes_back(rig, &payload);
}

#[test]
fn a_connection_that_works_is_left_alone_and_nothing_of_the_check_is_seen() {
    let mut rig = checking(check());
    prove(&mut rig);
    for _ in 0..10 {
        rig.expect_nothing();
        rig.advance(PERIOD);
        let payload = published(&mut rig);
        rig.advance(SECOND * 29);
        comes_back(&mut rig, &payload);
    }
    rig.expect_nothing();
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert!(rig.messages().is_empty());
    assert!(rig.session.subscriptions().is_empty());
    assert!(rig.events(EventKind::HealthCheck).is_empty());
    assert_eq!(rig.session.stats().health_checks, 11);
    assert_eq!(rig.session.stats().messages, 0);
}

#[test]
fn two_misses_in_a_row_are_a_loss_with_a_cause_of_its_own() {
    let mut rig = checking(check());
    rig.subscribe("t", 1);
    prove(&mut rig);
    rig.advance(PERIOD);
    published(&mut rig);
    rig.advance(SECOND * 30);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    // The second follows at once: a loss is known a minute after the check began.
    published(&mut rig);
    rig.advance(SECOND * 30);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert_eq!(
        rig.events(EventKind::HealthCheck),
        ["the message did not come back within 30 s"; 2]
    );
    assert_eq!(rig.events(EventKind::Disconnected).len(), 1);
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"t\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,t\r\n");
    rig.expect_nothing();
    assert_eq!(rig.session.stats().recoveries.unhealthy, 1);
    assert_eq!(rig.session.stats().recoveries.total(), 1);
    // The next connection is checked as well, from its subscription on.
    rig.advance(PERIOD);
    rig.exchange(
        &format!("AT+MQTTSUB=\"{TOPIC}\",0"),
        &format!("\r\nOK\r\n\r\n+MQTTSUBACK:2,0,{TOPIC}\r\n"),
    );
    let payload = published(&mut rig);
    comes_back(&mut rig, &payload);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn one_miss_is_forgotten_when_the_next_check_comes_back() {
    let mut rig = checking(check());
    prove(&mut rig);
    for _ in 0..5 {
        rig.advance(PERIOD);
        published(&mut rig);
        rig.advance(SECOND * 30);
        let payload = published(&mut rig);
        comes_back(&mut rig, &payload);
    }
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.events(EventKind::HealthCheck).len(), 5);
}

#[test]
fn a_message_that_comes_too_late_is_nobodys() {
    let mut rig = checking(check());
    prove(&mut rig);
    rig.advance(PERIOD);
    let late = published(&mut rig);
    rig.advance(SECOND * 30);
    let next = published(&mut rig);
    comes_back(&mut rig, &late);
    assert_eq!(rig.events(EventKind::HealthCheck).len(), 1);
    comes_back(&mut rig, &next);
    comes_back(&mut rig, &next);
    rig.advance(SECOND * 60);
    assert!(rig.messages().is_empty());
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn what_never_came_back_is_told_and_costs_no_connection() {
    let mut rig = checking(check());
    rig.advance(PERIOD);
    granted(&mut rig);
    for round in 1..=6 {
        published(&mut rig);
        rig.advance(SECOND * 30 + PERIOD);
        let events = rig.events(EventKind::HealthCheck);
        assert_eq!(events.len(), round);
        assert!(events[0].contains("none has come back yet"), "{events:?}");
    }
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn a_broker_that_refuses_the_subscription_is_told_once_and_left_alone() {
    let mut rig = checking(check());
    rig.advance(PERIOD);
    rig.exchange(
        &format!("AT+MQTTSUB=\"{TOPIC}\",0"),
        &format!("\r\nOK\r\n\r\n+MQTTSUBACK:1,128,{TOPIC}\r\n"),
    );
    rig.advance(PERIOD * 10);
    rig.expect_nothing();
    assert_eq!(rig.events(EventKind::HealthCheck).len(), 1);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
}

#[test]
fn a_subscription_of_the_users_to_the_same_topic_is_the_users() {
    let mut rig = checking(check());
    rig.subscribe(TOPIC, 1);
    rig.advance(PERIOD);
    let payload = published(&mut rig);
    comes_back(&mut rig, &payload);
    assert_eq!(rig.session.subscriptions(), [TOPIC]);
    // What others send there is for the user, the check's own is not.
    rig.reply(format!("+MQTTPUBLISH:0,0,0,0,{TOPIC},2,hi\r\n"));
    assert_eq!(rig.messages().len(), 1);
}

#[test]
fn a_subscription_of_the_check_becomes_the_users_when_he_asks_for_it() {
    let mut rig = checking(check());
    prove(&mut rig);
    assert!(rig.session.subscriptions().is_empty());
    // Nobody has asked for what others send there.
    rig.reply(format!("+MQTTPUBLISH:0,0,0,0,{TOPIC},2,hi\r\n"));
    assert!(rig.messages().is_empty());
    let id = rig.begin(subscribe(TOPIC));
    rig.exchange(
        &format!("AT+MQTTSUB=\"{TOPIC}\",1"),
        &format!("\r\nOK\r\n\r\n+MQTTSUBACK:2,1,{TOPIC}\r\n"),
    );
    rig.result(id).unwrap();
    assert_eq!(rig.session.subscriptions(), [TOPIC]);
    rig.reply(format!("+MQTTPUBLISH:0,0,0,0,{TOPIC},2,hi\r\n"));
    assert_eq!(rig.messages().len(), 1);
    // He takes it back: the next check asks for its own again.
    let id = rig.begin(RequestKind::Unsubscribe {
        filter: TOPIC.to_owned(),
    });
    rig.exchange(
        &format!("AT+MQTTUNSUB=\"{TOPIC}\""),
        &format!("\r\nOK\r\n\r\n+MQTTUNSUBACK:3,\"{TOPIC}\"\r\n"),
    );
    rig.result(id).unwrap();
    rig.advance(PERIOD);
    rig.exchange(
        &format!("AT+MQTTSUB=\"{TOPIC}\",0"),
        &format!("\r\nOK\r\n\r\n+MQTTSUBACK:4,0,{TOPIC}\r\n"),
    );
    published(&mut rig);
}

#[test]
fn a_wildcard_of_the_users_brings_him_nothing_of_the_check() {
    let mut rig = checking(check());
    rig.subscribe("#", 1);
    rig.advance(PERIOD);
    rig.exchange(
        &format!("AT+MQTTSUB=\"{TOPIC}\",0"),
        &format!("\r\nOK\r\n\r\n+MQTTSUBACK:2,0,{TOPIC}\r\n"),
    );
    let payload = published(&mut rig);
    comes_back(&mut rig, &payload);
    // Some brokers send one copy for each subscription that matches.
    comes_back(&mut rig, &payload);
    assert!(rig.messages().is_empty());
    assert_eq!(rig.session.subscriptions(), ["#"]);
}

#[test]
fn a_silent_module_is_found_out_by_a_check_that_only_asks_it() {
    let mut rig = checking(HealthCheck::asking(PERIOD));
    for _ in 0..3 {
        rig.advance(PERIOD);
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
        rig.expect_nothing();
    }
    rig.advance(PERIOD + SECOND * 60);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert!(
        rig.events(EventKind::Disconnected)[0].contains("no longer answers"),
        "{:?}",
        rig.events(EventKind::Disconnected)
    );
}

#[test]
fn a_module_that_hung_up_without_a_word_is_found_out_by_asking_it() {
    let mut rig = checking(HealthCheck::asking(PERIOD));
    rig.advance(PERIOD);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:2\r\n\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    rig.advance(SECOND);
    rig.recover();
    assert_eq!(rig.session.stats().recoveries.state_asked, 1);
}

#[test]
fn a_module_that_cannot_tell_its_state_is_not_asked_without_end() {
    let mut rig = checking(HealthCheck::asking(PERIOD));
    for _ in 0..3 {
        rig.advance(PERIOD);
        rig.exchange("AT+MQTTSTAT?", "\r\n+CME ERROR: 4\r\n");
        rig.expect_nothing();
    }
}

#[test]
fn nothing_is_checked_while_there_is_no_connection_to_keep() {
    let mut rig = checking(check());
    prove(&mut rig);
    let id = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    rig.result(id).unwrap();
    rig.advance(PERIOD * 3);
    rig.expect_nothing();
}

#[test]
fn a_loss_in_the_middle_of_a_check_is_one_loss() {
    let mut rig = checking(check());
    prove(&mut rig);
    rig.advance(PERIOD);
    published(&mut rig);
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig.advance(SECOND * 60);
    rig.expect_nothing();
    assert!(rig.events(EventKind::HealthCheck).is_empty());
    assert_eq!(rig.session.stats().recoveries.total(), 1);
}

#[test]
fn a_check_that_makes_no_sense_is_refused_with_the_reason() {
    let topic = |topic: &str| HealthCheck {
        topic: Some(topic.to_owned()),
        ..check()
    };
    for (check, expected) in [
        (HealthCheck::every(Duration::ZERO), "period"),
        (
            HealthCheck {
                timeout: Duration::ZERO,
                ..check()
            },
            "timeout",
        ),
        (
            HealthCheck {
                misses: 0,
                ..check()
            },
            "misses",
        ),
        (topic("a/+/b"), "topic"),
        (topic("a\rb"), "topic"),
        (topic(""), "topic"),
    ] {
        let recovery = Recovery {
            health_check: Some(check),
            ..Recovery::default()
        };
        let error = recovery.check().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn by_default_a_restart_that_nobody_heard_of_is_known_after_a_quarter_of_an_hour() {
    let mut rig = Rig::with(recovering());
    rig.connect();
    rig.subscribe("t", 1);
    rig.advance(15 * 60 * SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:5\r\n\r\nOK\r\n");
    rig.advance(15 * 60 * SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"t\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,t\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.session.stats().recoveries.state_asked, 1);
}

#[test]
fn what_the_module_says_meanwhile_does_not_put_a_check_off() {
    let mut rig = checking(check());
    for _ in 0..4 {
        rig.advance(PERIOD / 4);
        rig.reply("\r\n+CEREG:1\r\n");
    }
    granted(&mut rig);
    let payload = published(&mut rig);
    comes_back(&mut rig, &payload);
    rig.expect_nothing();
}

#[test]
fn the_next_check_comes_a_period_after_the_end_of_the_last() {
    let mut rig = checking(check());
    prove(&mut rig);
    rig.advance(PERIOD);
    let payload = published(&mut rig);
    rig.advance(SECOND * 20);
    comes_back(&mut rig, &payload);
    rig.advance(SECOND * 599);
    rig.expect_nothing();
    rig.advance(SECOND);
    published(&mut rig);
}

#[test]
fn a_check_can_be_asked_for_and_left_out_while_connected() {
    let with = |health_check| Recovery {
        health_check,
        ..recovering().recovery
    };
    let mut rig = Rig::recovering();
    rig.session.set_recovery(rig.now, &with(Some(check())));
    assert!(rig.session.recovers());
    rig.advance(PERIOD);
    granted(&mut rig);
    let payload = published(&mut rig);
    comes_back(&mut rig, &payload);
    rig.session.set_recovery(rig.now, &with(None));
    assert!(rig.session.recovers());
    rig.advance(10 * PERIOD);
    rig.expect_nothing();
    rig.session.set_recovery(rig.now, &Recovery::off());
    assert!(!rig.session.recovers());
}
