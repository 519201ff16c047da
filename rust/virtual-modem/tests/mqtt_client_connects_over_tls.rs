//! TLS towards mosquitto with a certificate of the test's own.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::mqtt_client::{Client, config};
use m531x_virtual_modem::mqtt_client::{ClientConfig, ClientEvent, TlsPolicy};

/// Makes a key and a self-signed certificate for 127.0.0.1.
fn make_certificate(directory: &Path) -> (PathBuf, PathBuf) {
    let (key, certificate) = (directory.join("key.pem"), directory.join("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args([
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        // A root that is also the server's own certificate is refused; this one is a server's.
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status()
        .expect("openssl is missing: install the package openssl");
    assert!(made.success(), "openssl cannot make a certificate");
    (key, certificate)
}

fn tls_broker() -> Mosquitto {
    Mosquitto::with_settings("allow_anonymous true\n", |directory| {
        let (key, certificate) = make_certificate(directory);
        format!(
            "keyfile {}\ncertfile {}\n",
            key.display(),
            certificate.display()
        )
    })
}

fn tls_config(broker: &Mosquitto) -> ClientConfig {
    ClientConfig {
        tls: true,
        ..config(broker.address(), "secure")
    }
}

#[test]
fn any_certificate_is_accepted_as_the_module_does() {
    let broker = tls_broker();
    let mut client = Client::new(tls_config(&broker));
    client.open();
    client.subscribe("t", 2);
    let payload: Vec<u8> = (0..=255_u8).cycle().take(200_000).collect();
    client.publish("t", &payload, 2, false);
    assert!(client.message().payload == payload);
    client.disconnect();
}

#[test]
fn a_certificate_of_a_known_authority_is_accepted_when_asked_to_verify() {
    let broker = tls_broker();
    let mut client = Client::new(tls_config(&broker));
    client.tls = TlsPolicy::Verify(broker.directory.path().join("cert.pem"));
    client.open();
}

#[test]
fn another_certificate_is_refused_when_asked_to_verify() {
    let broker = tls_broker();
    let other = tempfile::tempdir().unwrap();
    let mut client = Client::new(tls_config(&broker));
    client.tls = TlsPolicy::Verify(make_certificate(other.path()).1);
    match client.start() {
        ClientEvent::Closed { why } => assert!(why.contains("certificate"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_authority_file_is_named() {
    let broker = tls_broker();
    let mut client = Client::new(tls_config(&broker));
    client.tls = TlsPolicy::Verify("/nowhere/ca.pem".into());
    match client.start() {
        ClientEvent::Closed { why } => assert!(why.contains("/nowhere/ca.pem"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_client_gets_nowhere_on_a_tls_port_and_the_other_way_round() {
    let broker = tls_broker();
    let answer = Client::new(config(broker.address(), "plain")).start();
    assert!(matches!(answer, ClientEvent::Closed { .. }), "{answer:?}");
    let plain = m531x_test_support::brokers::TestBroker::embedded();
    let answer = Client::new(ClientConfig {
        tls: true,
        ..config(plain.address(), "secure")
    })
    .start();
    assert!(matches!(answer, ClientEvent::Closed { .. }), "{answer:?}");
}
