//! The module's own table of subscriptions: what stands in it is refused a second time, with a number
//! that no manual names, and what does not stand in it cannot be ended.

use m531x_core::session::{OperationId, Outcome, RequestKind};
use m531x_core::{ErrorCode, EventKind, Incoming, MqttState, QoS};
use m531x_test_support::session::{Rig, SECOND, subscribe};

/// Numbers that firmware may refuse with; what they mean depends on it.
const NUMBERS: [&str; 5] = [
    "+CME ERROR: 606",
    "+CME ERROR: 3",
    "+CME ERROR: 605",
    "+CME ERROR: 8003",
    "ERROR",
];

fn unsubscribe(rig: &mut Rig, filter: &str) -> OperationId {
    rig.begin(RequestKind::Unsubscribe {
        filter: filter.into(),
    })
}

/// The module shows its table.
fn listed(rig: &mut Rig, filters: &[&str]) {
    let mut lines = vec!["\r\n+MQTTSUB:"];
    lines.extend(filters);
    lines.push("\r\nOK\r\n");
    rig.exchange("AT+MQTTSUB?", &lines.join("\r\n"));
}

fn values(rig: &Rig) -> Vec<i64> {
    rig.incoming
        .iter()
        .filter_map(|incoming| match incoming {
            Incoming::Event(event) if event.kind == EventKind::Resubscribed => Some(event.value),
            _ => None,
        })
        .collect()
}

#[test]
fn subscribing_to_what_the_module_has_succeeds_whatever_it_refuses_with() {
    for refusal in NUMBERS {
        let mut rig = Rig::connected();
        rig.subscribe("a/b", 1);
        let id = rig.begin(subscribe("a/b"));
        rig.exchange("AT+MQTTSUB=\"a/b\",1", &format!("\r\n{refusal}\r\n"));
        listed(&mut rig, &["x", "a/b"]);
        let granted = Outcome::Granted(QoS::AtLeastOnce);
        assert_eq!(rig.result(id), Ok(granted), "{refusal}");
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
        // The next acknowledgement is the next command's.
        rig.subscribe("c", 2);
    }
}

#[test]
fn another_qos_is_not_had_and_the_one_that_there_is_is_told() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = rig.begin(RequestKind::Subscribe {
        filter: "a/b".into(),
        qos: QoS::ExactlyOnce,
        hex: false,
    });
    rig.exchange("AT+MQTTSUB=\"a/b\",2", "\r\n+CME ERROR: 606\r\n");
    listed(&mut rig, &["a/b"]);
    assert_eq!(rig.result(id), Ok(Outcome::Granted(QoS::AtLeastOnce)));
}

#[test]
fn a_table_written_in_other_ways_is_read() {
    for table in [
        "+MQTTSUB:\r\n\"a/b\"",
        "+MQTTSUB: a/b",
        "+MQTTSUB:\"a/b\"",
        "+MQTTSUB:\r\n a/b ",
    ] {
        let mut rig = Rig::connected();
        let id = rig.begin(subscribe("a/b"));
        rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\n+CME ERROR: 606\r\n");
        rig.exchange("AT+MQTTSUB?", &format!("\r\n{table}\r\n\r\nOK\r\n"));
        assert!(rig.result(id).is_ok(), "{table}");
    }
}

#[test]
fn what_is_refused_and_not_in_the_table_is_refused() {
    for refusal in ["+CME ERROR: 605", "+CME ERROR: 606", "+CME ERROR: 601"] {
        let mut rig = Rig::connected();
        let id = rig.begin(subscribe("a/b"));
        rig.exchange("AT+MQTTSUB=\"a/b\",1", &format!("\r\n{refusal}\r\n"));
        listed(&mut rig, &["a/bc", "a"]);
        let error = rig.error(id);
        assert_eq!(error.code(), ErrorCode::Subscribe);
        assert!(error.modem_code().is_some(), "{error}");
        assert!(rig.session.subscriptions().is_empty());
        // A subscription that was there before stays what it was.
        rig.subscribe("c", 1);
        let id = rig.begin(RequestKind::Subscribe {
            filter: "c".into(),
            qos: QoS::AtMostOnce,
            hex: false,
        });
        rig.exchange("AT+MQTTSUB=\"c\",0", &format!("\r\n{refusal}\r\n"));
        listed(&mut rig, &[]);
        assert_eq!(rig.code(id), ErrorCode::Subscribe);
        assert_eq!(rig.session.subscriptions(), ["c"]);
    }
}

#[test]
fn already_subscribed_is_believed_when_the_table_cannot_be_read() {
    for (number, known) in [(606, true), (605, false)] {
        let mut rig = Rig::connected();
        let id = rig.begin(subscribe("a/b"));
        rig.exchange(
            "AT+MQTTSUB=\"a/b\",1",
            &format!("\r\n+CME ERROR: {number}\r\n"),
        );
        rig.exchange("AT+MQTTSUB?", "\r\n+CME ERROR: 4\r\n");
        assert_eq!(rig.result(id).is_ok(), known, "{number}");
    }
}

