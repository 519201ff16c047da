//! The raw AT dialogue over a stream, towards the embedded broker and towards mosquitto.

use std::time::{Duration, Instant};

use m531x_test_support::brokers::TestBroker;
use m531x_test_support::host;
use m531x_test_support::host::Host;
use m531x_test_support::mqtt_client::Client;
use m531x_virtual_modem::broker::EmbeddedBroker;
use m531x_virtual_modem::{BrokerChoice, LinkChoice, Model, VirtualModem, VirtualModemOptions};

m531x_test_support::on_both_brokers! {
    fn the_example_of_the_manual_runs(broker) {
        // Manual 2.2, with the answers it prints.
        let modem = host::modem(Model::M5310A, broker);
        let mut host = Host::of(&modem).ready();
        host.ok(r#"AT+MQTTCFG="183.230.40.39",6002,"4069959",10,"75829","secret=",1"#);
        host.ok(r#"AT+MQTTOPEN=0,0,1,1,1,"mywill","001bye""#);
        host.expect("+MQTTOPEN:OK\r\n");
        host.ok(r#"AT+MQTTSUB="pyr",1"#);
        host.expect("+MQTTSUBACK:1,1,pyr\r\n");
        host.ok(r#"AT+MQTTPUB="dev/gsm/u",1,1,0,0,"abc""#);
        host.expect("+MQTTPUBACK:2,0\r\n");
        host.ok(r#"AT+MQTTPUB="pyr",1,0,0,3,"7E7A7A""#);
        host.expect_all(&["+MQTTPUBACK:3,0", "+MQTTPUBLISH:0,1,0,1,pyr,3,~zz"]);
        host.ok(r#"AT+MQTTUNSUB="pyr""#);
        host.expect("+MQTTUNSUBACK:4,");
        host.ok(r#"AT+MQTTPUB="pyr",0,0,0,0,"abcdef""#);
        host.ok("AT+MQTTDISC");
        host.expect("+MQTTDISC:OK\r\n");
        host.ok("AT+MQTTDEL");
        let transcript = modem.transcript();
        let published = transcript.iter().filter(|entry| entry.text.starts_with("+MQTTPUBLISH")).count();
        assert_eq!(published, 1, "after UNSUB nothing comes");
    }

    fn every_byte_and_every_qos_passes_both_ways(broker) {
        let modem = host::modem(Model::M5311, broker);
        let mut host = Host::of(&modem).online("both-ways");
        let mut peer = Client::connect(broker.address(), "peer");
        peer.subscribe("up/#", 2);
        host.ok(r#"AT+MQTTSUB="down/#",2"#);
        host.expect("+MQTTSUBACK: 1,2,down/#\r\n");
        let payload: Vec<u8> = (0..=255).collect();
        let digits = m531x_at::hex::encode(&payload);
        for qos in 0..=2u8 {
            host.ok(&format!(r#"AT+MQTTPUB="up/{qos}",{qos},0,0,256,{digits}"#));
            let received = peer.message();
            assert_eq!(received.topic, format!("up/{qos}"));
            assert_eq!(received.payload, payload);
            assert_eq!(received.qos, qos);
            match qos {
                1 => { host.expect("+MQTTPUBACK: 2,0\r\n"); }
                2 => { host.expect("+MQTTPUBREC: 3,0\r\n"); host.expect("+MQTTPUBCOMP: 3,0\r\n"); }
                _ => {}
            }
            peer.publish(&format!("down/{qos}"), &payload, qos, false);
            host.expect(&format!("down/{qos},256,"));
            assert_eq!(host.expect_bytes(b"\xff\r\n")[..255], payload[..255]);
        }
    }

    fn a_chinese_topic_and_payload_pass(broker) {
        let modem = host::modem(Model::M5310A, broker);
        let mut host = Host::of(&modem).online("chinese");
        host.ok(r#"AT+MQTTSUB="温度/#",0"#);
        host.expect("+MQTTSUBACK:1,0,温度/#\r\n");
        let mut peer = Client::connect(broker.address(), "peer");
        peer.publish("温度/北京", "二十度".as_bytes(), 0, false);
        host.expect("+MQTTPUBLISH:0,0,0,0,温度/北京,9,二十度\r\n");
    }

    fn a_retained_message_comes_with_the_subscription(broker) {
        let mut peer = Client::connect(broker.address(), "peer");
        peer.publish("kept", b"since before", 1, true);
        let modem = host::modem(Model::M5310A, broker);
        let mut host = Host::of(&modem).online("retained");
        host.ok(r#"AT+MQTTSUB="kept",0"#);
        host.expect("+MQTTPUBLISH:0,0,1,0,kept,12,since before\r\n");
    }

    fn the_will_comes_when_the_module_dies_and_not_after_disc(broker) {
        let mut peer = Client::connect(broker.address(), "peer");
        peer.subscribe("will/#", 1);
        for dies in [false, true] {
            let modem = host::modem(Model::M5310A, broker);
            let mut host = Host::of(&modem).ready();
            host.ok(r#"AT+MQTTCFG="x",1,"mortal",60,"","",1"#);
            host.ok(&format!(r#"AT+MQTTOPEN=0,0,1,0,1,"will/{dies}","gone, and away""#));
            host.expect("+MQTTOPEN:OK");
            if dies {
                modem.reboot();
            } else {
                host.ok("AT+MQTTDISC");
            }
        }
        let will = peer.message();
        assert_eq!((will.topic.as_str(), will.payload.as_slice()), ("will/true", &b"gone, and away"[..]));
    }

    fn a_thousand_messages_come_in_order(broker) {
        let modem = host::modem(Model::M5310A, broker);
        let mut host = Host::of(&modem).online("thousand");
        host.ok(r#"AT+MQTTSUB="n",1"#);
        host.expect("+MQTTSUBACK");
        let mut peer = Client::connect(broker.address(), "peer");
        for number in 0..1000 {
            peer.publish("n", format!("<{number}>").as_bytes(), 0, false);
        }
        for number in 0..1000 {
            let before = host.expect(&format!(",<{number}>\r\n"));
            assert_eq!(before.matches("+MQTTPUBLISH").count(), 1, "{before}");
        }
    }

    fn a_cut_network_is_silent_and_can_be_restored(broker) {
        let modem = host::modem(Model::M5310A, broker);
        let mut host = Host::of(&modem).online("cut");
        host.ok(r#"AT+MQTTSUB="n",1"#);
        host.expect("+MQTTSUBACK");
        host.ok("AT+MQTTTO=1");
        let mut peer = Client::connect(broker.address(), "peer");
        peer.subscribe("up", 1);
        modem.cut_network();
        host.ok(r#"AT+MQTTPUB="up",1,0,0,0,"from the cut""#);
        peer.publish("n", b"into the cut", 1, false);
        host.expect("+MQTTTO:2\r\n");
        modem.restore_network();
        // TCP sends again what was lost, both ways.
        host.expect(",n,12,into the cut\r\n");
        assert_eq!(peer.message().payload, b"from the cut");
    }
}

#[test]
fn a_broker_that_cannot_be_reached_is_no_reason_not_to_start() {
    let modem = VirtualModem::start(VirtualModemOptions {
        // Nobody listens on port 1.
        broker: BrokerChoice::Address("127.0.0.1:1".to_owned()),
        link: LinkChoice::Memory,
        ..VirtualModemOptions::default()
    })
    .unwrap();
    let mut host = Host::of(&modem).ready();
    host.ok(r#"AT+MQTTCFG="x",1,"me",60,"","",1"#);
    let opened = Instant::now();
    host.ok(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    host.expect("+MQTTREC:0\r\n");
    assert!(opened.elapsed() >= Duration::from_millis(3900));
    host.ok("AT+MQTTDEL");
}

#[test]
fn cfg_names_the_broker_if_it_is_to() {
    let broker = EmbeddedBroker::start().unwrap();
    let modem = VirtualModem::start(VirtualModemOptions {
        broker: BrokerChoice::Cfg,
        link: LinkChoice::Memory,
        ..VirtualModemOptions::default()
    })
    .unwrap();
    assert_eq!(modem.broker(), "cfg");
    let mut host = Host::of(&modem).ready();
    let port = broker.address().port();
    host.ok(&format!(r#"AT+MQTTCFG="127.0.0.1",{port},"me",60,"","",1"#));
    host.ok(r#"AT+MQTTOPEN=0,0,0,0,0,"","""#);
    host.expect("+MQTTOPEN:OK\r\n");
}

#[test]
fn a_wrong_password_is_refused_by_both_brokers() {
    for broker in TestBroker::both_with_user("user", "right") {
        for (password, expected) in [("wrong", "+MQTTOPEN:"), ("right", "+MQTTOPEN:OK\r\n")] {
            let modem = host::modem(Model::M5310A, &broker);
            let mut host = Host::of(&modem).ready();
            host.ok(&format!(
                r#"AT+MQTTCFG="x",1,"me",60,"user","{password}",1"#
            ));
            host.ok(r#"AT+MQTTOPEN=1,1,0,0,0,"","""#);
            host.expect(expected);
            if password == "wrong" {
                // 4 bad user name or password, 5 not authorised: brokers choose either.
                let code = host.expect("\r\n");
                assert!(code == "5,0\r\n" || code == "4,0\r\n", "{code}");
            }
        }
    }
}
