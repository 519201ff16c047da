//! What may wait is bounded.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use m531x_core::{ConnectOptions, ErrorCode, ModemOptions, PublishOptions, QoS};
use m531x_test_support::driver::{Peer, open_connected, options};

const AT_LEAST_ONCE: PublishOptions = PublishOptions {
    qos: QoS::AtLeastOnce,
    retain: false,
    timeout: None,
};

/// Takes every command and acknowledges no publish.
fn never_acknowledges(command: &str) -> Option<String> {
    command
        .starts_with("AT+MQTTPUB=")
        .then(|| "\r\nOK\r\n".to_owned())
}

#[test]
fn beyond_the_limit_a_publish_is_refused_and_the_connection_can_still_be_ended() {
    let (_peer, stream) = Peer::in_memory_with(never_acknowledges);
    let modem = open_connected(
        stream,
        ModemOptions {
            max_waiting: 3,
            ..options()
        },
    );
    let publish = || modem.publish_nowait("t", b"x", AT_LEAST_ONCE);
    let waiting: Vec<_> = (0..3).map(|_| publish().unwrap()).collect();
    for error in [
        publish().unwrap_err(),
        modem.command("AT+CSQ", None).unwrap_err(),
    ] {
        assert_eq!(error.code(), ErrorCode::QueueFull);
        assert!(error.to_string().contains("and 3 may"), "{error}");
    }
    modem.set_max_waiting(4);
    let fourth = publish().unwrap();
    assert_eq!(publish().unwrap_err().code(), ErrorCode::QueueFull);
    modem.disconnect().unwrap();
    for delivery in waiting.iter().chain([&fourth]) {
        delivery.wait(Some(Duration::from_secs(20))).unwrap_err();
    }
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    modem.command("AT+CSQ", None).unwrap();
}
