//! A filter that the broker does not allow any more, which it says by closing the connection.

use m531x_core::session::{Outcome, RequestKind, SessionConfig};
use m531x_core::{EventKind, Incoming, MqttState, QoS, Recovery};
use m531x_test_support::session::{Rig, publish, recovering, subscribe};

const LOST: &str = "\r\n+MQTTDISC: OK\r\n";

fn resubscribed(rig: &Rig) -> Vec<(String, i64)> {
    rig.incoming
        .iter()
        .filter_map(|incoming| match incoming {
            Incoming::Event(event) if event.kind == EventKind::Resubscribed => {
                Some((event.text.clone(), event.value))
            }
            _ => None,
        })
        .collect()
}

/// A session with these subscriptions that allows an operation so many connections.
fn subscribed(budget: u32, filters: &[&str]) -> Rig {
    let mut rig = Rig::with(SessionConfig {
        recovery: Recovery {
            loss_budget: budget,
            ..recovering().recovery
        },
        ..recovering()
    });
    rig.connect();
    for (id, filter) in (1..).zip(filters) {
        rig.subscribe(filter, id);
    }
    rig
}

/// The broker grants everything but `revoked`, and closes when it is asked for that.
fn until_the_rest_is_subscribed(rig: &mut Rig) -> u32 {
    for connections in 1..20 {
        rig.advance_until_sent();
        rig.recover();
        let mut packet_id = 0;
        loop {
            let Some(line) = rig.next_sent() else {
                return connections;
            };
            packet_id += 1;
            if line.starts_with("AT+MQTTPUB=") {
                rig.reply(format!("\r\nOK\r\n\r\n+MQTTPUBACK:{packet_id},0\r\n"));
                continue;
            }
            let filter = line.strip_prefix("AT+MQTTSUB=\"").expect("a subscription");
            let filter = filter.split('"').next().expect("a filter").to_owned();
            if filter == "revoked" {
                rig.reply(format!("\r\nOK\r\n{LOST}"));
                break;
            }
            rig.reply(format!(
                "\r\nOK\r\n\r\n+MQTTSUBACK:{packet_id},1,{filter}\r\n"
            ));
        }
    }
    panic!("it never ends");
}

#[test]
fn it_is_dropped_and_told_and_the_rest_goes_on() {
    for budget in [1, 3, 5] {
        for filters in [["a", "revoked", "b"], ["revoked", "a", "b"]] {
            let mut rig = subscribed(budget, &filters);
            let waiting = rig.published(QoS::AtLeastOnce);
            rig.reply(LOST);
            let connections = until_the_rest_is_subscribed(&mut rig);
            assert_eq!(connections, budget + 1, "{filters:?}");
            // With a budget of one it was lost on the only connection that it is allowed.
            assert_eq!(rig.result(waiting).is_ok(), budget > 1);
            let reported = resubscribed(&rig);
            let dropped: Vec<_> = reported.iter().filter(|(_, value)| *value < 0).collect();
            assert_eq!(dropped, [&("revoked".to_owned(), -3)]);
            assert_eq!(rig.session.mqtt_state(), MqttState::Connected);
            assert_eq!(rig.session.subscriptions(), ["a", "b"]);
            rig.reply(LOST);
            rig.advance_until_sent();
            rig.recover();
            rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n");
            rig.exchange("AT+MQTTSUB=\"b\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:2,1,b\r\n");
        }
    }
}

#[test]
fn what_waits_is_sent_when_it_has_been_dropped() {
    let mut rig = subscribed(3, &["revoked"]);
    rig.reply(LOST);
    let waiting = rig.begin(publish("t", QoS::AtLeastOnce));
    for _ in 0..3 {
        rig.advance_until_sent();
        rig.recover();
        rig.exchange("AT+MQTTSUB=\"revoked\",1", "\r\nOK\r\n");
        rig.reply(LOST);
        assert!(!rig.is_done(waiting));
    }
    rig.advance_until_sent();
    rig.recover();
    rig.exchange("AT+MQTTPUB=\"t\",1,0,0,0,\"hi\"", "\r\nOK\r\n");
    rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
    assert!(rig.result(waiting).is_ok());
}

/// The module makes the connection again by itself, and the subscription is asked for behind it.
#[test]
fn the_modules_own_reconnects_count_as_well() {
    let mut rig = subscribed(3, &["a", "revoked"]);
    rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
    for packet_id in [3, 5, 7, 9] {
        let granted = format!("\r\nOK\r\n\r\n+MQTTSUBACK:{packet_id},1,a\r\n");
        rig.exchange("AT+MQTTSUB=\"a\",1", &granted);
        if packet_id < 9 {
            rig.exchange("AT+MQTTSUB=\"revoked\",1", "\r\nOK\r\n");
            rig.reply("\r\n+MQTTREC:0\r\n\r\n+MQTTOPEN:OK\r\n");
        }
    }
    rig.expect_nothing();
    assert_eq!(rig.session.subscriptions(), ["a"]);
    assert!(resubscribed(&rig).contains(&("revoked".to_owned(), -3)));
}

#[test]
fn a_grant_begins_the_count_anew() {
    let mut rig = subscribed(3, &["a"]);
    for _ in 0..4 {
        for lost in [true, true, false] {
            rig.reply(LOST);
            rig.advance_until_sent();
            rig.recover();
            rig.expect("AT+MQTTSUB=\"a\",1");
            rig.reply(if lost {
                "\r\nOK\r\n"
            } else {
                "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n"
            });
        }
    }
    assert_eq!(rig.session.subscriptions(), ["a"]);
}

#[test]
fn restarts_of_the_module_are_no_refusals_of_the_broker() {
    let mut rig = subscribed(3, &["a"]);
    rig.reply(LOST);
    for _ in 0..5 {
        rig.advance_until_sent();
        rig.recover();
        rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n");
        rig.reply("\r\nREBOOTING..\r\n\r\n*ATREADY: 1\r\n");
        rig.advance_until_sent();
        m531x_test_support::session::answer_settings(&mut rig);
    }
    rig.advance_until_sent();
    rig.recover();
    rig.exchange("AT+MQTTSUB=\"a\",1", "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,a\r\n");
    assert_eq!(rig.session.subscriptions(), ["a"]);
}

#[test]
fn the_application_may_ask_for_it_again() {
    let mut rig = subscribed(1, &["revoked"]);
    rig.reply(LOST);
    until_the_rest_is_subscribed(&mut rig);
    let id = rig.begin(subscribe("revoked"));
    rig.exchange(
        "AT+MQTTSUB=\"revoked\",1",
        "\r\nOK\r\n\r\n+MQTTSUBACK:1,1,revoked\r\n",
    );
    assert_eq!(rig.result(id), Ok(Outcome::Granted(QoS::AtLeastOnce)));
    let id = rig.begin(RequestKind::Unsubscribe {
        filter: "revoked".into(),
    });
    rig.exchange(
        "AT+MQTTUNSUB=\"revoked\"",
        "\r\nOK\r\n\r\n+MQTTUNSUBACK:2\r\n",
    );
    assert!(rig.result(id).is_ok());
}
