//! Connecting and losing the connection, over a pseudo-terminal, a virtual modem and mosquitto.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use m531x_core::operation::{Config, Delete};
use m531x_core::{ErrorCode, EventKind, MqttState, QoS, Recovery, Secret, Will};
use m531x_test_support::end_to_end::{
    connect_options, connected, next_event, open, publish_options, start, virtual_modem,
};
use m531x_test_support::mosquitto::{Mosquitto, free_port};
use m531x_test_support::observer::Observer;
use m531x_virtual_modem::BrokerChoice;

#[test]
fn connect_and_disconnect_change_the_state() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = open(&module);
    assert_eq!(modem.mqtt_state(), MqttState::Off);
    modem.connect(connect_options()).unwrap();
    assert_eq!(modem.mqtt_state(), MqttState::Connected);
    assert_eq!(modem.status().unwrap(), MqttState::Connected);
    next_event(&modem, EventKind::Connected, Duration::from_secs(5));
    modem.disconnect().unwrap();
    next_event(&modem, EventKind::Disconnected, Duration::from_secs(5));
    assert_ne!(modem.mqtt_state(), MqttState::Connected);
    let error = modem
        .publish("t", b"x", publish_options(QoS::AtMostOnce))
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotConnected);
}

#[test]
fn the_right_password_is_let_in_and_the_wrong_one_is_not() {
    let broker = Mosquitto::with_user("meter", "right");
    let module = virtual_modem(&broker, &[]);
    let modem = open(&module);
    let mut options = connect_options();
    options.username = Some("meter".into());
    options.password = Some(Secret::new("wrong-one"));
    let error = modem.connect(options.clone()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connect, "{error}");
    assert_eq!(error.return_code(), Some(5));
    assert!(!error.to_string().contains("wrong-one"), "{error}");
    options.password = Some(Secret::new("right"));
    modem.connect(options).unwrap();
    let transcript = module.transcript();
    assert!(
        !transcript
            .iter()
            .any(|entry| entry.text.contains("wrong-one"))
    );
}

#[test]
fn a_broker_that_cannot_be_reached_is_an_error_in_time() {
    let module = start(
        BrokerChoice::Address(format!("127.0.0.1:{}", free_port())),
        &[],
    );
    let modem = open(&module);
    let began = Instant::now();
    let mut options = connect_options();
    options.timeout = Some(Duration::from_secs(15));
    let error = modem.connect(options).unwrap_err();
    assert!(
        matches!(error.code(), ErrorCode::Connect | ErrorCode::Timeout),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_ne!(modem.mqtt_state(), MqttState::Connected);
}

#[test]
fn the_will_is_published_when_the_module_vanishes() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("will", 1);
    let module = virtual_modem(&broker, &[]);
    let modem = open(&module);
    let mut options = connect_options();
    options.will = Some(Will {
        topic: "will".into(),
        payload: b"gone".to_vec(),
        qos: QoS::AtLeastOnce,
        retain: false,
    });
    modem.connect(options).unwrap();
    module.reboot();
    let will = observer.next_message();
    assert_eq!(
        (will.topic.as_str(), will.payload.as_slice()),
        ("will", &b"gone"[..])
    );
    next_event(&modem, EventKind::Rebooted, Duration::from_secs(20));
}

#[test]
fn disc_while_not_connected_is_refused_with_its_number() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = open(&module);
    let error = modem.command("AT+MQTTDISC", None).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Command, "{error}");
    assert_eq!(error.modem_code(), Some(3));
}

#[test]
fn delete_makes_room_for_another_client() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    modem.disconnect().unwrap();
    modem.run(Delete).unwrap();
    assert_eq!(modem.status().unwrap(), MqttState::Off);
    let mut options = connect_options();
    options.client_id = "another".into();
    modem.connect(options).unwrap();
    assert_eq!(
        modem.run(Config).unwrap().client_id.as_deref(),
        Some("another")
    );
    modem
        .publish("t", b"x", publish_options(QoS::AtLeastOnce))
        .unwrap();
}

#[test]
fn connecting_again_replaces_the_connection() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module);
    let mut options = connect_options();
    options.client_id = "another".into();
    modem.connect(options).unwrap();
    modem
        .publish("t", b"x", publish_options(QoS::AtLeastOnce))
        .unwrap();
}

#[test]
fn a_lost_ack_fails_the_publish_in_the_modules_time() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &["lost-ack=puback"]);
    let modem = open(&module);
    modem.set_recovery(Recovery::off()).unwrap();
    let mut options = connect_options();
    options.ack_timeout = 1;
    modem.connect(options).unwrap();
    let began = Instant::now();
    let error = modem
        .publish("t", b"x", publish_options(QoS::AtLeastOnce))
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::PublishFailed, "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    // The next one is not mistaken for it.
    modem
        .publish("t", b"x", publish_options(QoS::ExactlyOnce))
        .unwrap();
}

/// Manual 2.4: +MQTTTO:5 three times, +MQTTREC:0, 1, 2, then one +MQTTDISC.
#[test]
fn three_lost_pings_lead_to_reconnecting_and_then_to_a_disconnect() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = open(&module);
    let mut options = connect_options();
    options.keepalive = 2;
    options.ack_timeout = 1;
    modem.connect(options).unwrap();
    module.cut_network();
    next_event(&modem, EventKind::Connected, Duration::from_secs(5));
    next_event(&modem, EventKind::Disconnected, Duration::from_secs(90));
    while next_event(&modem, EventKind::StateChanged, Duration::from_secs(90)).value
        != MqttState::Lost as i64
    {}
    assert_eq!(modem.mqtt_state(), MqttState::Lost);
    let seen: Vec<String> = module
        .transcript()
        .into_iter()
        .map(|entry| entry.text)
        .filter(|text| {
            ["+MQTTTO", "+MQTTREC", "+MQTTDISC"]
                .iter()
                .any(|urc| text.starts_with(urc))
        })
        .map(|text| text.replace(' ', ""))
        .collect();
    assert_eq!(
        seen[..6],
        [
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTTO:5",
            "+MQTTREC:0",
            "+MQTTREC:1",
            "+MQTTREC:2",
        ]
    );
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert!(seen[6].starts_with("+MQTTDISC"), "{seen:?}");
}
