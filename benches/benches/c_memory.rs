//! What open modems take in a C program without callbacks: threads and memory. `make bench` builds
//! the library first.

mod client;
mod serial;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use client::Client;
use serial::{Line, count};

fn main() {
    let Some(client) = Client::build() else {
        println!("C library: not built; run cargo build --release --package m531x-capi");
        return;
    };
    let modems = count(64, 2);
    let messages = count(100, 10);
    // The first stands for what the library takes once.
    let lines: Vec<Line> = (0..=modems).map(|_| Line::answering_ok()).collect();
    let mut program = Command::new(&client.program)
        .args([lines[0].name(), "memory", &modems.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was just built");
    let mut input = program.stdin.take().expect("it was asked for");
    let output = program.stdout.take().expect("it was asked for");
    let mut output = BufReader::new(output).lines();
    for line in &lines[1..] {
        writeln!(input, "{}", line.name()).expect("it reads");
    }
    println!("{modems} modems of a C program without callbacks, each:");
    report("open", output.next().and_then(Result::ok), modems);
    let mut figures = None;
    for line in &lines[1..] {
        line.flood(messages);
        writeln!(input, "{messages}").expect("it reads");
        figures = output.next().and_then(Result::ok);
    }
    report("that has received", figures, modems);
    assert!(program.wait().is_ok_and(|status| status.success()));
}

#[expect(clippy::cast_precision_loss, reason = "a mean for people")]
fn report(what: &str, figures: Option<String>, modems: usize) {
    let figures = figures.expect("it measures");
    let (threads, kilobytes) = figures.split_once(' ').expect("two numbers");
    let each = |figure: &str| figure.parse::<f64>().expect("a number") / modems as f64;
    println!(
        "  {what:<18} {:4.2} threads   {:5.1} kB",
        each(threads),
        each(kilobytes)
    );
}
