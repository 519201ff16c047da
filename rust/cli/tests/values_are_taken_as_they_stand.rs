//! A value may begin with a hyphen, and a payload may hold any bytes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use support::{VirtualModem, m531x, run, text};

/// Publishes with these arguments and this input, and returns the messages that arrive as hex.
fn published(arguments: &[&OsStr], input: &[u8], messages: &str) -> String {
    let modem = VirtualModem::start(&[]);
    let filter = "-t/#";
    let mut subscriber = m531x(&["sub", "--port", &modem.port, "-q", "1", "-t", filter])
        .args(["-t", "ready", "-i", "-s", "-F", "-%t %x", "-C", messages])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let other = VirtualModem::start(&["--broker", &modem.broker]);
    // Retained, so it arrives whether the subscriber is there already or not.
    let ready = run(&["pub", "--port", &other.port, "-t", "ready", "-m", "r", "-r"]);
    assert!(ready.status.success(), "{ready:?}");
    let mut lines = subscriber.stdout.take().unwrap();
    let mut first = [0; "-ready 72\n".len()];
    std::io::Read::read_exact(&mut lines, &mut first).unwrap();
    let mut publisher = m531x(&["pub", "--port", &other.port, "-q", "1", "-i", "-id"])
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    publisher.stdin.take().unwrap().write_all(input).unwrap();
    assert!(publisher.wait().unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();
    assert!(subscriber.wait().unwrap().success());
    rest
}

#[test]
fn topic_payload_and_names_may_begin_with_a_hyphen() {
    let arguments = ["-t", "-t/-1", "-m", "-5", "-u", "-me", "-P", "-secret"].map(OsStr::new);
    let will = ["--will-topic", "-t/w", "--will-payload", "-"].map(OsStr::new);
    let arrived = published(&[&arguments[..], &will].concat(), b"", "2");
    assert_eq!(arrived, "--t/-1 2d35\n");
}

#[test]
fn a_payload_on_the_command_line_may_be_no_text() {
    let arguments = ["-t", "-t/", "-m"].map(OsStr::new);
    let payload = OsStr::from_bytes(b"\xff\x01\xc3");
    assert_eq!(
        published(&[&arguments[..], &[payload]].concat(), b"", "2"),
        "--t/ ff01c3\n"
    );
}

#[test]
fn lines_of_standard_input_may_hold_any_bytes_but_a_line_feed() {
    let arguments = ["-t", "-t/", "-l"].map(OsStr::new);
    assert_eq!(
        published(&arguments, b"\xff\xfe\nx\0y\r\n\n-last", "5"),
        "--t/ fffe\n--t/ 7800790d\n--t/ \n--t/ 2d6c617374\n"
    );
}

#[test]
fn a_file_on_standard_input_may_hold_any_bytes() {
    let arguments = ["-t", "-t/", "-f", "-"].map(OsStr::new);
    assert_eq!(
        published(&arguments, b"\xff\n\0\r\n", "2"),
        "--t/ ff0a000d0a\n"
    );
}

#[test]
fn a_number_below_zero_is_refused_for_what_it_is() {
    let output = run(&["sub", "--port", "virtual://", "-t", "a", "-W", "-5"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("above 0"), "{output:?}");
}
