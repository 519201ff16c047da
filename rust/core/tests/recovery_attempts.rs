//! How often a lost connection is tried again, and what ends or supersedes the attempts.

use m531x_core::session::{Outcome, RequestKind, SessionConfig};
use m531x_core::{ConnectOptions, ErrorCode, EventKind, MqttState, QoS, Recovery};
use m531x_test_support::session::{
    Rig, SECOND, answer_settings, command, ms, publish, recovering, subscribe,
};

#[test]
fn attempts_go_on_ever_more_rarely_and_tell_why() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC\r\n");
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        rig.advance(ms(wait * 1000 - 1));
        rig.expect_nothing();
        rig.advance(ms(1));
        rig.attempt();
        rig.reply("\r\n+MQTTOPEN: 4,0\r\n");
        assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    }
    let announced = rig.events(EventKind::Recovering);
    assert_eq!(announced.len(), 9);
    assert_eq!(
        announced[1],
        "attempt 2 in 2 s: broker broker:1883 refused the connection: return code 4, bad user \
         name or password"
    );
    assert_eq!(rig.events(EventKind::Disconnected).len(), 1);
    rig.advance(60 * SECOND);
    rig.recover();
    // The next loss soon after goes on where the last one ended, a later one begins anew.
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(59 * SECOND);
    rig.expect_nothing();
    rig.advance(SECOND);
    rig.recover();
    rig.advance(60 * SECOND);
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(SECOND);
    rig.recover();
}

#[test]
fn an_attempt_without_an_outcome_ends_and_is_followed_by_another() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(SECOND);
    rig.attempt();
    rig.advance(60 * SECOND);
    assert_eq!(rig.events(EventKind::Recovering).len(), 2);
    rig.advance(2 * SECOND);
    rig.recover();
}

#[test]
fn enough_failed_attempts_are_the_end_if_so_configured() {
    let mut rig = Rig::with(SessionConfig {
        recovery: Recovery {
            max_attempts: Some(2),
            ..recovering().recovery
        },
        ..recovering()
    });
    rig.connect();
    let waiting = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTDISC\r\n");
    for wait in [1, 2] {
        rig.advance(wait * SECOND);
        rig.attempt();
        rig.reply("\r\n+MQTTOPEN:FAIL\r\n");
    }
    assert_eq!(rig.events(EventKind::RecoveryFailed).len(), 1);
    assert_eq!(rig.code(waiting), ErrorCode::NotConnected);
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    rig.advance(600 * SECOND);
    rig.expect_nothing();
    assert!(rig.session.idle());
}

#[test]
fn what_was_asked_for_is_not_made_good() {
    for (kind, line) in [
        (RequestKind::Disconnect, "AT+MQTTDISC"),
        (command("AT+MQTTDISC"), "AT+MQTTDISC"),
    ] {
        let mut rig = Rig::recovering();
        let id = rig.begin(kind);
        rig.exchange(line, "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
        assert!(rig.result(id).is_ok());
        rig.advance(600 * SECOND);
        rig.expect_nothing();
        assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
    }
    let mut rig = Rig::recovering();
    let id = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    rig.advance(600 * SECOND);
    rig.expect_nothing();
}

#[test]
fn without_recovery_a_loss_stays_a_loss() {
    let mut rig = Rig::connected();
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(600 * SECOND);
    rig.expect_nothing();
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert!(rig.events(EventKind::Recovering).is_empty());
}

#[test]
fn disconnecting_ends_a_recovery_at_any_point() {
    for commands in 0..9 {
        let mut rig = Rig::recovering();
        let waiting = rig.published(QoS::AtLeastOnce);
        rig.reply("\r\n+MQTTDISC\r\n");
        let mut last = None;
        if commands > 0 {
            rig.advance(SECOND);
            for _ in 1..commands {
                let line = rig.next_sent().expect("the attempt goes on");
                rig.reply(if line == "AT+MQTTDISC" {
                    "\r\n+CME ERROR: 3\r\n"
                } else {
                    "\r\nOK\r\n"
                });
            }
            last = rig.next_sent();
        }
        let id = rig.begin(RequestKind::Disconnect);
        assert_eq!(rig.code(waiting), ErrorCode::NotConnected);
        if last.is_some() {
            rig.reply("\r\nOK\r\n");
        }
        rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
        // The module may be about to connect, and would report that later.
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        assert_eq!(rig.result(id), Ok(Outcome::Done), "{commands}");
        assert_eq!(rig.session.mqtt_state(), MqttState::Off);
        rig.advance(600 * SECOND);
        rig.expect_nothing();
    }
}

#[test]
fn disconnecting_fails_if_the_module_may_go_on_connecting() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTREC:0\r\n");
    let id = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    rig.expect("AT+MQTTDEL");
    rig.advance(60 * SECOND);
    assert_eq!(rig.code(id), ErrorCode::Timeout);
}

