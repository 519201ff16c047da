//! Publishes over a pseudo-terminal, a virtual modem and mosquitto: every byte arrives, both ways.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;

use m531x_core::{PublishOptions, QoS, SubscribeOptions};
use m531x_test_support::end_to_end::{
    connected, next_message, publish_options, subscribe_options, virtual_modem,
};
use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::observer::{Observer, Seen};

const ALL_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

#[test]
fn each_qos_reaches_the_broker() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out/#", 2);
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    for qos in ALL_QOS {
        let receipt = modem
            .publish("out/a", b"hello", publish_options(qos))
            .unwrap();
        assert_eq!(receipt.qos, qos);
        assert_eq!(receipt.packet_id.is_some(), qos != QoS::AtMostOnce);
        assert_eq!(
            observer.next_message(),
            seen("out/a", b"hello", qos.into(), false)
        );
    }
}

#[test]
fn each_qos_comes_from_the_broker() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    assert_eq!(
        modem
            .subscribe("in/+", subscribe_options(QoS::ExactlyOnce))
            .unwrap(),
        QoS::ExactlyOnce
    );
    assert_eq!(modem.subscriptions(), ["in/+"]);
    for qos in ALL_QOS {
        observer.publish("in/b", b"hello", qos.into(), false);
        let message = next_message(&modem);
        assert_eq!(
            (message.topic.as_str(), message.payload.as_slice()),
            ("in/b", &b"hello"[..])
        );
        assert_eq!(
            (message.qos, message.retain, message.dup),
            (qos, false, false)
        );
        assert_eq!((message.truncated, message.ambiguous), (false, false));
        assert_eq!(message.packet_id != 0, qos != QoS::AtMostOnce);
    }
}

#[test]
fn an_unsubscribed_filter_brings_nothing_more() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    modem.subscribe("a", SubscribeOptions::default()).unwrap();
    modem.subscribe("b", SubscribeOptions::default()).unwrap();
    modem.unsubscribe("a").unwrap();
    assert_eq!(modem.subscriptions(), ["b"]);
    observer.publish("a", b"1", 1, false);
    observer.publish("b", b"2", 1, false);
    assert_eq!(next_message(&modem).topic, "b");
}

#[test]
fn retained_messages_are_kept_and_marked() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    let retained = PublishOptions {
        qos: QoS::AtLeastOnce,
        retain: true,
        ..PublishOptions::default()
    };
    modem.publish("kept", b"from the module", retained).unwrap();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("kept", 1);
    assert_eq!(
        observer.next_message(),
        seen("kept", b"from the module", 1, true)
    );

    modem
        .subscribe("kept", subscribe_options(QoS::AtLeastOnce))
        .unwrap();
    let message = next_message(&modem);
    assert!(message.retain);
    assert_eq!(message.payload, b"from the module");
    // To those who are there already it comes as an ordinary message.
    let mut other = Observer::connect(broker.port(), "other");
    other.publish("kept", b"fresh", 1, true);
    assert!(!next_message(&modem).retain);
}

#[test]
fn any_payload_passes_both_ways_unchanged() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out/#", 2);
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    modem
        .subscribe("in/#", subscribe_options(QoS::ExactlyOnce))
        .unwrap();
    let payloads: [&[u8]; 6] = [
        &(0..=255).collect::<Vec<u8>>(),
        br#"{"a": [1,2,"x,y"], "b": "say \"OK\"", "c": null}"#,
        "温度：二十一度，湿度：百分之四十".as_bytes(),
        b"\r\nOK\r\n+MQTTDISC: OK\r\n",
        b"+MQTTPUBLISH:0,0,0,0,in/x,3,abc\r\nERROR\r\n",
        b"",
    ];
    for payload in payloads {
        modem
            .publish("out/x", payload, publish_options(QoS::ExactlyOnce))
            .unwrap();
        assert_eq!(observer.next_message(), seen("out/x", payload, 2, false));
        observer.publish("in/x", payload, 2, false);
        let message = next_message(&modem);
        assert_eq!(
            (message.topic.as_str(), message.payload.as_slice()),
            ("in/x", payload)
        );
    }
    // Nothing in them was taken for protocol.
    modem.command("AT+CSQ", None).unwrap();
    assert_eq!(modem.stats().session.stray_results, 0);
}

#[test]
fn a_chinese_topic_passes_both_ways() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("设备/#", 1);
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    modem
        .publish(
            "设备/温度",
            "二十一".as_bytes(),
            publish_options(QoS::AtLeastOnce),
        )
        .unwrap();
    assert_eq!(
        observer.next_message(),
        seen("设备/温度", "二十一".as_bytes(), 1, false)
    );
    modem
        .subscribe("命令/#", subscribe_options(QoS::AtLeastOnce))
        .unwrap();
    observer.publish("命令/开关", "开".as_bytes(), 1, false);
    let message = next_message(&modem);
    assert_eq!(
        (message.topic.as_str(), message.text().as_ref()),
        ("命令/开关", "开")
    );
}

#[test]
fn a_thousand_messages_come_in_order_and_none_is_lost() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    modem
        .subscribe("many", subscribe_options(QoS::AtLeastOnce))
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..1_000 {
                observer.publish("many", format!("message {number}").as_bytes(), 1, false);
            }
        });
        for number in 0..1_000 {
            assert_eq!(next_message(&modem).text(), format!("message {number}"));
        }
    });
    assert_eq!(modem.stats().dropped, 0);
}

#[test]
fn publishes_of_several_threads_all_arrive_each_thread_in_order() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("thread/#", 1);
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    thread::scope(|scope| {
        for thread in 0..4 {
            let modem = &modem;
            scope.spawn(move || {
                for number in 0..50_u32 {
                    let topic = format!("thread/{thread}");
                    let payload = number.to_string();
                    modem
                        .publish(
                            &topic,
                            payload.as_bytes(),
                            publish_options(QoS::AtLeastOnce),
                        )
                        .unwrap();
                }
            });
        }
        let mut next = [0_u32; 4];
        for _ in 0..200 {
            let seen = observer.next_message();
            let thread: usize = seen.topic["thread/".len()..].parse().unwrap();
            assert_eq!(seen.payload, next[thread].to_string().as_bytes());
            next[thread] += 1;
        }
    });
}

fn seen(topic: &str, payload: &[u8], qos: u8, retain: bool) -> Seen {
    Seen {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        qos,
        retain,
    }
}
