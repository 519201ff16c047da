//! Keep-alive, three lost pings, reconnecting and giving up (manual 2.4), on virtual time.

use m531x_test_support::module::{Answers, Rig};
use m531x_virtual_modem::Model;

fn idle(keepalive: u16) -> Rig {
    let mut rig = Rig::new(Model::M5310A);
    rig.send(&format!(
        r#"AT+MQTTCFG="broker",1883,"me",{keepalive},"","",1"#
    ));
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    assert!(rig.said().ends_with("+MQTTOPEN:OK\r\n"));
    rig
}

#[test]
fn three_lost_pings_lead_to_three_attempts_and_one_disc() {
    let mut rig = idle(60);
    rig.answers = Answers::NONE;
    rig.pass_seconds(3600);
    assert_eq!(
        rig.lines(),
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
    assert!(rig.ask("AT+MQTTSTAT?").contains("+MQTTSTAT:2\r\n"));
}

#[test]
fn a_refused_tcp_connection_ends_after_the_waits_of_4_8_and_16_seconds() {
    let mut rig = Rig::new(Model::M5310A);
    rig.answers.dial = false;
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    rig.said();
    let mut times = Vec::new();
    for _ in 0..4 {
        rig.module.handle_connect_failed(rig.now, "refused");
        let before = rig.now;
        while !rig.said().contains("+MQTT") && rig.now < before + std::time::Duration::from_secs(60)
        {
            rig.pass(std::time::Duration::from_millis(100));
        }
        times.push((rig.now - before).as_secs_f64().round());
    }
    assert_eq!(times, [4.0, 8.0, 16.0, 0.0]);
    assert!(rig.ask("AT+MQTTSTAT?").contains("+MQTTSTAT:2\r\n"));
}

#[test]
fn answered_pings_are_silent_until_their_report_is_asked_for() {
    let mut rig = idle(60);
    rig.pass_seconds(601);
    assert_eq!(rig.said(), "");
    assert_eq!(rig.sent(12), 10, "PINGREQ");
    rig.send("AT+MQTTPING=1");
    rig.said();
    rig.pass_seconds(60);
    assert_eq!(rig.lines(), ["+MQTTPINGRSP:OK"]);
}

#[test]
fn a_keep_alive_of_zero_sends_no_pings() {
    let mut rig = idle(0);
    rig.pass_seconds(86_400);
    assert_eq!(rig.sent(12), 0, "PINGREQ");
}

#[test]
fn the_state_shows_every_step() {
    let mut rig = Rig::new(Model::M5310A);
    let state = |rig: &mut Rig| rig.ask("AT+MQTTSTAT?").lines().nth(1).unwrap().to_owned();
    assert_eq!(state(&mut rig), "+MQTTSTAT:0");
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    assert_eq!(state(&mut rig), "+MQTTSTAT:1");
    rig.answers = Answers {
        dial: false,
        ..Answers::NONE
    };
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    assert_eq!(state(&mut rig), "+MQTTSTAT:6");
    rig.module.handle_connected(rig.now);
    assert_eq!(state(&mut rig), "+MQTTSTAT:3");
    rig.module.handle_network_bytes(rig.now, &[0x20, 2, 0, 0]);
    assert_eq!(state(&mut rig), "+MQTTSTAT:5");
    rig.module.handle_network_lost(rig.now, "gone");
    assert_eq!(state(&mut rig), "+MQTTSTAT:4");
    rig.pass_seconds(120);
    assert_eq!(state(&mut rig), "+MQTTSTAT:2");
    rig.send("AT+MQTTDEL");
    assert_eq!(state(&mut rig), "+MQTTSTAT:0");
}

#[test]
fn a_connack_that_does_not_come_is_reported_once() {
    let mut rig = Rig::new(Model::M5310A);
    rig.answers = Answers::NONE;
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    rig.said();
    rig.pass_seconds(300);
    assert_eq!(
        rig.lines(),
        [
            "+MQTTTO:1",
            "+MQTTREC:0",
            "+MQTTREC:1",
            "+MQTTREC:2",
            "+MQTTDISC:OK"
        ]
    );
}

#[test]
fn a_connection_that_comes_back_is_open_again_without_its_subscriptions() {
    let mut rig = idle(60);
    rig.send(r#"AT+MQTTSUB="a/b",1"#);
    assert!(rig.ask("AT+MQTTSUB?").contains("a/b"));
    rig.module.handle_network_lost(rig.now, "gone");
    rig.said();
    rig.pass_seconds(5);
    assert_eq!(rig.lines(), ["+MQTTREC:0", "+MQTTOPEN:OK"]);
    assert!(!rig.ask("AT+MQTTSUB?").contains("a/b"));
}

#[test]
fn a_stored_session_keeps_the_subscriptions() {
    let mut rig = Rig::new(Model::M5310A);
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",0"#);
    rig.send(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    rig.send(r#"AT+MQTTSUB="a/b",1"#);
    rig.answers.connect = Some((0, true));
    rig.module.handle_network_lost(rig.now, "gone");
    rig.pass_seconds(5);
    assert!(rig.ask("AT+MQTTSUB?").contains("a/b"));
}

#[test]
fn a_broker_that_refuses_a_reconnect_ends_it() {
    let mut rig = idle(60);
    rig.answers.connect = Some((5, false));
    rig.module.handle_network_lost(rig.now, "gone");
    rig.pass_seconds(60);
    assert_eq!(rig.lines(), ["+MQTTREC:0", "+MQTTOPEN:5,0", "+MQTTDISC:OK"]);
}

#[test]
fn deleting_the_client_ends_its_attempts() {
    let mut rig = idle(60);
    rig.module.handle_network_lost(rig.now, "gone");
    assert_eq!(rig.ask("AT+MQTTDISC"), "\r\nERROR\r\n");
    assert_eq!(rig.ask("AT+MQTTDEL"), "\r\nOK\r\n");
    rig.pass_seconds(600);
    assert_eq!(rig.said(), "");
}
