//! `m531x pub -l` for as long as its input, and `-W`, the end of any run.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{ChildStderr, ChildStdout, Stdio};
use std::thread;

use support::{Running, VirtualModem, m531x, printed, run, run_with_input, text};

type Lines = std::io::Lines<BufReader<ChildStdout>>;

/// A subscriber to `log` at this modem that is subscribed.
fn subscriber(modem: &VirtualModem, publisher: &VirtualModem) -> (Running, Lines) {
    let mut subscriber = m531x(&["sub", "--port", &modem.port, "-q", "1"])
        .args(["-t", "log", "-t", "ready"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(subscriber.stdout.take().unwrap()).lines();
    let ready = ["pub", "--port", &publisher.port, "-t", "ready"];
    printed(&[&ready[..], &["-m", "ready", "-r"]].concat());
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    (Running(subscriber), lines)
}

/// The first line of the notes that holds this.
fn note(notes: &mut std::io::Lines<BufReader<ChildStderr>>, part: &str) -> String {
    let mut notes = notes.map(Result::unwrap);
    notes.find(|note| note.contains(part)).unwrap()
}

fn lines_arrive_after_the_module_was_unplugged(qos: &str) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let link = link.to_str().unwrap();
    let first = VirtualModem::start(&[]);
    let arguments = ["--link", link, "--broker", &first.broker];
    let second = VirtualModem::start(&arguments);
    let (_subscriber, mut lines) = subscriber(&first, &second);
    let mut publisher = m531x(&["pub", "--port", link, "-t", "log", "-l", "-q", qos])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = publisher.stdin.take().unwrap();
    let mut notes = BufReader::new(publisher.stderr.take().unwrap()).lines();
    let mut publisher = Running(publisher);
    input.write_all(b"one\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    drop(second);
    input.write_all(b"two\nthree\n").unwrap();
    note(&mut notes, "connection lost");
    let _again = VirtualModem::start(&arguments);
    note(&mut notes, "connected again");
    // With QoS 1 the first line comes again if the module was gone before it had passed on the acknowledgement.
    let repeated = |line: &String| qos == "1" && line == "one";
    let mut lines = lines.map(Result::unwrap).skip_while(repeated);
    assert_eq!(lines.next().unwrap(), "two");
    assert_eq!(lines.next().unwrap(), "three");
    drop(input);
    assert_eq!(publisher.wait().unwrap().code(), Some(0));
}

#[test]
fn lines_of_qos_0_arrive_after_the_module_was_unplugged() {
    lines_arrive_after_the_module_was_unplugged("0");
}

#[test]
fn lines_of_qos_1_arrive_after_the_module_was_unplugged() {
    lines_arrive_after_the_module_was_unplugged("1");
}

#[test]
fn a_line_that_the_module_cannot_take_is_reported_and_the_rest_arrives() {
    let first = VirtualModem::start(&[]);
    let second = VirtualModem::start(&["--broker", &first.broker]);
    let (_subscriber, mut lines) = subscriber(&first, &second);
    let input = format!("one\n{}\nthree\n", "x".repeat(20_000));
    let arguments = ["pub", "--port", &second.port, "-t", "log", "-l"];
    let output = run_with_input(&arguments, &input);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = text(&output.stderr);
    assert!(errors.contains("line 2 was not published"), "{errors}");
    assert!(errors.contains("1 line was not"), "{errors}");
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    assert_eq!(lines.next().unwrap().unwrap(), "three");
}

#[test]
fn an_outbox_sends_while_standard_input_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let first = VirtualModem::start(&[]);
    let second = VirtualModem::start(&["--broker", &first.broker]);
    let (_subscriber, mut lines) = subscriber(&first, &second);
    let arguments = ["pub", "--port", &second.port, "-t", "log", "-l", "-q", "1"];
    let mut publisher = m531x(&arguments)
        .arg("--outbox")
        .arg(&file)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = publisher.stdin.take().unwrap();
    let mut publisher = Running(publisher);
    input.write_all(b"one\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    input.write_all(b"two\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    drop(input);
    assert_eq!(publisher.wait().unwrap().code(), Some(0));
}

#[test]
fn the_time_limits_the_wait_for_messages_with_and_without_a_count() {
    let sub = ["sub", "--port", "virtual://", "-t", "a", "-W", "1"];
    let output = run(&sub);
    assert_eq!(output.status.code(), Some(27), "{output:?}");
    assert!(text(&output.stderr).contains("timed out"), "{output:?}");
    let output = run(&[&sub[..], &["-C", "1"]].concat());
    assert_eq!(output.status.code(), Some(27), "{output:?}");
    assert!(text(&output.stderr).contains("0 of 1"), "{output:?}");
}

#[test]
fn the_time_limits_the_opening() {
    let modem = VirtualModem::start(&["--fault", "silent"]);
    let port = ["--port", &modem.port, "--open-timeout", "600", "-t", "a"];
    for command in [&["sub", "-W", "1"][..], &["pub", "-W", "1", "-m", "x"]] {
        let output = run(&[command, &port].concat());
        assert_eq!(output.status.code(), Some(27), "{output:?}");
        assert!(text(&output.stderr).contains("timed out"), "{output:?}");
    }
}

#[test]
fn the_time_limits_the_connecting() {
    // A broker that takes connections and answers nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let broker = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    let modem = VirtualModem::start(&["--broker", &broker]);
    let output = run(&["sub", "--port", &modem.port, "-t", "a", "-W", "3"]);
    assert_eq!(output.status.code(), Some(27), "{output:?}");
}

#[test]
fn the_time_limits_the_reading_and_the_module_leaves_the_broker() {
    let modem = VirtualModem::start(&[]);
    let mut publisher = m531x(&["pub", "--port", &modem.port, "-t", "a", "-l", "-W", "3"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = publisher.stdin.take().unwrap();
    let output = publisher.wait_with_output().unwrap();
    drop(input);
    assert_eq!(output.status.code(), Some(27), "{output:?}");
    assert!(text(&output.stderr).contains("timed out"), "{output:?}");
    let state = printed(&["at", "--port", &modem.port, "AT+MQTTSTAT?"]);
    assert!(!state.contains(":5"), "{state}");
}
