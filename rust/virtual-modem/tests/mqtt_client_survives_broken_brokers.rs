//! Whatever the broker sends, the MQTT client ends the connection at worst.

use std::time::{Duration, Instant};

use m531x_virtual_modem::mqtt_client::{ClientConfig, ClientEvent, MqttClient, NetRequest};
use proptest::prelude::*;

fn handshake() -> MqttClient {
    let mut mqtt = MqttClient::new(ClientConfig {
        clean_session: false,
        ..ClientConfig::new("broker", "meter")
    });
    let now = Instant::now();
    mqtt.start(now);
    mqtt.poll_net();
    mqtt.handle_connected(now);
    mqtt.poll_transmit();
    mqtt
}

fn online() -> MqttClient {
    let mut mqtt = handshake();
    mqtt.handle_bytes(Instant::now(), &[0x20, 2, 0, 0]);
    mqtt.poll_event();
    mqtt
}

fn closed_because(mqtt: &mut MqttClient) -> String {
    match mqtt.poll_event() {
        Some(ClientEvent::Closed { why }) => why,
        other => panic!("not closed: {other:?}"),
    }
}

#[test]
fn a_malformed_packet_closes_with_a_reason() {
    for bytes in [
        &[0x36, 5, 0, 1, b'a', 0, 1][..], // QoS 3
        &[0x30, 3, 0, 1, 0xff],           // topic is no UTF-8
        &[0x40, 2, 0, 0],                 // packet id 0
        &[0x90, 3, 0, 1, 7],              // SUBACK with code 7
        &[0x30, 0xff, 0xff, 0xff, 0xff],  // remaining length of five bytes
        &[0x30, 0xff, 0xff, 0xff, 0x7f],  // a packet of 256 MiB
        &[0xf0, 0],                       // packet type 15
    ] {
        let mut mqtt = online();
        mqtt.handle_bytes(Instant::now(), bytes);
        let why = closed_because(&mut mqtt);
        assert!(why.starts_with("the broker sent a "), "{why}");
        assert_eq!(mqtt.poll_net(), Some(NetRequest::Close));
        assert!(!mqtt.is_online());
        mqtt.handle_bytes(Instant::now(), &[0xd0, 0]);
        assert_eq!(mqtt.poll_event(), None, "what follows is not looked at");
    }
}

#[test]
fn packets_in_the_wrong_place_close() {
    let mut early = handshake();
    early.handle_bytes(Instant::now(), &[0xd0, 0]);
    assert!(closed_because(&mut early).contains("before CONNACK"));
    for bytes in [
        &[0x20, 2, 0, 0][..],            // a second CONNACK
        &[0xc0, 0],                      // PINGREQ
        &[0xe0, 0],                      // DISCONNECT
        &[0x82, 6, 0, 1, 0, 1, b'a', 0], // SUBSCRIBE
    ] {
        let mut mqtt = online();
        mqtt.handle_bytes(Instant::now(), bytes);
        closed_because(&mut mqtt);
    }
}

#[test]
fn acks_nobody_waits_for_are_not_shown() {
    let mut mqtt = online();
    mqtt.handle_bytes(
        Instant::now(),
        &[
            0x40, 2, 0, 9, 0x70, 2, 0, 9, 0x90, 3, 0, 9, 0, 0xb0, 2, 0, 9,
        ],
    );
    assert_eq!(mqtt.poll_event(), None);
    mqtt.handle_bytes(Instant::now(), &[0x50, 2, 0, 9]);
    assert_eq!(mqtt.poll_event(), None);
    let answer = mqtt.poll_transmit();
    assert_eq!(
        answer,
        Some(vec![0x62, 2, 0, 9]),
        "without PUBREL the broker never finishes"
    );
}

#[test]
fn a_refusal_is_shown_with_its_code_and_closes() {
    for code in 1..=5 {
        let mut mqtt = handshake();
        mqtt.handle_bytes(Instant::now(), &[0x20, 2, 0, code]);
        assert_eq!(
            mqtt.poll_event(),
            Some(ClientEvent::ConnAck {
                code,
                session_present: false
            })
        );
        assert!(closed_because(&mut mqtt).contains(&code.to_string()));
    }
}

