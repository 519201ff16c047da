//! The round trip of one `AT` over a pseudo-terminal, against a bare write/poll/read loop on the
//! same pseudo-terminal. Rounds of both alternate; the figures are those of all rounds together, and
//! the ratio is the median of the rounds' ratios, because the machine is noisy.

mod serial;

use std::time::{Duration, Instant};

use m531x_benches::{percentile, spread};
use m531x_core::operation::Command;
use m531x_core::{Model, Modem, ModemOptions};
use serial::{Line, RawPort, count};

fn main() {
    let rounds = count(15, 1);
    let exchanges = count(2_000, 5);
    let line = Line::answering_ok();
    let (mut raw, mut driver, mut pending, mut ratios) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let bare = raw_round(&line, exchanges);
        let (blocking, sliced) = driver_round(&line, exchanges);
        ratios.push(percentile(&blocking, 50) / percentile(&bare, 50));
        raw.extend(bare);
        driver.extend(blocking);
        pending.extend(sliced);
    }
    println!("AT round trip over a PTY, {rounds} rounds of {exchanges}:");
    report("raw write/poll/read", &raw, &raw);
    report("Modem::command", &driver, &raw);
    report("start + wait_for", &pending, &raw);
    println!(
        "  the rounds' p50 ratios, Modem::command to raw: {}",
        spread(&ratios)
    );
}

fn raw_round(line: &Line, exchanges: usize) -> Vec<f64> {
    let port = RawPort::open(line.name());
    timed(exchanges, || port.exchange(b"AT\r", b"\r\nOK\r\n"))
}

/// As a Rust or C caller waits, and as Python does, which looks at its signals between slices.
fn driver_round(line: &Line, exchanges: usize) -> (Vec<f64>, Vec<f64>) {
    let options = ModemOptions {
        model: Some(Model::M5310A),
        ..ModemOptions::default()
    };
    let modem = Modem::open(line.name(), options).expect("the line answers OK to everything");
    let blocking = timed(exchanges, || {
        modem.command("AT", None).expect("the line answers OK");
    });
    let sliced = timed(exchanges, || {
        let mut pending = modem.start(Command::new("AT")).expect("the modem is open");
        while pending.wait_for(Duration::from_millis(100)).is_none() {}
    });
    (blocking, sliced)
}

/// Microseconds each.
fn timed(exchanges: usize, mut exchange: impl FnMut()) -> Vec<f64> {
    (0..exchanges)
        .map(|_| {
            let began = Instant::now();
            exchange();
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect()
}

fn report(name: &str, times: &[f64], raw: &[f64]) {
    let (p50, p99) = (percentile(times, 50), percentile(times, 99));
    println!(
        "  {name:<26} p50 {p50:7.1} us ({:.2})   p99 {p99:7.1} us ({:.2})",
        p50 / percentile(raw, 50),
        p99 / percentile(raw, 99),
    );
}
