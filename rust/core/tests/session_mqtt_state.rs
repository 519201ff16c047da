//! The MQTT state follows the URCs.

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{ErrorCode, EventKind, Incoming, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, command, publish, subscribe};

#[test]
fn three_lost_pings_then_attempts_then_the_end() {
    let mut rig = Rig::connected();
    rig.reply("\r\n+MQTTTO:5\r\n\r\n+MQTTTO:5\r\n\r\n+MQTTTO:5\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.reply("\r\n+MQTTREC:0\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::ModuleReconnecting);
    rig.reply("\r\n+MQTTREC:1\r\n\r\n+MQTTREC:2\r\n\r\n+MQTTDISC:OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
    assert_eq!(
        rig.events(EventKind::Disconnected),
        ["the connection broke and the module makes it again"]
    );
    assert_eq!(
        rig.events(EventKind::Urc),
        [
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTREC:0",
            "+MQTTREC:1",
            "+MQTTREC:2",
            "+MQTTDISC:OK"
        ]
    );
}

#[test]
fn a_spontaneous_end_is_a_loss() {
    for line in ["+MQTTDISC", "+MQTTDISC:", "+MQTTDISC: OK", "+MQTTDISC:OK"] {
        let mut rig = Rig::connected();
        rig.reply(format!("\r\n{line}\r\n"));
        assert_eq!(rig.session.mqtt_state(), MqttState::Lost, "{line}");
        assert_eq!(rig.events(EventKind::Disconnected).len(), 1, "{line}");
    }
}

#[test]
fn an_end_that_was_asked_for_leaves_the_client_configured() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n");
    assert!(!rig.is_done(id));
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
    assert_eq!(rig.events(EventKind::Disconnected), ["asked for"]);
}

#[test]
fn an_end_reported_before_the_ok_is_the_end() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\n+MQTTDISC: OK\r\n\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
}

#[test]
fn an_end_that_is_never_reported_is_looked_up() {
    let mut rig = Rig::connected();
    let id = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n");
    rig.advance(5 * SECOND);
    rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:2\r\n\r\nOK\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
}

#[test]
fn disconnecting_while_not_connected_is_an_error_with_the_modules_number() {
    let mut rig = Rig::new();
    let id = rig.begin(RequestKind::Disconnect);
    rig.exchange("AT+MQTTDISC", "\r\n+CME ERROR: 3\r\n");
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::NotConnected, Some(3))
    );
}

#[test]
fn a_removed_client_stays_removed_whatever_is_still_told_of_its_connection() {
    let mut rig = Rig::connected();
    let delete = rig.begin(RequestKind::Delete);
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert_eq!(rig.result(delete), Ok(Outcome::Done));
    let disconnect = rig.begin(RequestKind::Disconnect);
    rig.expect("AT+MQTTDISC");
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.reply("\r\n+CME ERROR: 3\r\n");
    assert_eq!(rig.code(disconnect), ErrorCode::NotConnected);
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
}

#[test]
fn the_end_of_the_connection_fails_what_waits_for_the_broker() {
    let mut rig = Rig::connected();
    let qos1 = rig.published(QoS::AtLeastOnce);
    let qos2 = rig.published(QoS::ExactlyOnce);
    let granted = rig.begin(subscribe("a/#"));
    rig.exchange("AT+MQTTSUB=\"a/#\",1", "\r\nOK\r\n");
    let qos0 = rig.begin(publish("t", QoS::AtMostOnce));
    rig.expect("AT+MQTTPUB=\"t\",0,0,0,0,\"hi\"");
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    for id in [qos1, qos2, granted, qos0] {
        assert_eq!(rig.code(id), ErrorCode::NotConnected);
    }
    // The command in flight still has its answer to come, which is nobody else's.
    let next = rig.begin(command("AT+CSQ"));
    rig.expect_nothing();
    rig.reply("\r\nERROR\r\n");
    rig.exchange("AT+CSQ", "\r\n+CSQ:1,99\r\n\r\nOK\r\n");
    assert_eq!(rig.lines(next), ["+CSQ:1,99"]);
}

#[test]
fn a_module_that_reconnected_by_itself_is_subscribed_again() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    rig.subscribe("c/#", 2);
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(
        rig.events(EventKind::Connected),
        ["the module reconnected by itself, after 1 attempt"]
    );
    assert_eq!(
        rig.events(EventKind::Disconnected),
        ["the connection broke and the module makes it again"]
    );
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:3,1,a/b\r\n",
    );
    rig.exchange(
        "AT+MQTTSUB=\"c/#\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:4,128,c/#\r\n",
    );
    assert_eq!(rig.events(EventKind::Resubscribed), ["a/b", "c/#"]);
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
    rig.expect_nothing();
}