#[test]
fn connecting_supersedes_a_recovery_and_takes_what_waits_along() {
    for during_attempt in [false, true] {
        let mut rig = Rig::recovering();
        rig.subscribe("a/b", 1);
        let waiting = rig.begin(publish("t", QoS::AtLeastOnce));
        rig.expect("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"");
        rig.reply("\r\n+MQTTDISC\r\n\r\nOK\r\n");
        if during_attempt {
            rig.advance(SECOND);
            rig.attempt();
        }
        let id = rig.begin(RequestKind::Connect(ConnectOptions::new("other", "me")));
        let commands = rig.attempt();
        assert!(
            commands
                .iter()
                .any(|line| line.starts_with("AT+MQTTCFG=\"other\""))
        );
        rig.reply("\r\n+MQTTOPEN:OK\r\n");
        assert_eq!(rig.result(id), Ok(Outcome::Done));
        rig.exchange(
            "AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"",
            "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n",
        );
        assert_eq!(rig.packet_id(waiting), Some(1));
        rig.advance(600 * SECOND);
        rig.expect_nothing();
        assert!(rig.session.subscriptions().is_empty());
    }
}

#[test]
fn a_superseding_connect_that_fails_ends_the_waiting() {
    let mut rig = Rig::recovering();
    let waiting = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTDISC\r\n");
    let id = rig.begin(RequestKind::Connect(ConnectOptions::new("other", "me")));
    rig.attempt();
    rig.reply("\r\n+MQTTOPEN:FAIL\r\n");
    assert_eq!(rig.code(id), ErrorCode::Connect);
    assert_eq!(rig.code(waiting), ErrorCode::NotConnected);
    assert!(rig.session.idle());
}

#[test]
fn a_subscription_refused_the_second_time_is_told() {
    let mut rig = Rig::recovering();
    rig.subscribe("a/b", 1);
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,128,a/b\r\n",
    );
    assert_eq!(rig.events(EventKind::Resubscribed), ["a/b"]);
    assert!(rig.session.subscriptions().is_empty());
    rig.expect_nothing();
}

#[test]
fn a_loss_while_subscribing_again_loses_no_subscription() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    rig.subscribe("b", 2);
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n");
    rig.exchange("AT+MQTTSUB=\"b\",1", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTDISC\r\n");
    assert_eq!(rig.session.subscriptions(), ["a", "b"]);
    rig.advance(2 * SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n");
    rig.exchange("AT+MQTTSUB=\"b\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:2,1,b\r\n");
    assert_eq!(rig.session.subscriptions(), ["a", "b"]);
}

#[test]
fn subscribing_and_unsubscribing_wait_for_the_connection() {
    let mut rig = Rig::recovering();
    rig.subscribe("a", 1);
    let asked = rig.begin(subscribe("c"));
    rig.exchange("AT+MQTTSUB=\"c\",1", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTDISC\r\n");
    let later = rig.begin(subscribe("d"));
    let less = rig.begin(RequestKind::Unsubscribe { filter: "a".into() });
    rig.advance(SECOND);
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n");
    rig.exchange("AT+MQTTSUB=\"c\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:2,1,c\r\n");
    rig.exchange("AT+MQTTSUB=\"d\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:3,1,d\r\n");
    rig.exchange(
        "AT+MQTTUNSUB=\"a\"",
        "\r\nOK\r\n\r\n+MQTTUNSUBACK:4,\"a\"\r\n",
    );
    for id in [asked, later, less] {
        assert!(rig.result(id).is_ok());
    }
    assert_eq!(rig.session.subscriptions(), ["c", "d"]);
}

#[test]
fn a_superseding_connect_that_is_given_up_before_it_began_leaves_the_recovery() {
    let mut rig = Rig::recovering();
    let waiting = rig.published(QoS::AtLeastOnce);
    rig.reply("\r\n+MQTTDISC\r\n");
    rig.begin(command("AT+CSQ"));
    let id = rig.begin(RequestKind::Connect(ConnectOptions::new("other", "me")));
    rig.abandon(id);
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    rig.advance(2 * SECOND);
    rig.recover();
    rig.exchange(
        "AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"",
        "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n",
    );
    assert!(rig.result(waiting).is_ok());
}

#[test]
fn a_module_that_reconnects_for_ever_is_helped() {
    let mut rig = Rig::recovering();
    rig.reply("\r\n+MQTTREC:0\r\n");
    for _ in 0..3 {
        rig.advance(120 * SECOND);
        answer_settings(&mut rig);
        rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:4\r\n\r\nOK\r\n");
    }
    rig.advance(121 * SECOND);
    rig.recover();
}

#[test]
fn a_recovery_that_ends_for_good_ends_what_the_module_goes_on_doing() {
    for turned_off in [true, false] {
        let mut rig = Rig::with(SessionConfig {
            recovery: Recovery {
                max_attempts: Some(1),
                ..recovering().recovery
            },
            ..recovering()
        });
        rig.connect();
        rig.reply("\r\n+MQTTDISC\r\n");
        rig.advance(SECOND);
        rig.attempt();
        if turned_off {
            rig.session.set_recovery(rig.now, &Recovery::off());
            rig.advance(SECOND);
        } else {
            rig.advance(60 * SECOND);
        }
        rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
        rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
        rig.advance(600 * SECOND);
        rig.expect_nothing();
        assert_eq!(rig.session.mqtt_state(), MqttState::Off);
    }
}
