//! `m531x pub` and `m531x sub` over pseudo terminals, two modems and one broker.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use support::{VirtualModem, m531x, printed, run, run_with_input, send, text};

/// Two modems at one broker.
fn pair() -> (VirtualModem, VirtualModem) {
    let first = VirtualModem::start(&[]);
    let second = VirtualModem::start(&["--model", "M5311", "--broker", &first.broker]);
    (first, second)
}

fn publish(modem: &VirtualModem, arguments: &[&str]) {
    let common = ["pub", "--port", &modem.port];
    assert_eq!(printed(&[common.as_slice(), arguments].concat()), "");
}

fn subscribe(modem: &VirtualModem, arguments: &[&str]) -> String {
    let common = ["sub", "--port", &modem.port, "-W", "60"];
    printed(&[common.as_slice(), arguments].concat())
}

#[test]
#[cfg(target_os = "linux")]
fn a_wait_for_a_dead_broker_says_why_and_ctrl_c_ends_it() {
    let modem = VirtualModem::start(&["--broker", "127.0.0.1:1"]);
    let state = tempfile::tempdir().unwrap();
    let publish = m531x(&["pub", "--port", &modem.port, "-t", "a", "-m", "x"]);
    let mut terminal = support::terminal::Terminal::start(publish, state.path());
    terminal.wait_for("connecting to the broker (the module tries for half a minute) ... ");
    send("INT", &terminal.child);
    terminal.wait_for("m531x: interrupted");
    assert_eq!(terminal.end(), Some(1));
}

#[test]
fn a_retained_message_reaches_a_later_subscriber() {
    let (first, second) = pair();
    publish(
        &first,
        &["-t", "lamp/1", "-m", "on, \"really\"", "-q", "1", "-r"],
    );
    assert_eq!(
        subscribe(&second, &["-t", "lamp/+", "-C", "1", "-v"]),
        "lamp/1 on, \"really\"\n"
    );
    publish(&first, &["-t", "lamp/1", "-n", "-r"]);
    let nothing = run(&["sub", "--port", &second.port, "-t", "lamp/+", "-W", "2"]);
    assert_eq!(nothing.status.code(), Some(27), "{nothing:?}");
    assert_eq!(text(&nothing.stdout), "");
}

#[test]
fn a_subscriber_that_checks_its_connection_prints_nothing_of_it() {
    let (first, _) = pair();
    let checked = [
        "sub",
        "--port",
        &first.port,
        "-t",
        "#",
        "--health-check",
        "1",
    ];
    let output = run(&[checked.as_slice(), &["-W", "3"]].concat());
    assert_eq!(output.status.code(), Some(27), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let wrong = ["--health-check-topic", "a/#", "-W", "3"];
    let refused = run(&[checked.as_slice(), &wrong].concat());
    assert!(text(&refused.stderr).contains("wildcard"), "{refused:?}");
}

#[test]
fn any_bytes_pass_and_can_be_printed_by_format_or_as_json() {
    let (first, second) = pair();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blob");
    std::fs::write(&file, [0, 10, 13, 34, 255]).unwrap();
    publish(
        &first,
        &["-t", "温度", "-r", "-q", "2", "-f", file.to_str().unwrap()],
    );
    assert_eq!(
        subscribe(
            &second,
            &["-t", "温度", "-q", "2", "-C", "1", "-F", "%t %x %l %q %r"]
        ),
        "温度 000a0d22ff 5 2 1\n"
    );
    let json = subscribe(&second, &["-t", "温度", "-C", "1", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["topic"], "温度");
    assert_eq!(json["payload_hex"], "000a0d22ff");
    assert_eq!(json["retain"], 1);
}

#[test]
fn lines_of_standard_input_are_messages_and_ctrl_c_ends_a_subscriber_in_success() {
    let (first, second) = pair();
    let mut subscriber = m531x(&[
        "sub",
        "--port",
        &second.port,
        "-t",
        "news",
        "-t",
        "ready",
        "-q",
        "1",
    ])
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(subscriber.stdout.take().unwrap());
    // Retained, so it tells when the subscriber is there.
    publish(&first, &["-t", "ready", "-m", "ready", "-r"]);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let output = run_with_input(
        &["pub", "--port", &first.port, "-t", "news", "-l", "-q", "1"],
        "one\ntwo\nthree\n",
    );
    assert!(output.status.success(), "{output:?}");
    let mut news = String::new();
    for _ in 0..3 {
        lines.read_line(&mut news).unwrap();
    }
    assert_eq!(news, "one\ntwo\nthree\n");
    send("INT", &subscriber);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(subscriber.wait().unwrap().code(), Some(0));
}

#[test]
fn a_subscriber_goes_on_when_its_module_was_unplugged_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let link = link.to_str().unwrap();
    let first = VirtualModem::start(&[]);
    let arguments = ["--link", link, "--broker", &first.broker];
    let second = VirtualModem::start(&arguments);
    let mut subscriber = m531x(&["sub", "--port", link, "-t", "news", "-C", "2", "-q", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(subscriber.stdout.take().unwrap()).lines();
    let mut notes = BufReader::new(subscriber.stderr.take().unwrap()).lines();
    publish(&first, &["-t", "news", "-m", "one", "-r"]);
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    drop(second);
    assert!(notes.next().unwrap().unwrap().contains("connection lost"));
    publish(&first, &["-t", "news", "-m", "two", "-r"]);
    let _again = VirtualModem::start(&arguments);
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    assert_eq!(notes.next().unwrap().unwrap(), "m531x: connected again");
    assert_eq!(subscriber.wait().unwrap().code(), Some(0));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let modem = VirtualModem::start(&[]);
    publish(&modem, &["-t", "a", "-m", "x", "-r"]);
    let mut subscriber = m531x(&["sub", "--port", &modem.port, "-t", "a", "-C", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(subscriber.stdout.take());
    let output = subscriber.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

#[test]
fn arguments_that_cannot_be_sent_are_wrong_usage() {
    for arguments in [
        ["-t", "a\nb", "-m", "x"],
        ["-t", "a+", "-m", "x"],
        ["-q", "3", "-t", "a"],
        ["-k", "5", "-t", "a"],
    ] {
        let common = ["pub", "--port", "virtual://", "-n"];
        let common = if arguments.contains(&"-m") {
            &common[..3]
        } else {
            &common
        };
        let output = run(&[common, arguments.as_slice()].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!output.stderr.is_empty());
    }
}
