//! Publishes of 64 bytes per second from a pseudo-terminal into a Rust callback, every field parsed,
//! against a bare loop that reads the same bytes and counts line ends. Rounds of both alternate.

mod serial;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use m531x_benches::{median, spread};
use m531x_core::{Incoming, Model, Modem, ModemOptions, Overflow};
use serial::{Line, RawPort, count};

fn main() {
    let rounds = count(9, 1);
    let messages = count(100_000, 100);
    let line = Line::answering_ok();
    let (mut raw, mut driver, mut ratios) = (vec![], vec![], vec![]);
    let mut lost = 0;
    for _ in 0..rounds {
        let bare = raw_round(&line, messages);
        let (parsed, missing) = driver_round(&line, messages);
        ratios.push(parsed / bare);
        raw.push(bare);
        driver.push(parsed);
        lost += missing;
    }
    println!("64-byte publishes over a PTY, {rounds} rounds of {messages}:");
    println!("  raw read, lines counted     {:9.0} /s", median(&raw));
    println!(
        "  into a Rust callback        {:9.0} /s, lost {lost}",
        median(&driver)
    );
    println!("  the rounds' ratios: {}", spread(&ratios));
}

fn raw_round(line: &Line, messages: usize) -> f64 {
    let port = RawPort::open(line.name());
    let began = Instant::now();
    line.flood(messages);
    port.count_lines(messages);
    per_second(messages, began.elapsed())
}

fn driver_round(line: &Line, messages: usize) -> (f64, usize) {
    let options = ModemOptions {
        model: Some(Model::M5310A),
        // A pseudo-terminal can wait, and nothing that is counted may be dropped.
        overflow: Overflow::Block,
        ..ModemOptions::default()
    };
    let modem = Modem::open(line.name(), options).expect("the line answers OK to everything");
    let (finished, wait) = mpsc::channel();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    modem
        .on_incoming(move |incoming| {
            if let Incoming::Message(message) = incoming {
                assert_eq!(
                    (message.topic.as_str(), message.payload.len()),
                    ("bench/inbound", 64)
                );
                if counter.fetch_add(1, Ordering::Relaxed) + 1 == messages {
                    let _ = finished.send(());
                }
            }
        })
        .expect("the modem is open");
    let began = Instant::now();
    line.flood(messages);
    // Whatever did not come by then is lost.
    let _ = wait.recv_timeout(Duration::from_secs(60));
    let rate = per_second(messages, began.elapsed());
    (rate, messages - seen.load(Ordering::Relaxed))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(messages: usize, elapsed: Duration) -> f64 {
    messages as f64 / elapsed.as_secs_f64()
}
