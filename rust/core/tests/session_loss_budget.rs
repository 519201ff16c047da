//! An operation that costs the connection again and again fails by itself; the others go on.

use m531x_core::session::{OperationId, RequestKind};
use m531x_core::{ErrorCode, QoS, Recovery};
use m531x_test_support::session::{Rig, publish, recovering};

const LOST: &str = "\r\n+MQTTDISC\r\n";

fn line(topic: &str) -> String {
    format!("AT+MQTTPUB=\"{topic}\",1,0,0,0,\"hi\"")
}

fn begun(rig: &mut Rig, topic: &str) -> OperationId {
    rig.begin(publish(topic, QoS::AtLeastOnce))
}

/// The broker closes the connection, which is then made again.
fn lose(rig: &mut Rig) {
    while rig.next_sent().is_some() {
        rig.reply("\r\nOK\r\n");
    }
    rig.reply(LOST);
    rig.advance_until_sent();
    rig.recover();
}

#[test]
fn a_publish_that_costs_every_connection_fails_and_says_so() {
    let mut rig = Rig::recovering();
    let id = begun(&mut rig, "forbidden");
    for _ in 0..3 {
        assert!(!rig.is_done(id));
        rig.exchange(&line("forbidden"), "\r\nOK\r\n");
        lose(&mut rig);
    }
    let error = rig.error(id);
    assert_eq!(error.code(), ErrorCode::RepeatedLoss);
    assert!(error.to_string().contains("lost 3 times"), "{error}");
    rig.expect_nothing();
}

#[test]
fn an_innocent_publish_is_acknowledged_within_the_third_reconnect() {
    for innocent_first in [true, false] {
        let mut rig = Rig::recovering();
        let topics = if innocent_first {
            ["innocent", "forbidden"]
        } else {
            ["forbidden", "innocent"]
        };
        let ids = topics.map(|topic| begun(&mut rig, topic));
        let (innocent, forbidden) = if innocent_first {
            (ids[0], ids[1])
        } else {
            (ids[1], ids[0])
        };
        let mut reconnects = 0;
        // The broker closes as soon as it sees the forbidden topic, and acknowledges nothing before.
        while !rig.is_done(innocent) {
            let Some(sent) = rig.next_sent() else {
                panic!("nothing is sent after {reconnects} reconnects");
            };
            rig.reply("\r\nOK\r\n");
            if sent == line("forbidden") {
                lose(&mut rig);
                reconnects += 1;
            } else if !rig.has_sent() {
                // The only one under way.
                rig.reply("\r\n+MQTTPUBACK:1,0\r\n");
            }
        }
        assert!(reconnects <= 3, "{reconnects}");
        assert!(rig.result(innocent).is_ok());
        if !rig.is_done(forbidden) {
            rig.exchange(&line("forbidden"), "\r\nOK\r\n");
            lose(&mut rig);
        }
        assert_eq!(rig.code(forbidden), ErrorCode::RepeatedLoss);
    }
}

#[test]
fn a_subscription_that_costs_every_connection_fails_too() {
    let mut rig = Rig::recovering();
    let id = rig.begin(RequestKind::Subscribe {
        filter: "forbidden/#".into(),
        qos: QoS::AtLeastOnce,
        hex: false,
    });
    for _ in 0..3 {
        rig.exchange("AT+MQTTSUB=\"forbidden/#\",1", "\r\nOK\r\n");
        lose(&mut rig);
    }
    assert_eq!(rig.code(id), ErrorCode::RepeatedLoss);
    assert!(rig.session.subscriptions().is_empty());
    rig.expect_nothing();
}

#[test]
fn what_only_waits_for_a_connection_loses_nothing_of_its_budget() {
    let mut rig = Rig::recovering();
    rig.reply(LOST);
    let id = begun(&mut rig, "t");
    for _ in 0..10 {
        rig.advance_until_sent();
        rig.attempt();
        rig.reply("\r\n+MQTTOPEN:FAIL\r\n");
    }
    assert!(!rig.is_done(id));
    rig.advance_until_sent();
    rig.recover();
    rig.exchange(&line("t"), "\r\nOK\r\n\r\n+MQTTPUBACK:1,0\r\n");
    assert!(rig.result(id).is_ok());
}

#[test]
fn the_budget_can_be_chosen() {
    let mut config = recovering();
    config.recovery.loss_budget = 1;
    let mut rig = Rig::with(config);
    rig.connect();
    let id = begun(&mut rig, "t");
    rig.exchange(&line("t"), "\r\nOK\r\n");
    rig.reply(LOST);
    assert_eq!(rig.code(id), ErrorCode::RepeatedLoss);
    let none = Recovery {
        loss_budget: 0,
        ..Recovery::default()
    };
    assert_eq!(
        none.check().map_err(|error| error.code()),
        Err(ErrorCode::InvalidArgument)
    );
}