#[test]
fn a_link_that_is_dead_before_the_module_says_so_costs_no_subscription() {
    for (line, kind) in [
        ("AT+MQTTSUB=\"a/b\",1", subscribe("a/b")),
        (
            "AT+MQTTUNSUB=\"x\"",
            RequestKind::Unsubscribe { filter: "x".into() },
        ),
    ] {
        for refusal in [603, 608, 613, 617, 620] {
            let mut rig = Rig::recovering();
            rig.subscribe("x", 1);
            let id = rig.begin(kind.clone());
            rig.exchange(line, &format!("\r\n+CME ERROR: {refusal}\r\n"));
            rig.exchange("AT+MQTTSTAT?", "\r\n+MQTTSTAT:2\r\n\r\nOK\r\n");
            assert_eq!(rig.session.mqtt_state(), MqttState::Lost);
            assert!(!rig.is_done(id), "{line}");
            rig.reply("\r\n+MQTTDISC: OK\r\n");
            rig.advance(SECOND);
            rig.recover();
            rig.exchange("AT+MQTTSUB=\"x\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,x\r\n");
            rig.expect(line);
            rig.reply("\r\nOK\r\n\r\n+MQTTSUBACK:2,1,a/b\r\n\r\n+MQTTUNSUBACK:2,x\r\n");
            assert!(rig.result(id).is_ok(), "{line}");
        }
    }
}

/// The connection was made again, and the module has kept its table.
#[test]
fn a_resubscription_refused_because_it_is_there_is_kept_whatever_the_number() {
    for refusal in NUMBERS {
        let mut rig = lost();
        rig.exchange("AT+MQTTSUB=\"a/b\",1", &format!("\r\n{refusal}\r\n"));
        listed(&mut rig, &["a/b"]);
        assert_eq!(values(&rig), [1], "{refusal}");
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
        rig.expect_nothing();
    }
}

#[test]
fn a_resubscription_refused_for_now_is_asked_for_again_and_never_dropped_for_good() {
    let mut rig = lost();
    rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\n+CME ERROR: 605\r\n");
    listed(&mut rig, &[]);
    rig.expect_nothing();
    rig.advance(SECOND);
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
    );
    assert_eq!(values(&rig), [1]);
    // And if it stays so it is told, kept, and asked for on the next connection.
    let mut rig = lost();
    for _ in 0..3 {
        rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\n+CME ERROR: 605\r\n");
        listed(&mut rig, &[]);
        rig.advance(SECOND);
    }
    rig.expect_nothing();
    assert_eq!(values(&rig), [-2]);
    assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    let due = rig.session.poll_timeout().expect("an attempt is due");
    rig.advance(due - rig.now);
    rig.recover();
    rig.exchange(
        "AT+MQTTSUB=\"a/b\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a/b\r\n",
    );
    assert_eq!(values(&rig), [-2, 1]);
}

/// A connection that was made again; the subscription to `a/b` is due.
fn lost() -> Rig {
    let mut rig = Rig::recovering();
    rig.subscribe("a/b", 1);
    rig.reply("\r\n+MQTTDISC: OK\r\n");
    rig.advance(SECOND);
    rig.recover();
    rig
}

#[test]
fn a_filter_longer_than_an_unsubscribe_packet_stays_subscribed_and_the_error_says_why() {
    let filter = format!("{}/#", "x".repeat(248));
    assert_eq!(filter.len(), 250);
    let mut rig = Rig::connected();
    rig.subscribe(&filter, 1);
    let id = unsubscribe(&mut rig, &filter);
    let line = format!("AT+MQTTUNSUB=\"{filter}\"");
    rig.exchange(&line, "\r\n+CME ERROR: 601\r\n");
    listed(&mut rig, &[&filter]);
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Command, Some(601))
    );
    let text = error.to_string();
    assert!(text.contains("249") && text.contains("250"), "{text}");
    assert_eq!(rig.session.subscriptions(), [filter.as_str()]);
    // Another firmware takes it.
    let id = unsubscribe(&mut rig, &filter);
    rig.exchange(&line, "\r\nOK\r\n\r\n+MQTTUNSUBACK:2\r\n");
    assert_eq!(rig.result(id), Ok(Outcome::Done));
    assert!(rig.session.subscriptions().is_empty());
}

#[test]
fn an_unsubscribing_that_is_refused_keeps_what_the_module_keeps() {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let id = unsubscribe(&mut rig, "a/b");
    rig.exchange("AT+MQTTUNSUB=\"a/b\"", "\r\n+CME ERROR: 621\r\n");
    listed(&mut rig, &["a/b"]);
    let error = rig.error(id);
    assert_eq!(
        (error.code(), error.modem_code()),
        (ErrorCode::Command, Some(621))
    );
    assert_eq!(rig.session.subscriptions(), ["a/b"]);
}