#[test]
fn a_topic_that_no_packet_can_hold_closes_instead_of_panicking() {
    for topic in ["", "a/#", "a\0b", &"x".repeat(70_000)] {
        let mut mqtt = online();
        mqtt.publish(Instant::now(), Some(1), topic, b"x", 1, false);
        assert!(closed_because(&mut mqtt).contains("PUBLISH"));
        let mut mqtt = online();
        mqtt.publish(Instant::now(), Some(1), "a", b"x", 3, false);
        closed_because(&mut mqtt);
    }
}

#[test]
fn debug_output_shows_no_password() {
    let config = ClientConfig {
        username: Some("meter-user".to_owned()),
        password: Some("hunter2".to_owned()),
        ..ClientConfig::new("broker", "meter")
    };
    let mut mqtt = MqttClient::new(config.clone());
    mqtt.start(Instant::now());
    mqtt.handle_connected(Instant::now());
    let shown = format!("{config:?} {mqtt:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("meter-user"),
        "{shown}"
    );
    let bytes = format!("{:?}", b"hunter2");
    let inside = bytes.trim_matches(['[', ']']);
    assert!(!shown.contains(inside), "{shown}");
}

#[derive(Clone, Debug)]
enum Step {
    Bytes(Vec<u8>),
    Publish(u16, u8),
    Subscribe(u16),
    Acknowledge(u8, u16),
    Wait(u16),
    Lose,
    Reconnect,
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    let id = 0..4_u8;
    prop_oneof![
        id.clone().prop_map(|id| vec![0x40, 2, 0, id]),
        id.clone().prop_map(|id| vec![0x50, 2, 0, id]),
        id.clone().prop_map(|id| vec![0x62, 2, 0, id]),
        id.clone().prop_map(|id| vec![0x70, 2, 0, id]),
        id.clone().prop_map(|id| vec![0x90, 3, 0, id, 1]),
        (id, any::<bool>()).prop_map(|(id, dup)| vec![
            0x34 | (u8::from(dup) << 3),
            6,
            0,
            1,
            b't',
            0,
            id,
            b'x'
        ]),
        Just(vec![0x20, 2, 0, 0]),
        Just(vec![0x20, 2, 1, 0]),
        Just(vec![0xd0, 0]),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => packet().prop_map(Step::Bytes),
        2 => (0..4_u16, 0..4_u8).prop_map(|(id, qos)| Step::Publish(id, qos)),
        1 => (0..4_u16).prop_map(Step::Subscribe),
        1 => (0..4_u8, 0..4_u16).prop_map(|(qos, id)| Step::Acknowledge(qos, id)),
        1 => any::<u16>().prop_map(Step::Wait),
        1 => Just(Step::Lose),
        2 => Just(Step::Reconnect),
    ]
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), chunk in 1..40_usize) {
        for mut mqtt in [handshake(), online()] {
            for part in bytes.chunks(chunk) {
                mqtt.handle_bytes(Instant::now(), part);
            }
        }
    }

    #[test]
    fn no_order_of_events_panics_or_spins(steps in prop::collection::vec(step(), 0..60)) {
        let mut now = Instant::now();
        let mut mqtt = online();
        for step in steps {
            match step {
                Step::Bytes(bytes) => mqtt.handle_bytes(now, &bytes),
                Step::Publish(id, qos) => {
                    mqtt.publish(now, Some(id).filter(|_| qos > 0), "t", b"x", qos, false);
                }
                Step::Subscribe(id) => mqtt.subscribe(now, id, "t", 1),
                Step::Acknowledge(qos, id) => mqtt.acknowledge(now, qos, id),
                Step::Wait(seconds) => now += Duration::from_secs(seconds.into()),
                Step::Lose => mqtt.handle_network_lost(now, "unplugged"),
                Step::Reconnect => {
                    mqtt.start(now);
                    mqtt.handle_connected(now);
                }
            }
            mqtt.handle_timeout(now);
            prop_assert!(mqtt.poll_timeout().is_none_or(|due| due > now), "a deadline in the past would spin");
            while mqtt.poll_event().is_some() {}
            while mqtt.poll_transmit().is_some() {}
            while mqtt.poll_net().is_some() {}
        }
    }
}
