//! A connection that looks alive and carries nothing is found out, over a real broker.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{
    EventKind, HealthCheck, Incoming, Modem, ModemOptions, MqttState, PublishOptions, QoS, Recovery,
};
use m531x_test_support::end_to_end::{
    connect_options, next_event, subscribe_options, virtual_modem,
};
use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::observer::Observer;

const PATIENCE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Checked every second; the module itself would need minutes to notice anything.
fn connected(port: &str) -> Modem {
    let options = ModemOptions {
        recovery: Recovery {
            initial_delay: Duration::from_millis(100),
            max_delay: SECOND,
            health_check: Some(HealthCheck {
                timeout: SECOND * 2,
                ..HealthCheck::every(SECOND)
            }),
            ..Recovery::default()
        },
        ..ModemOptions::default()
    };
    let modem = Modem::open(port, options).unwrap();
    let mut connect = connect_options();
    connect.keepalive = 600;
    connect.timeout = Some(SECOND * 5);
    modem.connect(connect).unwrap();
    modem
        .subscribe("#", subscribe_options(QoS::AtLeastOnce))
        .unwrap();
    modem
}

fn await_checks(modem: &Modem, count: u64) {
    let deadline = Instant::now() + PATIENCE;
    while modem.stats().session.health_checks < count {
        assert!(Instant::now() < deadline, "{:?}", modem.stats());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_broker_that_froze_is_found_out_and_the_connection_made_again() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module.port());
    await_checks(&modem, 2);
    broker.freeze();
    let event = next_event(&modem, EventKind::Disconnected, PATIENCE);
    assert!(event.text.contains("health check"), "{}", event.text);
    // The module still takes commands: only the way beyond it is dead.
    modem.command("AT", None).unwrap();
    let delivery = modem
        .publish_nowait(
            "kept",
            b"x",
            PublishOptions {
                qos: QoS::AtLeastOnce,
                ..PublishOptions::default()
            },
        )
        .unwrap();
    broker.thaw();
    delivery.wait(Some(PATIENCE)).unwrap();
    assert_eq!(modem.mqtt_state(), MqttState::Connected);
    assert!(modem.stats().session.recoveries.unhealthy >= 1);
}

#[test]
fn a_broker_that_works_is_checked_and_nobody_sees_it() {
    let broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module.port());
    await_checks(&modem, 3);
    assert_eq!(modem.subscriptions(), ["#"]);
    let mut other = Observer::connect(broker.port(), "other");
    other.publish("t", b"the only one", 1, false);
    let message = loop {
        match modem.recv(Some(PATIENCE)).unwrap() {
            Some(Incoming::Message(message)) => break message,
            Some(Incoming::Event(event)) => assert_ne!(event.kind, EventKind::HealthCheck),
            None => panic!("no message"),
        }
    };
    assert_eq!(message.payload, b"the only one");
    assert_eq!(modem.stats().session.recoveries.total(), 0);
}
