//! What the vendor's firmware refuses, and what it makes of the broker's messages.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use m531x_test_support::module::{Answers, Rig};
use m531x_virtual_modem::module::ModuleConfig;
use m531x_virtual_modem::{Firmware, Model};

#[test]
fn subscribing_to_what_is_in_the_table_is_refused_without_a_packet() {
    let mut rig = Rig::vendor(&[]).connected();
    rig.answers.subscribe = false;
    assert_eq!(rig.ask(r#"AT+MQTTSUB="t",0"#), "\r\nOK\r\n");
    assert_eq!(
        rig.ask(r#"AT+MQTTSUB="t",0"#),
        "\r\nOK\r\n",
        "its SUBACK is still due"
    );
    rig.answers.subscribe = true;
    rig.send(r#"AT+MQTTSUB="u",1"#);
    rig.said();
    let sent = rig.sent(8);
    for again in [r#"AT+MQTTSUB="u",1"#, r#"AT+MQTTSUB="u",2"#] {
        assert_eq!(rig.ask(again), "\r\n+CME ERROR: 606\r\n");
    }
    assert_eq!(rig.sent(8), sent);
    let mut other = Rig::vendor(&["refused-double-sub=767"]).connected();
    other.send(r#"AT+MQTTSUB="u",1"#);
    assert_eq!(other.lines(), ["OK", "+MQTTSUBACK:1,1,u"]);
    assert_eq!(other.ask(r#"AT+MQTTSUB="u",1"#), "\r\n+CME ERROR: 767\r\n");
}

#[test]
fn unsubscribing_from_what_is_not_in_the_table_is_refused_without_a_packet() {
    let mut rig = Rig::vendor(&[]).connected();
    assert_eq!(rig.ask(r#"AT+MQTTUNSUB="t""#), "\r\n+CME ERROR: 621\r\n");
    assert_eq!(rig.sent(10), 0);
}

#[test]
fn a_topic_over_249_bytes_can_be_subscribed_and_not_unsubscribed() {
    for (length, ends) in [(249, true), (250, false)] {
        let mut rig = Rig::vendor(&[]).connected();
        let topic = "t".repeat(length);
        rig.send(&format!(r#"AT+MQTTSUB="{topic}",1"#));
        assert_eq!(rig.lines()[1], format!("+MQTTSUBACK:1,1,{topic}"));
        let answer = rig.ask(&format!(r#"AT+MQTTUNSUB="{topic}""#));
        assert_eq!(answer.starts_with("\r\nOK"), ends, "{length}: {answer}");
    }
}

#[test]
fn a_qos_2_message_that_is_sent_again_is_printed_again() {
    let again = [0x3c, 6, 0, 1, b't', 0, 9, b'x'];
    for (switched, copies) in [("repeated-qos2=on", 2), ("repeated-qos2=off", 1)] {
        let mut rig = Rig::vendor(&[switched]).connected();
        rig.deliver("t", b"x", 2, 9);
        rig.module.handle_network_bytes(rig.now, &again);
        let lines = rig.lines();
        assert_eq!(lines[0], "+MQTTPUBLISH:0,2,0,9,t,1,x");
        assert_eq!(lines.len(), copies, "{lines:?}");
        if copies == 2 {
            assert_eq!(lines[1], "+MQTTPUBLISH:1,2,0,9,t,1,x");
        }
        assert_eq!(rig.sent(5), 2, "PUBREC");
        rig.module.handle_network_bytes(rig.now, &[0x62, 2, 0, 9]);
        rig.said();
        assert_eq!(rig.sent(7), 1, "PUBCOMP");
    }
}

/// A PUBLISH of QoS 1 to `t` with the id 9, its header first.
fn packet(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x32];
    let length = payload.len() + 5;
    packet.push(u8::try_from(length % 128).unwrap() | 0x80);
    packet.push(u8::try_from(length / 128).unwrap());
    packet.extend([0, 1, b't', 0, 9]);
    packet.extend(payload);
    packet
}

#[test]
fn a_message_whose_rest_is_late_is_printed_in_part_and_acknowledged() {
    let payload: Vec<u8> = (0..300)
        .map(|i| b'a' + u8::try_from(i % 26).unwrap())
        .collect();
    let packet = packet(&payload);
    let (first, rest) = packet.split_at(108);
    let mut rig = Rig::vendor(&[]).connected();
    rig.module.handle_network_bytes(rig.now, first);
    rig.pass(Duration::from_millis(900));
    assert_eq!(rig.said(), "");
    rig.pass(Duration::from_millis(100));
    let shown = String::from_utf8(payload[..100].to_vec()).unwrap();
    assert_eq!(
        rig.said(),
        format!("\r\n+MQTTPUBLISH:0,1,0,9,t,300,{shown}\r\n")
    );
    assert_eq!(rig.sent(4), 1, "PUBACK");
    rig.module.handle_network_bytes(rig.now, rest);
    assert_eq!(rig.said(), "", "the rest is nothing");
    rig.deliver("t", b"next", 0, 0);
    assert_eq!(rig.lines(), ["+MQTTPUBLISH:0,0,0,0,t,4,next"]);
}

#[test]
fn a_message_whose_rest_comes_in_time_is_whole() {
    let payload = vec![b'x'; 300];
    let packet = packet(&payload);
    for (switched, pause) in [("short-message=on", 900), ("short-message=off", 20_000)] {
        let mut rig = Rig::vendor(&[switched]).connected();
        for chunk in packet.chunks(90) {
            rig.pass(Duration::from_millis(pause));
            rig.module.handle_network_bytes(rig.now, chunk);
        }
        let expected = format!("+MQTTPUBLISH:0,1,0,9,t,300,{}", "x".repeat(300));
        assert_eq!(rig.lines(), [expected], "{switched}");
    }
}

#[test]
fn hex_delivery_declares_bytes_or_digits() {
    for (switched, expected) in [
        (
            "hex-in-bytes=on",
            "\r\n+MQTTPUBLISH: 0,0,0,0,t,3\r\n00AAFF\r\n",
        ),
        (
            "hex-in-bytes=off",
            "\r\n+MQTTPUBLISH: 0,0,0,0,t,6,00AAFF\r\n",
        ),
    ] {
        let mut rig = Rig::with(ModuleConfig {
            model: Model::M5311,
            firmware: Some(Firmware::Vendor),
            faults: vec![switched.parse().unwrap()],
            ..ModuleConfig::default()
        })
        .connected();
        rig.send(r#"AT+MQTTSUB="t",0,1"#);
        rig.said();
        rig.deliver("t", &[0, 0xaa, 0xff], 0, 0);
        assert_eq!(rig.said(), expected, "{switched}");
    }
}

#[test]
fn what_no_client_can_use_is_ignored() {
    let mut rig = Rig::vendor(&[]).connected();
    for bytes in [
        &[0x20, 2, 0, 0][..], // a second CONNACK
        &[0x40, 2, 0, 7],     // PUBACK for nothing
        &[0x50, 2, 0, 7],     // PUBREC for nothing
        &[0xf0, 0],           // packet type 15
        &[0x40, 2, 0, 0],     // packet id 0
    ] {
        rig.module.handle_network_bytes(rig.now, bytes);
        assert_eq!(rig.said(), "", "{bytes:02x?}");
        assert_eq!(rig.stat(), 5, "{bytes:02x?}");
    }
    assert_eq!(rig.sent(6), 0, "PUBREL");
}

#[test]
fn host_programs_open_with_three_fields_or_five_and_subscribe_without_quotes() {
    for firmware in Firmware::ALL {
        for open in [
            "AT+MQTTOPEN=1,1,0",
            "AT+MQTTOPEN=1,1,0,0,0",
            r#"AT+MQTTOPEN=1,1,0,0,0,"","""#,
        ] {
            let mut rig = Rig::with(ModuleConfig {
                firmware: Some(firmware),
                ..ModuleConfig::default()
            });
            rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"user","word",1"#);
            rig.said();
            rig.send(open);
            assert_eq!(rig.lines(), ["OK", "+MQTTOPEN:OK"], "{firmware}: {open}");
            rig.send("AT+MQTTSUB=a/b");
            assert_eq!(rig.lines(), ["OK", "+MQTTSUBACK:1,0,a/b"], "{firmware}");
        }
    }
}

#[test]
fn other_numbers_of_fields_are_refused() {
    for firmware in Firmware::ALL {
        let mut rig = Rig::with(ModuleConfig {
            firmware: Some(firmware),
            ..ModuleConfig::default()
        });
        rig.send("AT+CMEE=1");
        rig.send(r#"AT+MQTTCFG="broker",1883,"me",60,"user","word",1"#);
        for open in [
            "AT+MQTTOPEN=1,1",
            "AT+MQTTOPEN=1,1,0,0",
            r#"AT+MQTTOPEN=1,1,0,0,0,"""#,
            r#"AT+MQTTOPEN=1,1,0,0,0,"","",0"#,
            r#"AT+MQTTOPEN=1,1,0,0,0,"","",0,0"#,
            "AT+MQTTOPEN=1,1,0,0,0,,,0,0",
            r#"AT+MQTTOPEN=1,1,1,0,0,"w","x",0,0"#,
            "AT+MQTTOPEN=1,1,1",
        ] {
            assert_eq!(
                rig.ask(open),
                "\r\n+CME ERROR: 50\r\n",
                "{firmware}: {open}"
            );
        }
        assert_eq!(rig.stat(), 1, "{firmware}");
        rig.send("AT+MQTTOPEN=1,1,1,0,0,w,a will, with a comma");
        assert_eq!(rig.lines(), ["OK", "+MQTTOPEN:OK"], "{firmware}");
    }
}

#[test]
fn a_module_is_of_the_firmware_it_is_told_to_be() {
    for model in Model::ALL {
        let profile = model.profile();
        for firmware in Firmware::ALL {
            let module = Rig::with(ModuleConfig {
                model,
                firmware: Some(firmware),
                ..ModuleConfig::default()
            })
            .module;
            assert_eq!(module.traits(), firmware.traits(profile), "{model}");
        }
        let default = Rig::new(model).module.traits();
        assert_eq!(default, Firmware::of(model).traits(profile), "{model}");
    }
    let mut rig = Rig::vendor(&["id-zero=off"]);
    rig.module
        .set_faults(&["stray-615=off".parse().unwrap()], 1);
    let traits = rig.module.traits();
    assert!(!traits.id_zero && !traits.stray_615 && traits.qos0_takes_id);
    rig.module.set_faults(&[], 1);
    assert!(rig.module.traits().stray_615 && !rig.module.traits().id_zero);
    rig.answers = Answers::NONE;
}
