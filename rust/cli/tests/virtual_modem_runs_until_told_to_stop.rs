//! `m531x virtual-modem` as a program to test against.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::net::SocketAddr;
use std::path::Path;

use support::{VirtualModem, printed, run, text};

#[test]
fn it_says_where_it_is_and_removes_its_link_when_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let link = folder.path().join(signal);
        let link = link.to_str().unwrap();
        let modem = VirtualModem::start(&["--link", link]);
        assert_eq!(modem.port, link);
        assert!(modem.broker.starts_with("127.0.0.1:"), "{}", modem.broker);
        assert!(Path::new(link).exists());
        assert_eq!(modem.stop(signal), (Some(0), String::new()));
        assert!(Path::new(link).symlink_metadata().is_err());
    }
}

#[test]
fn a_second_modem_on_the_same_link_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let link = link.to_str().unwrap();
    let first = VirtualModem::start(&["--link", link]);
    let second = run(&["virtual-modem", "--link", link]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains(link), "{second:?}");
    assert_eq!(printed(&["at", "--port", &first.port, "AT"]), "OK\n");
}

/// Its TCP address, its broker's, and what it said on standard error.
fn listening(tcp: &str) -> (SocketAddr, SocketAddr, String) {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("errors");
    let file = std::fs::File::create(&errors).unwrap();
    let modem = VirtualModem::start_telling(&["--tcp", tcp], file);
    let address = modem.port.strip_prefix("tcp://").unwrap().parse().unwrap();
    let broker = modem.broker.parse().unwrap();
    assert_eq!(modem.stop("TERM").0, Some(0));
    (address, broker, std::fs::read_to_string(errors).unwrap())
}

#[test]
fn a_tcp_port_is_on_loopback_unless_told_otherwise_and_then_there_is_a_warning() {
    for tcp in ["0", ":0", "127.0.0.1:0", "localhost:0"] {
        let (address, broker, said) = listening(tcp);
        assert!(address.ip().is_loopback(), "{tcp}: {address}");
        assert!(broker.ip().is_loopback(), "{tcp}: {broker}");
        assert_eq!(said, "", "{tcp}");
    }
    let (address, broker, said) = listening("0.0.0.0:0");
    assert!(address.ip().is_unspecified(), "{address}");
    assert!(broker.ip().is_loopback(), "{broker}");
    let expected = format!("m531x: warning: every host that reaches tcp://{address} can use ");
    assert!(said.starts_with(&expected), "{said}");
    let wrong = run(&["virtual-modem", "--tcp", "here"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn it_can_listen_on_tcp() {
    let modem = VirtualModem::start(&["--model", "M5311", "--tcp", "127.0.0.1:0"]);
    assert!(modem.port.starts_with("tcp://127.0.0.1:"), "{}", modem.port);
    assert_eq!(
        printed(&["at", "--port", &modem.port, "AT+CGMM"]),
        "M5311\nOK\n"
    );
}

#[test]
fn its_firmware_can_be_chosen() {
    let numbers: Vec<String> = ["vendor", "manual"]
        .map(|firmware| {
            let modem = VirtualModem::start(&["--firmware", firmware, "--fault", "late-disc=off"]);
            let commands = [
                r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#,
                "AT+MQTTOPEN=0,0,0",
                "AT+MQTTDISC",
            ];
            for command in commands {
                printed(&["at", "--port", &modem.port, command]);
            }
            printed(&["at", "--port", &modem.port, "AT+MQTTSTAT?"])
        })
        .into();
    assert_eq!(numbers, ["+MQTTSTAT:1\nOK\n", "+MQTTSTAT:2\nOK\n"]);
}

#[test]
fn what_it_cannot_be_is_wrong_usage() {
    for arguments in [
        ["--model", "M9999"],
        ["--broker", "nowhere"],
        ["--fault", "gremlins"],
        ["--echo", "maybe"],
        ["--baudrate", "0"],
    ] {
        let output = run(&[["virtual-modem"].as_slice(), &arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
