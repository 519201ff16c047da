//! `m531x record`, `--record`, `replay` and `virtual-modem --replay`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use support::{VirtualModem, m531x, printed, run, send, text};

const PASSWORD: &str = "hunter2-geheim";

fn arguments<'a>(port: &'a str, topic: &'a str) -> Vec<&'a str> {
    let mut all = vec![
        "pub", "--port", port, "--model", "M5311", "-i", "lamp", "-q", "1",
    ];
    all.extend([
        "-u",
        "me",
        "-P",
        PASSWORD,
        "-t",
        topic,
        "-m",
        "OK, says the payload",
    ]);
    all
}

/// A recorded publish.
fn recorded(folder: &Path) -> PathBuf {
    let path = folder.join("field.rec");
    let mut all = arguments("virtual://", "a/b");
    all.extend(["--record", path.to_str().unwrap()]);
    printed(&all);
    path
}

#[test]
fn what_was_recorded_at_work_is_replayed_without_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    assert!(!fs::read_to_string(&path).unwrap().contains(PASSWORD));
    let path = path.to_str().unwrap();
    let shown = printed(&["replay", path, "--wire"]);
    for part in [
        "? 2 connect",
        "= 2 ok",
        "event Connected",
        "> AT+MQTTPUB=\"a/b\",1",
        "< +MQTTPUBACK",
    ] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
    let quick = printed(&["replay", path, "--json"]);
    assert_eq!(
        quick,
        printed(&["replay", path, "--json", "--speed", "1000"])
    );
    let types: Vec<String> = quick
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|object| object["type"].as_str().unwrap().to_owned())
        .collect();
    for kind in ["request", "result", "event", "note"] {
        assert!(types.iter().any(|found| found == kind), "{kind}: {types:?}");
    }
}

#[test]
fn a_replay_that_differs_and_a_file_that_is_no_recording_are_failures() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let changed = fs::read_to_string(&path)
        .unwrap()
        .replace("> ATE0\\r", "> ATE1\\r");
    fs::write(&path, changed).unwrap();
    let output = run(&["replay", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("DIFFERENCE recorded: ATE1"),
        "{output:?}"
    );
    assert!(text(&output.stderr).contains("differs from the recording in 1 place"));
    let output = run(&["replay", "/etc/hostname"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("line 1: not a recording"),
        "{output:?}"
    );
}

#[test]
fn the_recorder_listens_until_it_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let mut recorder = m531x(&["record", "--port", "virtual://", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(recorder.stderr.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert!(line.starts_with("recording into "), "{line}");
    send("INT", &recorder);
    let mut summary = String::new();
    recorder
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut summary)
        .unwrap();
    assert!(recorder.wait().unwrap().success());
    assert!(
        summary.contains("lines, ") && summary.contains("field.rec"),
        "{summary}"
    );
    assert!(fs::read_to_string(&path).unwrap().contains("? 1 startup"));
}

#[test]
fn a_virtual_modem_plays_the_recorded_module_and_tells_what_is_different() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let log = folder.path().join("told");
    let module = VirtualModem::start_telling(
        &["--replay", path.to_str().unwrap()],
        fs::File::create(&log).unwrap(),
    );
    assert_eq!(module.broker, "none");
    printed(&arguments(&module.port, "a/b"));
    // The next host finds the recording at its beginning; another topic is another command.
    let mut other = arguments(&module.port, "a/c");
    other.extend(["--command-timeout", "2"]);
    let output = run(&other);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(module.stop("TERM").0, Some(0));
    let output = fs::read_to_string(&log).unwrap();
    let (recorded, sent) = output.split_once(", the host sent: ").unwrap();
    assert!(
        recorded.contains(": recorded: AT+MQTTPUB=\"a/b\""),
        "{output}"
    );
    assert!(sent.starts_with("AT+MQTTPUB=\"a/c\""), "{output}");
    assert!(recorded.starts_with("m531x: line "), "{output}");
}

#[test]
fn a_recording_and_faults_exclude_each_other() {
    let output = run(&["virtual-modem", "--replay", "x.rec", "--fault", "garbage"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["virtual-modem", "--replay", "/no/such.rec"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/no/such.rec"), "{output:?}");
}
