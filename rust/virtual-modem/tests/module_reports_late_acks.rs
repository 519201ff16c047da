//! Acks that are late or lost end in `+MQTTTO` (manual 1.9), on virtual time.

use m531x_test_support::module::{Answers, Rig};
use m531x_virtual_modem::Model;

fn silent_broker() -> Rig {
    let mut rig = Rig::new(Model::M5310A).connected();
    rig.answers = Answers::NONE;
    rig
}

fn timeout_after(rig: &mut Rig, command: &str, seconds: u64) -> Vec<String> {
    assert_eq!(rig.ask(command), "\r\nOK\r\n");
    rig.pass_seconds(seconds - 1);
    assert_eq!(rig.said(), "", "{command} gave up too early");
    rig.pass_seconds(1);
    rig.lines()
}

#[test]
fn each_kind_of_ack_has_its_number() {
    let mut rig = silent_broker();
    assert_eq!(
        timeout_after(&mut rig, r#"AT+MQTTPUB="t",1,0,0,0,"x""#, 10),
        ["+MQTTTO:2"]
    );
    assert_eq!(
        timeout_after(&mut rig, r#"AT+MQTTSUB="t",1"#, 10),
        ["+MQTTTO:3"]
    );
    assert_eq!(
        timeout_after(&mut rig, r#"AT+MQTTUNSUB="t""#, 10),
        ["+MQTTTO:4"]
    );
}

#[test]
fn the_timeout_is_what_mqttto_says() {
    let mut rig = silent_broker();
    assert_eq!(rig.ask("AT+MQTTTO=3"), "\r\nOK\r\n");
    assert_eq!(
        timeout_after(&mut rig, r#"AT+MQTTPUB="t",2,0,0,0,"x""#, 3),
        ["+MQTTTO:2"]
    );
}

#[test]
fn a_late_ack_does_not_end_the_connection() {
    let mut rig = silent_broker();
    timeout_after(&mut rig, r#"AT+MQTTPUB="t",1,0,0,0,"x""#, 10);
    assert!(rig.ask("AT+MQTTSTAT?").contains("+MQTTSTAT:5"));
    rig.module.handle_network_bytes(rig.now, &[0x40, 2, 0, 1]);
    assert_eq!(rig.lines(), ["+MQTTPUBACK:1,0"]);
}

#[test]
fn a_lost_ack_is_reported_though_the_broker_sent_it() {
    for (fault, command, expected) in [
        (
            "lost-ack=puback",
            r#"AT+MQTTPUB="t",1,0,0,0,"x""#,
            "+MQTTTO:2",
        ),
        (
            "lost-ack=pubrec",
            r#"AT+MQTTPUB="t",2,0,0,0,"x""#,
            "+MQTTTO:2",
        ),
        ("lost-ack=suback", r#"AT+MQTTSUB="t",1"#, "+MQTTTO:3"),
        ("lost-ack=unsuback", r#"AT+MQTTUNSUB="t""#, "+MQTTTO:4"),
        ("lost-ack=any", r#"AT+MQTTPUB="t",2,0,0,0,"x""#, "+MQTTTO:2"),
    ] {
        let mut rig = Rig::faulty(Model::M5310A, 1, &[fault]).connected();
        assert_eq!(timeout_after(&mut rig, command, 10), [expected], "{fault}");
        rig.pass_seconds(30);
        assert_eq!(rig.said(), "", "{fault}");
    }
}

#[test]
fn every_third_ack_is_lost_if_so_asked() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["lost-ack=puback:1/3"]).connected();
    let mut lost = Vec::new();
    for number in 1..=9 {
        if !rig.ask(r#"AT+MQTTPUB="t",1,0,0,0,"x""#).contains("PUBACK") {
            lost.push(number);
        }
    }
    assert_eq!(lost, [3, 6, 9]);
}

#[test]
fn a_late_ack_comes_late_and_after_its_timeout() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["late-ack=suback:12000"]).connected();
    assert_eq!(
        timeout_after(&mut rig, r#"AT+MQTTSUB="t",1"#, 10),
        ["+MQTTTO:3"]
    );
    rig.pass_seconds(2);
    assert_eq!(rig.lines(), ["+MQTTSUBACK:1,1,t"]);

    let mut rig = Rig::faulty(Model::M5310A, 1, &["late-ack=puback:500"]).connected();
    assert_eq!(rig.ask(r#"AT+MQTTPUB="t",1,0,0,0,"x""#), "\r\nOK\r\n");
    rig.pass_seconds(60);
    assert_eq!(rig.lines(), ["+MQTTPUBACK:1,0"]);
}
