//! Broker, network, module and port go away and come back under a modem that recovers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{process, thread};

use m531x_core::{
    Delivery, ErrorCode, EventKind, Model, Modem, ModemOptions, MqttState, QoS, Recovery,
};
use m531x_test_support::end_to_end::{
    connect_options, next_event, next_message, publish_options, subscribe_options, virtual_modem,
};
use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::observer::Observer;
use m531x_virtual_modem::{BrokerChoice, LinkChoice, VirtualModem, VirtualModemOptions};

const PATIENCE: Duration = Duration::from_secs(60);

fn options() -> ModemOptions {
    ModemOptions {
        model: Some(Model::M5310A),
        recovery: Recovery {
            initial_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(1),
            ..Recovery::default()
        },
        ..ModemOptions::default()
    }
}

fn connected(port: &str) -> Modem {
    let modem = Modem::open(port, options()).unwrap();
    let mut connect = connect_options();
    // Losses are noticed soon.
    connect.keepalive = 3;
    connect.ack_timeout = 2;
    connect.timeout = Some(Duration::from_secs(10));
    modem.connect(connect).unwrap();
    modem
        .subscribe("in/#", subscribe_options(QoS::AtLeastOnce))
        .unwrap();
    modem
}

fn publish_many(modem: &Modem, numbers: std::ops::Range<u32>) -> Vec<Delivery> {
    numbers
        .map(|number| {
            let payload = number.to_string();
            modem
                .publish_nowait("out", payload.as_bytes(), publish_options(QoS::AtLeastOnce))
                .unwrap()
        })
        .collect()
}

/// Every number arrives at least once.
fn expect_all(observer: &mut Observer, numbers: std::ops::Range<u32>) {
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    while !numbers.clone().all(|number| counts.contains_key(&number)) {
        let payload = String::from_utf8(observer.next_message().payload).unwrap();
        *counts.entry(payload.parse().unwrap()).or_insert(0) += 1;
    }
}

fn expect_done(deliveries: &[Delivery]) {
    for delivery in deliveries {
        let receipt = delivery.wait(Some(PATIENCE)).unwrap();
        assert_eq!(receipt.qos, QoS::AtLeastOnce);
    }
}

/// The subscription is alive: what others publish arrives.
fn expect_messages(modem: &Modem, broker: &Mosquitto) {
    let mut other = Observer::connect(broker.port(), "other");
    let deadline = Instant::now() + PATIENCE;
    while modem.mqtt_state() != MqttState::Connected
        || modem.stats().session.recoveries.total() == 0
    {
        assert!(Instant::now() < deadline, "{:?}", modem.mqtt_state());
        thread::sleep(Duration::from_millis(10));
    }
    other.publish("in/a", b"hello", 1, false);
    assert_eq!(next_message(modem).payload, b"hello");
}

#[test]
fn a_broker_that_was_gone_for_a_while_gets_everything() {
    let mut broker = Mosquitto::start();
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module.port());
    broker.kill();
    next_event(&modem, EventKind::StateChanged, PATIENCE);
    let deliveries = publish_many(&modem, 0..10);
    let at_most_once = modem.publish("out", b"x", publish_options(QoS::AtMostOnce));
    assert_eq!(at_most_once.unwrap_err().code(), ErrorCode::NotConnected);
    thread::sleep(Duration::from_secs(2));
    broker.start_again();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out", 1);
    expect_all(&mut observer, 0..10);
    expect_done(&deliveries);
    expect_messages(&modem, &broker);
}

#[test]
fn a_network_that_was_cut_loses_nothing() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out", 1);
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module.port());
    let mut deliveries = publish_many(&modem, 0..5);
    module.cut_network();
    deliveries.extend(publish_many(&modem, 5..10));
    // Three times without an acknowledgement the connection is given up, in 2 s each.
    thread::sleep(Duration::from_secs(8));
    deliveries.extend(publish_many(&modem, 10..15));
    module.restore_network();
    expect_all(&mut observer, 0..15);
    expect_done(&deliveries);
    expect_messages(&modem, &broker);
}

