//! Packet ids of the vendor's firmware, and of mixes, on virtual time.

use m531x_test_support::module::Rig;
use m531x_virtual_modem::Model;

const QOS0: &str = r#"AT+MQTTPUB="t",0,0,0,0,"x""#;
const QOS1: &str = r#"AT+MQTTPUB="t",1,0,0,0,"x""#;
const CFG: &str = r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#;
const OPEN: &str = "AT+MQTTOPEN=0,0,0";

fn acks(rig: &mut Rig, commands: &[&str]) -> Vec<String> {
    rig.said();
    for command in commands {
        rig.send(command);
    }
    let lines = rig.lines();
    lines.into_iter().filter(|line| line != "OK").collect()
}

#[test]
fn one_counter_serves_subscribing_unsubscribing_and_publishing() {
    let mut rig = Rig::vendor(&[]).connected();
    let lines = acks(
        &mut rig,
        &[
            r#"AT+MQTTSUB="t",1"#,
            QOS1,
            r#"AT+MQTTUNSUB="t""#,
            r#"AT+MQTTPUB="t",2,0,0,0,"x""#,
        ],
    );
    assert_eq!(
        lines,
        [
            "+MQTTSUBACK:1,1,t",
            "+MQTTPUBACK:0,2",
            "+MQTTUNSUBACK:3,t",
            "+MQTTPUBREC:0,4",
            "+MQTTPUBCOMP:0,4"
        ]
    );
}

#[test]
fn a_publish_of_qos_0_takes_an_id_and_a_refused_command_takes_none() {
    let mut rig = Rig::vendor(&[]).connected();
    assert_eq!(
        acks(&mut rig, &[QOS1, QOS0, QOS0, QOS1]),
        ["+MQTTPUBACK:0,1", "+MQTTPUBACK:0,4"]
    );
    let refused = acks(
        &mut rig,
        &[r#"AT+MQTTUNSUB="u""#, r#"AT+MQTTPUB="t/#",1,0,0,0,"x""#],
    );
    assert_eq!(refused, ["+CME ERROR: 621", "+CME ERROR: 50"]);
    assert_eq!(acks(&mut rig, &[QOS1]), ["+MQTTPUBACK:0,5"]);

    let mut kind = Rig::new(Model::M5310A).connected();
    assert_eq!(
        acks(&mut kind, &[QOS1, QOS0, QOS0, QOS1]),
        ["+MQTTPUBACK:1,0", "+MQTTPUBACK:2,0"]
    );
}

#[test]
fn each_trait_is_switched_alone() {
    for (switched, expected) in [
        ("qos0-takes-id=off", "+MQTTPUBACK:0,2"),
        ("ack-order=id-dup", "+MQTTPUBACK:3,0"),
    ] {
        let mut rig = Rig::vendor(&[switched]).connected();
        assert_eq!(
            acks(&mut rig, &[QOS1, QOS0, QOS1])[1],
            expected,
            "{switched}"
        );
    }
    for (switched, expected) in [
        ("qos0-takes-id", "+MQTTPUBACK:3,0"),
        ("ack-order=dup-id", "+MQTTPUBACK:0,2"),
    ] {
        let mut rig = Rig::faulty(Model::M5310A, 1, &[switched]).connected();
        assert_eq!(
            acks(&mut rig, &[QOS1, QOS0, QOS1])[1],
            expected,
            "{switched}"
        );
    }
}

#[test]
fn only_cfg_starts_the_counter_again() {
    let mut rig = Rig::vendor(&[]).connected();
    rig.send(QOS1);
    rig.send("AT+MQTTDISC");
    rig.pass_seconds(2);
    rig.send(OPEN);
    assert_eq!(
        acks(&mut rig, &[QOS1]),
        ["+MQTTPUBACK:0,2"],
        "DISC and OPEN"
    );

    rig.module.handle_network_lost(rig.now, "gone");
    rig.pass_seconds(3);
    rig.send(OPEN);
    assert_eq!(acks(&mut rig, &[QOS1]), ["+MQTTPUBACK:0,3"], "a lost link");

    rig.send("AT+MQTTDISC");
    rig.pass_seconds(2);
    rig.send("AT+MQTTDEL");
    rig.send(CFG);
    rig.send(OPEN);
    assert_eq!(acks(&mut rig, &[QOS1]), ["+MQTTPUBACK:0,1"], "CFG");
}

#[test]
fn zero_follows_65535_and_ids_in_flight_are_not_skipped() {
    let mut rig = near_the_end("id-zero=on");
    assert_eq!(
        acks(&mut rig, &[QOS1, QOS1, QOS1]),
        ["+MQTTPUBACK:0,65535", "+MQTTPUBACK:0,0", "+MQTTPUBACK:0,1"],
        "a lenient broker acknowledges 0"
    );
}

#[test]
fn zero_and_ids_in_flight_are_skipped_if_switched_so() {
    let mut rig = near_the_end("id-zero=off");
    assert_eq!(
        acks(&mut rig, &[QOS1, QOS1]),
        ["+MQTTPUBACK:0,65535", "+MQTTPUBACK:0,2"]
    );
}

/// A module that has used up 65534 ids, the first of them for what is still in flight.
fn near_the_end(switched: &str) -> Rig {
    let mut rig = Rig::vendor(&[switched]).connected();
    rig.answers.publish = false;
    rig.send(QOS1);
    rig.answers.publish = true;
    let line = format!("{QOS0}\r").repeat(100);
    for _ in 0..655 {
        rig.send_bytes(line.as_bytes());
    }
    for _ in 0..33 {
        rig.send(QOS0);
    }
    rig
}
