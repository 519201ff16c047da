//! How connections fail, end and come again on the vendor's firmware, with the times it was measured at.

use m531x_test_support::module::{Answers, Rig};
use m531x_virtual_modem::Firmware;
use m531x_virtual_modem::module::ModuleConfig;

const OPEN: &str = "AT+MQTTOPEN=0,0,0";
const PUBLISH: &str = r#"AT+MQTTPUB="t",1,0,0,0,"x""#;

fn configured(host: &str, keepalive: u16) -> Rig {
    let mut rig = Rig::vendor(&[]);
    rig.send("AT+CMEE=1");
    assert_eq!(
        rig.ask(&format!(
            r#"AT+MQTTCFG="{host}",1883,"me",{keepalive},"","",1"#
        )),
        "\r\nOK\r\n"
    );
    rig
}

fn lines(seen: &[(u64, String)]) -> Vec<&str> {
    seen.iter().map(|(_, line)| line.as_str()).collect()
}

/// Each line came between these tenths of a second.
fn assert_times(seen: &[(u64, String)], bounds: &[(u64, u64)]) {
    let in_time = seen.len() == bounds.len()
        && seen
            .iter()
            .zip(bounds)
            .all(|((at, _), (least, most))| (*least..=*most).contains(at));
    assert!(in_time, "{seen:?} not within {bounds:?}");
}

#[test]
fn a_refused_tcp_connection_fails_at_once_and_is_not_tried_again() {
    let mut rig = configured("broker", 60);
    rig.answers.dial = false;
    rig.send(OPEN);
    assert_eq!(rig.stat(), 6);
    rig.module.handle_connect_failed(rig.now, "refused");
    assert_eq!(rig.lines(), ["+MQTTOPEN:FAIL"]);
    assert_eq!(rig.stat(), 1);
    assert_eq!(rig.watch(120), []);
    assert_eq!(rig.ask(OPEN), "\r\nOK\r\n");
}

#[test]
fn a_name_without_an_address_ends_in_disc_alone() {
    for host in ["", "mqtt://h", "h:1883"] {
        let mut rig = configured(host, 60);
        rig.send(OPEN);
        assert_eq!(rig.lines(), ["OK"]);
        let seen = rig.watch(60);
        assert_eq!(lines(&seen), ["+MQTTDISC:OK"], "{host}");
        assert_times(&seen, &[(1, 10)]);
        assert_eq!(rig.sent(1), 0, "CONNECT");
    }
    let mut rig = configured("no-such-host", 60);
    rig.answers.dial = false;
    rig.send(OPEN);
    rig.said();
    rig.module.handle_name_unknown(rig.now);
    assert_eq!(lines(&rig.watch(60)), ["+MQTTDISC:OK"]);
}