#[test]
fn what_the_module_does_not_have_cannot_be_ended_and_is_not_kept_either() {
    for refusal in ["+CME ERROR: 621", "+CME ERROR: 3", "ERROR"] {
        let mut rig = Rig::recovering();
        rig.subscribe("a/b", 1);
        for filter in ["a/b", "never"] {
            let id = unsubscribe(&mut rig, filter);
            let line = format!("AT+MQTTUNSUB=\"{filter}\"");
            rig.exchange(&line, &format!("\r\n{refusal}\r\n"));
            listed(&mut rig, &["x"]);
            let error = rig.error(id);
            assert_eq!(error.code(), ErrorCode::Command, "{refusal}");
            assert!(error.to_string().contains(filter), "{error}");
        }
        assert!(rig.session.subscriptions().is_empty(), "{refusal}");
        assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
    }
}

/// The broker has ended it, but its answer came too late for the module, whose table keeps it.
fn unsubscribed_without_an_answer() -> Rig {
    let mut rig = Rig::connected();
    rig.subscribe("a/b", 1);
    let end = rig.begin(RequestKind::Unsubscribe {
        filter: "a/b".into(),
    });
    rig.exchange("AT+MQTTUNSUB=\"a/b\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTTO:4\r\n");
    assert_eq!(rig.code(end), ErrorCode::Timeout);
    rig
}

fn again() -> RequestKind {
    RequestKind::Subscribe {
        filter: "a/b".into(),
        qos: QoS::AtLeastOnce,
        hex: false,
    }
}

#[test]
fn what_the_broker_may_have_ended_is_not_granted_by_the_modules_table() {
    for refusal in ["606", "3"] {
        let mut rig = unsubscribed_without_an_answer();
        let id = rig.begin(again());
        rig.exchange(
            "AT+MQTTSUB=\"a/b\",1",
            &format!("\r\n+CME ERROR: {refusal}\r\n"),
        );
        rig.exchange("AT+MQTTSUB?", "\r\n+MQTTSUB:\r\na/b\r\n\r\nOK\r\n");
        assert!(!rig.is_done(id), "{refusal}");
        rig.exchange("AT+MQTTUNSUB=\"a/b\"", "\r\nOK\r\n");
        rig.reply("\r\n+MQTTUNSUBACK: 3,\"a/b\"\r\n");
        rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\nOK\r\n");
        rig.reply("\r\n+MQTTSUBACK:4,1,a/b\r\n");
        assert!(rig.result(id).is_ok(), "{refusal}");
        assert_eq!(rig.session.subscriptions(), ["a/b"]);
    }
}

#[test]
fn if_it_cannot_be_ended_the_subscription_fails_and_says_why() {
    let mut rig = unsubscribed_without_an_answer();
    let id = rig.begin(again());
    rig.exchange("AT+MQTTSUB=\"a/b\",1", "\r\n+CME ERROR: 606\r\n");
    rig.exchange("AT+MQTTSUB?", "\r\n+MQTTSUB:\r\na/b\r\n\r\nOK\r\n");
    rig.exchange("AT+MQTTUNSUB=\"a/b\"", "\r\nOK\r\n\r\n+MQTTTO:4\r\n");
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::Subscribe);
    assert!(error.to_string().contains("connect again"), "{error}");
}

/// Ending it first would lose what the broker sends meanwhile.
#[test]
fn what_was_given_up_while_it_was_asked_for_again_goes_on_without_a_gap() {
    let at_most_once = || RequestKind::Subscribe {
        filter: "a/b".into(),
        qos: QoS::AtMostOnce,
        hex: false,
    };
    for answered_first in [true, false] {
        let mut rig = Rig::connected();
        rig.subscribe("a/b", 1);
        let given_up = rig.begin(at_most_once());
        rig.expect("AT+MQTTSUB=\"a/b\",0");
        if answered_first {
            rig.reply("\r\n+CME ERROR: 606\r\n");
            rig.expect("AT+MQTTSUB?");
        }
        rig.abandon(given_up);
        rig.reply(if answered_first {
            "\r\n+MQTTSUB:\r\na/b\r\n\r\nOK\r\n"
        } else {
            "\r\n+CME ERROR: 606\r\n"
        });
        let id = rig.begin(at_most_once());
        rig.exchange("AT+MQTTSUB=\"a/b\",0", "\r\n+CME ERROR: 606\r\n");
        listed(&mut rig, &["a/b"]);
        assert_eq!(rig.result(id), Ok(Outcome::Granted(QoS::AtLeastOnce)));
        rig.expect_nothing();
    }
}
