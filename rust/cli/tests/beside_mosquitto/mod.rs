//! mosquitto's tools and ours with the same arguments, at one mosquitto.

mod publishing;
mod subscribing;

use std::fs;
use std::process::{Command, Stdio};

use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::mosquitto_tools::publish as publish_some;

use crate::support::{VirtualModem, m531x};

/// Publishes with `mosquitto_pub`, which takes no empty payload on standard input.
fn publish(broker: &Mosquitto, topic: &str, payload: &[u8], qos: u8, more: &[&str]) {
    if !payload.is_empty() {
        return publish_some(broker.address(), topic, payload, qos, more);
    }
    let (port, qos) = (broker.port().to_string(), qos.to_string());
    let status = Command::new("mosquitto_pub")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-t",
            topic,
            "-q",
            &qos,
            "-n",
        ])
        .args(more)
        .status();
    assert!(status.unwrap().success());
}

/// Broker and module; `None` with a note where mosquitto is not installed.
fn peers() -> Option<(Mosquitto, VirtualModem)> {
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    for tool in ["mosquitto", "mosquitto_sub", "mosquitto_pub"] {
        let there = path
            .split(':')
            .any(|folder| fs::exists(format!("{folder}/{tool}")).unwrap());
        if !there {
            eprintln!("SKIPPED: {tool} is missing; `make test-rust` installs mosquitto");
            return None;
        }
    }
    let broker =
        Mosquitto::with_settings("allow_anonymous true\nlog_type all\n", |_| String::new());
    Some((broker, VirtualModem::start(&["--broker", "cfg"])))
}

/// One of the two tools with these arguments at the broker.
fn tool(name: &str, arguments: &[&str], broker: &Mosquitto, modem: &VirtualModem) -> Command {
    let port = broker.port().to_string();
    let file = broker.directory.path().join("payload");
    fs::write(&file, b"\0a file\xff\n").unwrap();
    let (verb, ours) = match name.strip_prefix("m531x ") {
        Some(verb) => (verb, true),
        None => (name, false),
    };
    let mut command = if ours {
        let mut command = m531x(&[verb]);
        command.env("M531X_PORT", &modem.port);
        command
    } else {
        Command::new(verb)
    };
    // mosquitto's tools take the last of several, ours too.
    command.args(["-h", "127.0.0.1", "-p", &port]);
    if name.ends_with("sub") {
        // A case that would not end fails instead.
        command.args(["-W", "20"]);
    }
    for argument in arguments {
        command.arg(match *argument {
            "FILE" => file.to_str().unwrap().to_owned(),
            argument => argument.replace("PORT", &port),
        });
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
