//! The embedded broker costs nothing while idle and is gone at once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use m531x_test_support::mqtt_client::Client;
use m531x_virtual_modem::broker::{BrokerOptions, EmbeddedBroker, Withhold};
use m531x_virtual_modem::mqtt_client::ClientEvent;

#[test]
fn it_stops_at_once_with_clients_connected() {
    let broker = EmbeddedBroker::start().unwrap();
    let address = broker.address();
    let mut clients: Vec<Client> = (0..20)
        .map(|number| Client::connect(address, &format!("client-{number}")))
        .collect();
    let begin = Instant::now();
    drop(broker);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    assert!(TcpStream::connect(address).is_err());
    for client in &mut clients {
        client.wait("the end", |event| {
            matches!(event, ClientEvent::Closed { .. })
        });
    }
}

#[test]
fn many_run_in_one_process() {
    let brokers: Vec<EmbeddedBroker> = (0..50).map(|_| EmbeddedBroker::start().unwrap()).collect();
    for broker in &brokers {
        let mut client = Client::connect(broker.address(), "only");
        client.subscribe("x", 0);
        client.publish("x", b"own", 0, false);
        assert_eq!(client.messages_until_now().len(), 1);
    }
}

#[test]
fn a_taken_address_is_an_error() {
    let broker = EmbeddedBroker::start().unwrap();
    assert!(EmbeddedBroker::start_on(broker.address()).is_err());
}

/// How often the only broker thread of this process has gone to sleep.
#[cfg(target_os = "linux")]
fn sleeps_of_broker_threads() -> u64 {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok())
        .filter(|status| status.contains("m531x-broker"))
        .flat_map(|status| {
            status
                .lines()
                .filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
                .map(|count| count.trim().parse::<u64>().unwrap())
                .collect::<Vec<_>>()
        })
        .sum()
}

#[test]
#[cfg(target_os = "linux")]
fn it_does_not_wake_up_while_idle() {
    // Threads are counted by name, so this runs in a process of its own.
    if std::env::var_os("M531X_TEST_IDLE").is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "it_does_not_wake_up_while_idle"])
            .env("M531X_TEST_IDLE", "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let broker = EmbeddedBroker::start().unwrap();
    let mut client = Client::connect(broker.address(), "idle");
    client.subscribe("x", 0);
    client.publish("x", b"", 1, false);
    client.message();
    thread::sleep(Duration::from_millis(50));
    let before = sleeps_of_broker_threads();
    assert!(before > 0, "the thread is not found");
    thread::sleep(Duration::from_secs(1));
    assert_eq!(sleeps_of_broker_threads(), before);
}

#[test]
fn it_withholds_acknowledgements_when_told_so() {
    let broker = EmbeddedBroker::start().unwrap();
    let mut client = Client::connect(broker.address(), "waiting");
    client.mqtt.set_ack_timeout(Duration::from_millis(50));
    broker.set_options(BrokerOptions {
        withhold: Withhold {
            publish: true,
            ..Withhold::default()
        },
        ..BrokerOptions::default()
    });
    // The change and the packet go different ways: until it is there, acks may still come.
    let late = (0..100).any(|_| {
        client.publish_nowait("x", b"", 1, false);
        let event = client.wait("an ack or its timeout", |event| {
            matches!(
                event,
                ClientEvent::PubAck { .. } | ClientEvent::AckTimeout { .. }
            )
        });
        matches!(event, ClientEvent::AckTimeout { .. })
    });
    assert!(late);
    client.subscribe("x", 0);
}
