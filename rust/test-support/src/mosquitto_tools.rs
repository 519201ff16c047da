//! `mosquitto_pub` and `mosquitto_sub`: peers that share no code with us.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::mqtt_client::Received;

/// Publishes with `mosquitto_pub`, which returns once the broker has acknowledged.
pub fn publish(address: SocketAddr, topic: &str, payload: &[u8], qos: u8, more: &[&str]) {
    let mut process = Command::new("mosquitto_pub")
        .args([
            "-h",
            &address.ip().to_string(),
            "-p",
            &address.port().to_string(),
        ])
        .args(["-t", topic, "-q", &qos.to_string(), "-s"])
        .args(more)
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub is missing: install the package mosquitto-clients");
    process.stdin.take().unwrap().write_all(payload).unwrap();
    assert!(process.wait().unwrap().success());
}

/// A running `mosquitto_sub` whose subscription the broker has acknowledged.
pub struct Subscriber {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Subscriber {
    pub fn start(address: SocketAddr, filter: &str, qos: u8, more: &[&str]) -> Self {
        let mut process = Command::new("stdbuf")
            // Into a pipe mosquitto_sub keeps its lines until it ends.
            .args(["-oL", "mosquitto_sub"])
            .args([
                "-h",
                &address.ip().to_string(),
                "-p",
                &address.port().to_string(),
            ])
            .args(["-t", filter, "-q", &qos.to_string(), "-d", "-W", "20"])
            .args(["-F", "MESSAGE %q %r %x %t"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("stdbuf is missing: install the package coreutils");
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut subscriber = Self { process, output };
        subscriber.line("Subscribed ");
        subscriber
    }

    /// The next message.
    pub fn message(&mut self) -> Received {
        let line = self.line("MESSAGE ");
        let mut fields = line.splitn(4, ' ');
        let mut next = || fields.next().unwrap();
        let qos = next().parse().unwrap();
        let retain = next() == "1";
        let hex = next();
        let payload = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        Received {
            topic: next().to_owned(),
            payload,
            qos,
            retain,
        }
    }

    fn line(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(
                read > 0,
                "mosquitto_sub (package mosquitto-clients) ended before a line with {start:?}"
            );
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim_end_matches('\n').to_owned();
            }
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
