//! How long `close` takes in each state, and how often the threads of an open modem wake while
//! nothing happens.

mod serial;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use m531x_benches::percentile;
use m531x_core::{Model, Modem, ModemOptions};
use serial::{Line, count};

fn main() {
    let rounds = count(200, 3);
    let line = Line::answering_ok();
    let silent = Line::silent_on("AT+SILENT");
    println!("close over a PTY, {rounds} rounds:");
    report("idle", || closing(&line, rounds, |_| ()));
    report("callback set", || {
        closing(&line, rounds, |modem| {
            modem.on_incoming(|_| ()).expect("the modem is open");
        })
    });
    report("a command and 4 receivers wait", || {
        closing(&silent, rounds, |modem| {
            for _ in 0..4 {
                let modem = modem.clone();
                thread::spawn(move || modem.recv(None));
            }
            let waiting = modem.clone();
            thread::spawn(move || waiting.command("AT+SILENT", None));
            thread::sleep(Duration::from_millis(2));
        })
    });

    let seconds = count(20, 1);
    let modem = open(&line);
    modem.on_incoming(|_| ()).expect("the modem is open");
    modem.command("AT", None).expect("the line answers OK");
    thread::sleep(Duration::from_millis(100));
    let before = switches();
    thread::sleep(Duration::from_secs(seconds as u64));
    let woken = switches() - before;
    println!(
        "idle for {seconds} s: {} wake-ups a minute",
        woken * 60 / seconds as u64
    );
}

fn open(line: &Line) -> Modem {
    let options = ModemOptions {
        model: Some(Model::M5310A),
        ..ModemOptions::default()
    };
    Modem::open(line.name(), options).expect("the line answers OK to everything")
}

fn closing(line: &Line, rounds: usize, prepare: impl Fn(&Modem)) -> Vec<f64> {
    (0..rounds)
        .map(|_| {
            let modem = open(line);
            prepare(&modem);
            let began = Instant::now();
            modem.close().expect("close does not fail");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect()
}

fn report(state: &str, measure: impl FnOnce() -> Vec<f64>) {
    let times = measure();
    println!(
        "  {state:<32} p50 {:6.3} ms   max {:6.3} ms",
        percentile(&times, 50),
        percentile(&times, 100),
    );
}

/// The voluntary context switches of the library's threads.
fn switches() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    tasks
        .filter_map(|task| {
            let task = task.ok()?.path();
            let name = fs::read_to_string(task.join("comm")).ok()?;
            let status = fs::read_to_string(task.join("status")).ok()?;
            let count = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            name.starts_with("m531x-")
                .then(|| count.trim().parse::<u64>().ok())?
        })
        .sum()
}
