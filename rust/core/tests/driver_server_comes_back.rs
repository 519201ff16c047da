//! A serial server (`tcp://`) that goes away and comes back, with nothing but the standard library: it
//! runs wherever the driver does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{
    ConnectOptions, ErrorCode, EventKind, Incoming, Model, Modem, ModemOptions, MqttState,
    PublishOptions, QoS, Recovery, SubscribeOptions,
};
use m531x_test_support::serial_server::{Manners, PATIENCE, Server, publish_line};

fn connected(recovery: Recovery) -> (Server, Modem) {
    let server = Server::start(Manners {
        raw: true,
        ..Manners::default()
    });
    let options = ModemOptions {
        model: Some(Model::M5311),
        recovery,
        ..ModemOptions::default()
    };
    let modem = Modem::open(&server.url(), options).unwrap();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    (server, modem)
}

fn quick() -> Recovery {
    Recovery {
        initial_delay: Duration::from_millis(10),
        ..Recovery::default()
    }
}

fn await_event(modem: &Modem, kind: EventKind) {
    loop {
        match modem.recv(Some(PATIENCE)).unwrap() {
            Some(Incoming::Event(event)) if event.kind == kind => return,
            Some(_) => {}
            None => panic!("no {kind} within {PATIENCE:?}"),
        }
    }
}

#[test]
fn everything_is_there_again_once_the_server_is() {
    let (server, modem) = connected(quick());
    let at_least_once = SubscribeOptions {
        qos: QoS::AtLeastOnce,
        ..SubscribeOptions::default()
    };
    modem.subscribe("t", at_least_once).unwrap();
    server.go_away();
    await_event(&modem, EventKind::PortLost);
    assert_eq!(modem.mqtt_state(), MqttState::Lost);
    let once_more = PublishOptions {
        qos: QoS::AtLeastOnce,
        timeout: Some(PATIENCE),
        ..PublishOptions::default()
    };
    let delivery = modem.publish_nowait("t", b"kept", once_more).unwrap();
    assert_eq!(
        modem.command("AT", None).unwrap_err().code(),
        ErrorCode::Port
    );
    server.come_back();
    delivery.wait(Some(PATIENCE)).unwrap();
    assert_eq!(modem.subscriptions(), ["t"]);
    assert_eq!(server.count("AT+MQTTOPEN"), 2);
    assert_eq!(server.count("AT+MQTTSUB="), 2);
    assert_eq!(modem.stats().session.recoveries.port_lost, 1);
    server.say(&publish_line("t", b"heard"));
    loop {
        match modem.recv(Some(PATIENCE)).unwrap() {
            Some(Incoming::Message(message)) => break assert_eq!(message.payload, b"heard"),
            Some(Incoming::Event(_)) => {}
            None => panic!("no message"),
        }
    }
}

#[test]
fn it_may_go_again_and_again() {
    let (server, modem) = connected(quick());
    for round in 1..=3 {
        server.go_away();
        await_event(&modem, EventKind::PortLost);
        server.come_back();
        await_event(&modem, EventKind::Connected);
        assert_eq!(modem.stats().session.recoveries.port_lost, round);
    }
    modem.command("AT", None).unwrap();
}

#[test]
fn closing_does_not_wait_for_a_server_that_is_away() {
    let (server, modem) = connected(quick());
    server.go_away();
    await_event(&modem, EventKind::PortLost);
    let waiting = modem
        .publish_nowait(
            "t",
            b"x",
            PublishOptions {
                qos: QoS::AtLeastOnce,
                ..PublishOptions::default()
            },
        )
        .unwrap();
    thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    modem.close().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    let error = waiting.wait(Some(PATIENCE)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Closed);
}

#[test]
fn turning_recovery_off_ends_the_search() {
    let (server, modem) = connected(quick());
    server.go_away();
    await_event(&modem, EventKind::PortLost);
    modem.set_recovery(Recovery::off()).unwrap();
    let error = loop {
        match modem.recv(Some(PATIENCE)) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("nothing ended"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::Port);
}