#[test]
fn however_often_it_reconnects_at_most_one_round_of_subscribing_again_is_to_follow() {
    for mut rig in [Rig::connected(), Rig::recovering()] {
        rig.subscribe("a/b", 1);
        for _ in 0..1_000 {
            rig.reply("\r\n+MQTTREC:1\r\n\r\n+MQTTOPEN:OK\r\n");
        }
        let mut rounds = 0;
        while let Some(line) = rig.next_sent() {
            assert_eq!(line, "AT+MQTTSUB=\"a/b\",1");
            rounds += 1;
            rig.reply(format!(
                "\r\nOK\r\n\r\n+MQTTSUBACK:{},1,a/b\r\n",
                rounds + 1
            ));
        }
        assert!((1..=3).contains(&rounds), "{rounds}");
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
    }
}

#[test]
fn a_stored_session_is_not_subscribed_again() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN: 0,1\r\n");
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    rig.expect_nothing();
}

#[test]
fn the_modules_own_word_sets_the_state() {
    for (number, state) in [
        (0, MqttState::Off),
        (1, MqttState::Configured),
        (2, MqttState::Configured),
        (3, MqttState::Connecting),
        (4, MqttState::ModuleReconnecting),
        (5, MqttState::Connected),
        (6, MqttState::Connecting),
        (7, MqttState::Connecting),
    ] {
        let mut rig = Rig::new();
        let id = rig.begin(RequestKind::Status);
        rig.exchange(
            "AT+MQTTSTAT?",
            &format!("\r\n+MQTTSTAT:{number}\r\n\r\nOK\r\n"),
        );
        assert_eq!(rig.result(id), Ok(Outcome::State(state)), "{number}");
    }
}

#[test]
fn commands_of_the_users_own_keep_the_state_true() {
    let mut rig = Rig::connected();
    let id = rig.begin(command("AT+MQTTDISC"));
    rig.exchange("AT+MQTTDISC", "\r\nOK\r\n\r\n+MQTTDISC: OK\r\n");
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.session.mqtt_state(), MqttState::Configured);
    let id = rig.begin(command("AT+MQTTDEL"));
    rig.exchange("AT+MQTTDEL", "\r\nOK\r\n");
    assert!(rig.result(id).is_ok());
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
}

#[test]
fn every_change_of_state_is_an_event_with_its_cause() {
    let mut rig = Rig::connected();
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTDISC\r\n");
    assert_eq!(
        rig.events(EventKind::StateChanged),
        [
            "connected -> module reconnecting: the connection broke and the module makes it again",
            "module reconnecting -> lost: the module gave up, after 1 attempt",
        ]
    );
}

/// Whoever counts users in `Connected` and out `Disconnected` never counts wrongly.
#[test]
fn connected_and_disconnected_come_in_turns_whatever_the_module_says() {
    const LINES: [&str; 6] = [
        "\r\n+MQTTREC:0\r\n",
        "\r\n+MQTTOPEN:OK\r\n",
        "\r\n+MQTTOPEN:FAIL\r\n",
        "\r\n+MQTTDISC: OK\r\n",
        "\r\nREBOOTING..\r\n",
        "\r\n+MQTTTO:5\r\n",
    ];
    for rig in [Rig::connected, Rig::recovering] {
        for sequence in 0..LINES.len().pow(4) {
            let mut rig = rig();
            let mut rest = sequence;
            for _ in 0..4 {
                rig.reply(LINES[rest % LINES.len()]);
                rest /= LINES.len();
            }
            let turns: Vec<EventKind> = rig
                .incoming
                .iter()
                .filter_map(|incoming| match incoming {
                    Incoming::Event(event) => Some(event.kind),
                    Incoming::Message(_) => None,
                })
                .filter(|kind| matches!(kind, EventKind::Connected | EventKind::Disconnected))
                .collect();
            let expected = [EventKind::Disconnected, EventKind::Connected];
            for (turn, expected) in turns.iter().zip(expected.iter().cycle()) {
                assert_eq!(turn, expected, "{sequence}: {turns:?}");
            }
            let up = rig.session.mqtt_state() == MqttState::Connected;
            assert_eq!(turns.len() % 2 == 0, up, "{sequence}: {turns:?}");
        }
    }
}

#[test]
fn a_closed_session_has_no_connection_and_no_subscription() {
    for rig in [Rig::connected, Rig::recovering] {
        for line in ["", "\r\n+MQTTDISC: OK\r\n", "\r\n+MQTTREC:0\r\n"] {
            let mut rig = rig();
            rig.subscribe("a/b", 1);
            rig.reply(line);
            rig.session.handle_closed();
            assert_eq!(rig.session.mqtt_state(), MqttState::Off);
            assert!(rig.session.subscriptions().is_empty());
        }
    }
}

#[test]
fn a_connection_ends_with_its_port() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    rig.incoming.clear();
    rig.session.handle_port_lost(rig.now, "unplugged");
    assert!(rig.session.subscriptions().is_empty());
    rig.advance(SECOND);
    assert_eq!(rig.session.mqtt_state(), MqttState::Off);
    assert_eq!(rig.events(EventKind::Disconnected), ["the port is gone"]);
    let last = rig.incoming.last().expect("an event");
    assert!(
        matches!(last, Incoming::Event(event) if event.kind == EventKind::PortLost),
        "{last:?}"
    );
}