#[test]
fn the_manuals_firmware_tries_such_a_name_again() {
    let mut rig = Rig::with(ModuleConfig {
        firmware: Some(Firmware::Manual),
        ..ModuleConfig::default()
    });
    rig.send(r#"AT+MQTTCFG="h:1883",1883,"me",60,"","",1"#);
    rig.send(OPEN);
    let seen = rig.watch(60);
    assert_eq!(
        lines(&seen),
        ["+MQTTREC:0", "+MQTTREC:1", "+MQTTREC:2", "+MQTTDISC:OK"]
    );
    assert_times(&seen, &[(40, 40), (120, 120), (280, 280), (280, 280)]);
}

#[test]
fn a_refused_login_is_fail_and_a_second_later_disc() {
    for code in 1..=5 {
        let mut rig = configured("broker", 60);
        rig.answers.connect = Some((code, false));
        rig.send(OPEN);
        assert_eq!(rig.lines(), ["OK", "+MQTTOPEN:FAIL"]);
        assert_eq!(rig.stat(), 2);
        for command in [
            OPEN,
            "AT+MQTTDEL",
            r#"AT+MQTTCFG="b",1,"me",60,"","",1"#,
            PUBLISH,
            "AT+MQTTDISC",
        ] {
            assert_eq!(rig.ask(command), "\r\n+CME ERROR: 3\r\n", "{command}");
        }
        let seen = rig.watch(60);
        assert_eq!(lines(&seen), ["+MQTTDISC:OK"], "code {code}");
        assert_times(&seen, &[(10, 10)]);
        assert_eq!(rig.stat(), 1);
        assert_eq!(rig.ask("AT+MQTTDEL"), "\r\nOK\r\n");
    }
}

#[test]
fn a_broker_that_closes_before_connack_is_found_out_by_the_timer() {
    let mut rig = configured("broker", 60);
    rig.answers = Answers::NONE;
    rig.send(OPEN);
    rig.said();
    assert_eq!(rig.stat(), 7);
    rig.module.handle_network_lost(rig.now, "closed");
    let mut seen = rig.watch(17);
    assert_eq!(rig.stat(), 3, "waiting");
    // The next attempt is closed at once too.
    rig.pass_seconds(2);
    rig.module.handle_network_lost(rig.now, "closed");
    seen.extend(rig.lines().into_iter().map(|line| (190, line)));
    seen.extend(rig.watch(60));
    assert_eq!(
        lines(&seen),
        ["+MQTTTO:1", "+MQTTREC:1", "+CME ERROR: 615", "+MQTTDISC:OK"]
    );
    assert_times(&seen, &[(100, 100), (190, 190), (190, 190), (10, 10)]);
}

#[test]
fn a_late_connack_is_reported_at_every_attempt() {
    let mut rig = configured("broker", 60);
    rig.answers = Answers::NONE;
    rig.send(OPEN);
    let seen = rig.watch(120);
    assert_eq!(
        lines(&seen),
        [
            "+MQTTTO:1",
            "+MQTTREC:1",
            "+MQTTTO:1",
            "+MQTTREC:2",
            "+MQTTTO:1",
            "+CME ERROR: 615",
            "+MQTTDISC:OK"
        ]
    );
    let first = seen[1].0;
    assert!((180..=190).contains(&first), "{seen:?}");
    assert!((first + 260..=first + 270).contains(&seen[3].0), "{seen:?}");
    assert_eq!(rig.stat(), 1);
}

#[test]
fn an_attempt_that_the_broker_answers_ends_well() {
    let mut rig = configured("broker", 60);
    rig.answers = Answers::NONE;
    rig.send(OPEN);
    rig.pass_seconds(11);
    rig.answers = Answers::ALL;
    rig.said();
    let seen = rig.watch(60);
    assert_eq!(lines(&seen), ["+MQTTREC:1", "+MQTTOPEN:OK"]);
    assert_times(&seen, &[(70, 80), (70, 80)]);
}

#[test]
fn everything_but_cfg_is_refused_while_it_connects_or_reconnects() {
    for lost in [false, true] {
        let mut rig = configured("broker", 60);
        if lost {
            rig.send(OPEN);
            rig.answers = Answers::NONE;
            rig.pass_seconds(245);
        } else {
            rig.answers = Answers::NONE;
            rig.send(OPEN);
        }
        for command in [
            OPEN,
            "AT+MQTTDEL",
            PUBLISH,
            r#"AT+MQTTSUB="t",1"#,
            "AT+MQTTDISC",
        ] {
            assert_eq!(
                rig.ask(command),
                "\r\n+CME ERROR: 3\r\n",
                "{lost}: {command}"
            );
        }
        assert_eq!(
            rig.ask(r#"AT+MQTTCFG="b",1,"me",60,"","",1"#),
            "\r\nOK\r\n",
            "CFG breaks in"
        );
        assert_eq!(rig.stat(), 1);
        assert_eq!(rig.watch(120), []);
    }
}

#[test]
fn a_frozen_broker_is_found_out_after_four_keep_alives() {
    let mut rig = configured("broker", 60);
    rig.send(OPEN);
    rig.said();
    rig.answers = Answers::NONE;
    let seen = rig.watch(400);
    assert_eq!(
        lines(&seen),
        [
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTREC:0",
            "+MQTTTO:1",
            "+MQTTREC:1",
            "+MQTTTO:1",
            "+MQTTREC:2",
            "+MQTTTO:1",
            "+CME ERROR: 615",
            "+MQTTDISC:OK"
        ]
    );
    assert_times(
        &seen[..4],
        &[(1200, 1200), (1800, 1800), (2400, 2400), (2440, 2450)],
    );
    assert_eq!(rig.sent(12), 3, "PINGREQ");
}

#[test]
fn any_byte_either_way_puts_the_ping_off() {
    let mut rig = configured("broker", 60);
    rig.send(OPEN);
    for _ in 0..5 {
        rig.pass_seconds(50);
        rig.send(r#"AT+MQTTPUB="t",0,0,0,0,"x""#);
    }
    assert_eq!(rig.sent(12), 0, "PINGREQ");
    rig.pass_seconds(60);
    assert_eq!(rig.sent(12), 1, "PINGREQ");
}

#[test]
fn a_keep_alive_of_zero_pings_without_pause() {
    let mut rig = configured("broker", 0);
    rig.send(OPEN);
    rig.pass_seconds(60);
    assert_eq!(rig.sent(12), 40, "PINGREQ every 1.5 s");
    assert_eq!(rig.stat(), 5);
}

#[test]
fn an_own_attempt_that_tcp_refuses_is_the_last() {
    let mut rig = configured("broker", 60);
    rig.send(OPEN);
    rig.answers = Answers {
        dial: false,
        ..Answers::NONE
    };
    rig.pass_seconds(240);
    rig.said();
    assert_eq!(rig.stat(), 4);
    rig.pass_seconds(2);
    assert_eq!(rig.stat(), 3, "while it waits");
    rig.pass_seconds(3);
    assert_eq!(rig.lines().last().unwrap(), "+MQTTREC:0");
    rig.module.handle_connect_failed(rig.now, "refused");
    assert_eq!(rig.lines(), ["+CME ERROR: 615"]);
    assert_eq!(rig.stat(), 2);
    let seen = rig.watch(60);
    assert_eq!(lines(&seen), ["+MQTTDISC:OK"]);
    assert_times(&seen, &[(10, 10)]);
    assert_eq!(rig.stat(), 1);
}

#[test]
fn without_own_attempts_lost_pings_end_at_once() {
    let mut rig = configured("broker", 60);
    rig.send("AT+MQTTREC=0");
    rig.send(OPEN);
    rig.said();
    rig.answers = Answers::NONE;
    let seen = rig.watch(400);
    assert_eq!(
        lines(&seen),
        [
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+CME ERROR: 615",
            "+MQTTDISC:OK"
        ]
    );
}

#[test]
fn a_closed_connection_is_reported_late_and_not_made_again() {
    let mut rig = Rig::vendor(&[]).connected();
    rig.module.handle_network_lost(rig.now, "closed");
    assert_eq!(rig.stat(), 2);
    for command in [PUBLISH, r#"AT+MQTTSUB="t",1"#, r#"AT+MQTTUNSUB="t""#] {
        assert_eq!(rig.ask(command), "\r\n+CME ERROR: 608\r\n", "{command}");
    }
    assert_eq!(rig.ask("AT+MQTTDISC"), "\r\n+CME ERROR: 3\r\n");
    let seen = rig.watch(120);
    assert_eq!(lines(&seen), ["+MQTTDISC:OK"]);
    assert_times(&seen, &[(15, 26)]);
    assert_eq!(rig.stat(), 1);
    assert_eq!(rig.ask(PUBLISH), "\r\n+CME ERROR: 3\r\n");

    let mut kind = Rig::vendor(&["fin-without-rec=off"]).connected();
    kind.module.handle_network_lost(kind.now, "closed");
    assert_eq!(lines(&kind.watch(10)), ["+MQTTREC:0", "+MQTTOPEN:OK"]);
    let mut prompt = Rig::vendor(&["late-disc=off"]).connected();
    prompt.module.handle_network_lost(prompt.now, "closed");
    assert_eq!(prompt.lines(), ["+MQTTDISC:OK"]);
}

#[test]
fn disc_is_reported_a_while_after_its_ok() {
    let mut rig = Rig::vendor(&[]).connected();
    assert_eq!(rig.ask("AT+MQTTDISC"), "\r\nOK\r\n");
    assert_eq!(rig.sent(14), 1, "DISCONNECT");
    assert_eq!(rig.stat(), 2);
    assert_eq!(rig.ask("AT+MQTTDEL"), "\r\n+CME ERROR: 3\r\n");
    let seen = rig.watch(30);
    assert_eq!(lines(&seen), ["+MQTTDISC:OK"]);
    assert_times(&seen, &[(6, 14)]);
    assert_eq!(rig.stat(), 1);
    assert_eq!(rig.ask("AT+MQTTDEL"), "\r\nOK\r\n");

    let mut prompt = Rig::vendor(&["late-disc=off"]).connected();
    prompt.send("AT+MQTTDISC");
    assert_eq!(prompt.lines(), ["OK", "+MQTTDISC:OK"]);
}

#[test]
fn a_new_connection_begins_with_nothing_even_if_the_broker_kept_the_session() {
    let mut rig = Rig::vendor(&["fin-without-rec=off"]);
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",0"#);
    rig.send(OPEN);
    rig.send(r#"AT+MQTTSUB="t",1"#);
    rig.answers.publish = false;
    rig.send(PUBLISH);
    assert!(rig.ask("AT+MQTTSUB?").contains("\r\nt\r\n"));
    rig.answers.connect = Some((0, true));
    let sent = rig.sent(3);
    rig.module.handle_network_lost(rig.now, "closed");
    rig.pass_seconds(60);
    assert_eq!(rig.sent(1), 2, "CONNECT");
    assert_eq!(rig.sent(3), sent, "nothing is sent again");
    assert_eq!(rig.lines(), ["+MQTTREC:0", "+MQTTOPEN:OK"], "no +MQTTTO");
    assert!(!rig.ask("AT+MQTTSUB?").contains("\r\nt\r\n"));
}

#[test]
fn giving_up_is_silent_if_switched_so() {
    let mut rig = Rig::vendor(&["stray-615=off"]);
    rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#);
    rig.answers = Answers::NONE;
    rig.send(OPEN);
    let seen = rig.watch(120);
    assert!(
        lines(&seen).iter().all(|line| !line.contains("615")),
        "{seen:?}"
    );
}
