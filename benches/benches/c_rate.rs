//! Publishes of 64 bytes per second through the C library, into a C callback and by waiting, against
//! the same into a Rust callback; and how long the C library takes to open and to close. Rounds
//! alternate. `make bench` builds the library first.

mod client;
mod serial;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use client::Client;
use m531x_benches::{median, percentile, spread};
use m531x_core::{Incoming, Model, Modem, ModemOptions, Overflow};
use serial::{Line, count};

fn main() {
    let Some(client) = Client::build() else {
        println!("C library: not built; run cargo build --release --package m531x-capi");
        return;
    };
    let rounds = count(9, 1);
    let messages = count(100_000, 100);
    let line = Line::answering_ok();
    let (mut rust, mut callback, mut waiting) = (vec![], vec![], vec![]);
    for _ in 0..rounds {
        rust.push(rust_round(&line, messages));
        callback.push(client.receive(&line, "callback", messages));
        waiting.push(client.receive(&line, "wait", messages));
    }
    println!("64-byte publishes over a PTY, {rounds} rounds of {messages}:");
    report("into a Rust callback", &rust, &rust);
    report("into a C callback", &callback, &rust);
    report("by m531x_wait_message", &waiting, &rust);

    let (opening, closing) = client.open_and_close(&line, count(200, 3));
    println!("C library over a PTY:");
    for (what, times) in [("open", opening), ("close", closing)] {
        println!(
            "  {what:<6} p50 {:6.3} ms   max {:6.3} ms",
            median(&times),
            percentile(&times, 100)
        );
    }
}

fn report(way: &str, seconds: &[f64], rust: &[f64]) {
    let ratios: Vec<f64> = rust.iter().zip(seconds).map(|(rust, c)| rust / c).collect();
    println!(
        "  {way:<24} {:9.0} /s   {:6.0} ns a message   the rounds' ratios to Rust {}",
        1.0 / median(seconds),
        median(seconds) * 1e9,
        spread(&ratios)
    );
}

/// Seconds for each message.
fn rust_round(line: &Line, messages: usize) -> f64 {
    let options = ModemOptions {
        model: Some(Model::M5310A),
        // A pseudo-terminal can wait, and nothing that is counted may be dropped.
        overflow: Overflow::Block,
        ..ModemOptions::default()
    };
    let modem = Modem::open(line.name(), options).expect("the line answers OK to everything");
    let (finished, wait) = mpsc::channel();
    let mut seen = 0;
    modem
        .on_incoming(move |incoming| {
            if let Incoming::Message(message) = incoming {
                assert_eq!(
                    (message.topic.as_str(), message.payload.len()),
                    ("bench/inbound", 64)
                );
                seen += 1;
                if seen == messages {
                    let _ = finished.send(());
                }
            }
        })
        .expect("the modem is open");
    let began = Instant::now();
    line.flood(messages);
    wait.recv_timeout(Duration::from_secs(60))
        .expect("every message comes");
    each(began.elapsed(), messages)
}

impl Client {
    /// Seconds for each message.
    fn receive(&self, line: &Line, way: &str, messages: usize) -> f64 {
        let mut client = Command::new(&self.program)
            .args([line.name(), way, &messages.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was just built");
        let output = client.stdout.take().expect("it was asked for");
        let mut lines = BufReader::new(output).lines();
        let ready = lines.next().and_then(Result::ok);
        assert_eq!(ready.as_deref(), Some("ready"));
        let began = Instant::now();
        line.flood(messages);
        lines.next();
        let elapsed = began.elapsed();
        assert!(client.wait().is_ok_and(|status| status.success()));
        each(elapsed, messages)
    }

    /// Milliseconds of each.
    fn open_and_close(&self, line: &Line, rounds: usize) -> (Vec<f64>, Vec<f64>) {
        let output = Command::new(&self.program)
            .args([line.name(), "open", &rounds.to_string()])
            .output()
            .expect("it was just built");
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| {
                let (opening, closing) = line.split_once(' ')?;
                Some((opening.parse::<f64>().ok()?, closing.parse::<f64>().ok()?))
            })
            .unzip()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn each(elapsed: Duration, messages: usize) -> f64 {
    elapsed.as_secs_f64() / messages as f64
}