#[test]
fn a_module_that_restarts_in_the_middle_of_publishing_loses_nothing() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out", 1);
    let module = virtual_modem(&broker, &[]);
    let modem = connected(&module.port());
    let deliveries = publish_many(&modem, 0..200);
    deliveries[20].wait(Some(PATIENCE)).unwrap();
    module.reboot();
    next_event(&modem, EventKind::Rebooted, PATIENCE);
    expect_all(&mut observer, 0..200);
    expect_done(&deliveries);
    expect_messages(&modem, &broker);
    assert_eq!(modem.stats().session.recoveries.rebooted, 1);
}

fn at_link(broker: &Mosquitto, link: &Path) -> VirtualModem {
    VirtualModem::start(VirtualModemOptions {
        broker: BrokerChoice::Address(broker.address().to_string()),
        link: LinkChoice::Pty {
            symlink: Some(link.to_owned()),
        },
        ..VirtualModemOptions::default()
    })
    .unwrap()
}

#[test]
fn a_port_that_vanishes_and_comes_back_under_its_name_loses_nothing() {
    let broker = Mosquitto::start();
    let mut observer = Observer::connect(broker.port(), "observer");
    observer.subscribe("out", 1);
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let module = at_link(&broker, &link);
    let modem = connected(link.to_str().unwrap());
    let mut deliveries = publish_many(&modem, 0..50);
    deliveries[5].wait(Some(PATIENCE)).unwrap();
    module.close();
    drop(module);
    next_event(&modem, EventKind::PortLost, PATIENCE);
    assert_eq!(modem.mqtt_state(), MqttState::Lost);
    deliveries.extend(publish_many(&modem, 50..60));
    assert_eq!(modem.signal().unwrap_err().code(), ErrorCode::Port);
    assert!(modem.ended().is_none());
    thread::sleep(Duration::from_secs(1));
    let module = at_link(&broker, &link);
    next_event(&modem, EventKind::PortBack, PATIENCE);
    expect_all(&mut observer, 0..60);
    expect_done(&deliveries);
    expect_messages(&modem, &broker);
    modem.signal().unwrap();
    drop(module);
}

#[test]
fn a_waiting_caller_is_served_over_the_loss_of_the_port() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let module = at_link(&broker, &link);
    let modem = connected(link.to_str().unwrap());
    drop(module);
    next_event(&modem, EventKind::PortLost, PATIENCE);
    thread::scope(|scope| {
        let publishing =
            scope.spawn(|| modem.publish("out", b"x", publish_options(QoS::ExactlyOnce)));
        thread::sleep(Duration::from_millis(300));
        let module = at_link(&broker, &link);
        publishing.join().unwrap().unwrap();
        drop(module);
    });
}

#[test]
fn closing_while_the_port_is_looked_for_is_quick_and_leaves_no_thread() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let module = at_link(&broker, &link);
    let modem = connected(link.to_str().unwrap());
    drop(module);
    next_event(&modem, EventKind::PortLost, PATIENCE);
    let delivery = &publish_many(&modem, 0..1)[0];
    thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    modem.close().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(delivery.wait(None).unwrap_err().code(), ErrorCode::Closed);
    let deadline = Instant::now() + PATIENCE;
    while has_thread("m531x-search") {
        assert!(Instant::now() < deadline, "the search goes on");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Other tests of this file search, too, but each ends.
fn has_thread(name: &str) -> bool {
    let tasks = format!("/proc/{}/task", process::id());
    std::fs::read_dir(tasks).unwrap().any(|task| {
        let path = task.unwrap().path().join("comm");
        std::fs::read_to_string(path).is_ok_and(|comm| comm.trim() == name)
    })
}

#[test]
fn recovery_turned_off_gives_the_port_up() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let module = at_link(&broker, &link);
    let modem = connected(link.to_str().unwrap());
    drop(module);
    next_event(&modem, EventKind::PortLost, PATIENCE);
    let delivery = &publish_many(&modem, 0..1)[0];
    modem.set_recovery(Recovery::off()).unwrap();
    assert!(delivery.wait(Some(PATIENCE)).is_err());
    assert_eq!(modem.signal().unwrap_err().code(), ErrorCode::Port);
    let error = loop {
        match modem.recv(Some(PATIENCE)) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::Port);
    assert_eq!(modem.ended().map(|end| end.code()), Some(ErrorCode::Port));
}
