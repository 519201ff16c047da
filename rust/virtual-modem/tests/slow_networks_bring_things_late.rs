//! A network on which everything takes its time, on virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use m531x_test_support::module::Rig;
use m531x_virtual_modem::Model;

const PUBLISH: &str = r#"AT+MQTTPUB="t",1,0,0,0,"x""#;

fn slow(model: Model, faults: &[&str]) -> Rig {
    let mut rig = Rig::faulty(model, 7, faults);
    rig.send("ATE0");
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    rig.pass_seconds(7);
    assert!(rig.said().contains("+MQTTOPEN:"));
    rig
}

#[test]
fn acknowledgements_come_between_its_times_and_in_order() {
    let mut rig = slow(Model::M5310A, &["slow-network=500-4000"]);
    let mut times = Vec::new();
    for _ in 0..20 {
        rig.send(PUBLISH);
        let seen = rig.watch(5);
        assert_eq!(seen.len(), 1, "{seen:?}");
        times.push(seen[0].0);
    }
    assert!(
        times.iter().all(|tenths| (5..=41).contains(tenths)),
        "{times:?}"
    );
    assert!(times.iter().max() > times.iter().min(), "{times:?}");
    for _ in 0..10 {
        rig.send(PUBLISH);
    }
    let ids: Vec<String> = rig.watch(10).into_iter().map(|(_, line)| line).collect();
    let expected: Vec<String> = (21..31).map(|id| format!("+MQTTPUBACK:{id},0")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn the_same_seed_gives_the_same_times() {
    let times = || {
        let mut rig = slow(Model::M5310A, &["slow-network=1000-6000"]);
        (0..10)
            .map(|_| {
                rig.send(PUBLISH);
                rig.watch(7)[0].0
            })
            .collect::<Vec<_>>()
    };
    let first = times();
    assert!(
        first.iter().all(|tenths| (10..=61).contains(tenths)),
        "{first:?}"
    );
    assert_eq!(first, times());
}

#[test]
fn the_end_of_a_connection_comes_behind_what_was_sent_before_it() {
    let mut rig = slow(Model::M5310A, &["slow-network=500-4000"]);
    rig.send(PUBLISH);
    rig.module.handle_network_lost(rig.now, "closed");
    assert_eq!(rig.lines(), ["OK"]);
    rig.pass_seconds(9);
    let lines = rig.lines();
    assert_eq!(&lines[..2], ["+MQTTPUBACK:1,0", "+MQTTREC:0"], "{lines:?}");
}

#[test]
fn what_is_under_way_waits_while_the_network_is_cut() {
    let mut rig = slow(Model::M5310A, &["slow-network=500-1000"]);
    rig.send(PUBLISH);
    rig.module.cut_network(rig.now);
    rig.pass(Duration::from_secs(5));
    assert_eq!(rig.lines(), ["OK"]);
    rig.module.restore_network(rig.now);
    rig.pass_seconds(1);
    assert_eq!(rig.lines(), ["+MQTTPUBACK:1,0"]);
}

#[test]
fn long_messages_come_in_pieces_and_are_whole_where_the_module_waits() {
    let payload = "x".repeat(3000);
    for (switched, whole) in [("short-message=off", true), ("short-message=on", false)] {
        let mut rig = slow(Model::M5310A, &["slow-network=500-6000", switched]);
        rig.deliver("t", payload.as_bytes(), 1, 9);
        rig.pass_seconds(40);
        let said = rig.said();
        assert!(
            said.starts_with("\r\n+MQTTPUBLISH:0,1,0,9,t,3000,x"),
            "{said}"
        );
        assert_eq!(said.len() > 3000, whole, "{switched}: {}", said.len());
        assert_eq!(rig.sent(4), 1, "PUBACK");
    }
}
