//! Late acknowledgements on the vendor's firmware: one report, and nothing after it.

use m531x_test_support::module::{Answers, Rig};

fn silent() -> Rig {
    let mut rig = Rig::vendor(&[]).connected();
    rig.answers = Answers::NONE;
    rig
}

/// The time of the only line said within 30 s, in tenths of a second.
fn only_line(rig: &mut Rig, expected: &str) -> u64 {
    let seen = rig.watch(30);
    let [(tenths, line)] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(line, expected);
    *tenths
}

#[test]
fn the_report_comes_within_one_and_a_half_seconds_after_the_timeout() {
    let mut times = Vec::new();
    for wait in [0, 300, 700, 1100] {
        let mut rig = silent();
        rig.pass(std::time::Duration::from_millis(wait));
        rig.send(r#"AT+MQTTPUB="t",1,0,0,0,"x""#);
        times.push(only_line(&mut rig, "+MQTTTO:2"));
    }
    assert!(
        times.iter().all(|tenths| (100..=115).contains(tenths)),
        "{times:?}"
    );
    times.dedup();
    assert!(times.len() > 1, "it comes at a tick of the client's clock");
}

#[test]
fn a_late_ack_prints_nothing_and_a_late_pubrec_gets_no_pubrel() {
    for (qos, late) in [(1, 0x40), (2, 0x50), (2, 0x70)] {
        let mut rig = silent();
        rig.send(&format!(r#"AT+MQTTPUB="t",{qos},0,0,0,"x""#));
        only_line(&mut rig, "+MQTTTO:2");
        rig.module.handle_network_bytes(rig.now, &[late, 2, 0, 1]);
        assert_eq!(rig.said(), "", "{late:#x}");
        assert_eq!(rig.sent(6), 0, "PUBREL");
        assert_eq!(rig.stat(), 5);
    }
    for (command, packet, kind) in [
        (r#"AT+MQTTSUB="t",1"#, &[0x90, 3, 0, 1, 1][..], 3),
        (r#"AT+MQTTUNSUB="u""#, &[0xb0, 2, 0, 2], 4),
    ] {
        let mut rig = Rig::vendor(&[]).connected();
        rig.send(r#"AT+MQTTSUB="u",1"#);
        rig.answers = Answers::NONE;
        rig.send(command);
        only_line(&mut rig, &format!("+MQTTTO:{kind}"));
        rig.module.handle_network_bytes(rig.now, packet);
        assert_eq!(rig.said(), "");
        assert!(
            !rig.ask("AT+MQTTSUB?").contains("\r\nt\r\n"),
            "not in the table"
        );
    }
}

#[test]
fn one_timer_counts_for_both_halves_of_qos_2() {
    let mut rig = silent();
    rig.send(r#"AT+MQTTPUB="t",2,0,0,0,"x""#);
    rig.pass_seconds(9);
    rig.module.handle_network_bytes(rig.now, &[0x50, 2, 0, 1]);
    assert_eq!(rig.lines(), ["OK", "+MQTTPUBREC:0,1"]);
    assert!(
        only_line(&mut rig, "+MQTTTO:2") <= 25,
        "counted from the PUBLISH"
    );
}

#[test]
fn a_late_ack_of_a_fault_is_lost_once_it_was_reported() {
    let mut rig = Rig::vendor(&["late-ack=puback:12000"]).connected();
    rig.send(r#"AT+MQTTPUB="t",1,0,0,0,"x""#);
    only_line(&mut rig, "+MQTTTO:2");
    let mut rig = Rig::vendor(&["late-ack=puback:3000"]).connected();
    rig.send(r#"AT+MQTTPUB="t",1,0,0,0,"x""#);
    assert_eq!(only_line(&mut rig, "+MQTTPUBACK:0,1"), 30);
}

#[test]
fn a_lower_or_refused_suback_is_a_timeout_and_leaves_the_table_alone() {
    for fault in ["downgrade-subscription=0", "refuse-subscription"] {
        let mut rig = Rig::vendor(&[fault]).connected();
        rig.send(r#"AT+MQTTSUB="t",1"#);
        only_line(&mut rig, "+MQTTTO:3");
        assert!(!rig.ask("AT+MQTTSUB?").contains("\r\nt\r\n"), "{fault}");
        rig.deliver("t", b"x", 0, 0);
        assert_eq!(
            rig.lines(),
            ["+MQTTPUBLISH:0,0,0,0,t,1,x"],
            "the broker has it"
        );
    }
    let mut loud = Rig::vendor(&["downgrade-subscription=0", "silent-suback=off"]).connected();
    loud.send(r#"AT+MQTTSUB="t",1"#);
    assert_eq!(loud.lines(), ["OK", "+MQTTSUBACK:1,0,t"]);
}

#[test]
fn cfg_sets_ack_timeout_and_ping_report_back_on_every_firmware() {
    for firmware in m531x_virtual_modem::Firmware::ALL {
        let mut rig = Rig::with(m531x_virtual_modem::module::ModuleConfig {
            firmware: Some(firmware),
            ..Default::default()
        });
        rig.send("AT+MQTTTO=3");
        rig.send("AT+MQTTPING=1");
        let mut rig = rig.connected();
        rig.answers = Answers {
            ping: true,
            ..Answers::NONE
        };
        rig.send(r#"AT+MQTTPUB="t",1,0,0,0,"x""#);
        let seen = rig.watch(120);
        assert_eq!(seen.len(), 1, "{firmware}: {seen:?}");
        assert!(seen[0].0 >= 100, "{firmware}: {seen:?}");
    }
}
