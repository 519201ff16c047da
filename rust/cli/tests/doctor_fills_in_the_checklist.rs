//! `m531x doctor --self-test`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;

use support::{VirtualModem, printed, run, text};

fn checklist(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let mut all = vec!["doctor", "--self-test", "--json"];
    all.extend(arguments);
    let output = run(&all);
    let shown = text(&output.stdout);
    let read = serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), read)
}

/// Verdict and text of the step with this number.
fn step(read: &serde_json::Value, number: usize) -> (&str, &str) {
    let step = &read["steps"][number - 1];
    assert_eq!(step["number"], number);
    (
        step["verdict"].as_str().unwrap(),
        step["text"].as_str().unwrap(),
    )
}

#[test]
fn its_steps_are_those_of_the_page() {
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/windows-checklist.md"
    );
    let page = fs::read_to_string(page).unwrap();
    let on_the_page: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .map(|line| line.split(" | ").nth(1).unwrap())
        .collect();
    let (_, read) = checklist(&[]);
    let steps = read["steps"].as_array().unwrap();
    let asked_for: Vec<&str> = steps
        .iter()
        .map(|step| step["do"].as_str().unwrap())
        .collect();
    assert_eq!(asked_for, on_the_page);
}

#[test]
fn without_a_port_it_tries_what_needs_no_adapter() {
    let (code, read) = checklist(&[]);
    assert_eq!(code, Some(0), "{read}");
    assert_eq!(step(&read, 1).0, "passed", "{read}");
    assert_eq!(step(&read, 2).0, "passed", "{read}");
    assert!(step(&read, 2).1.starts_with("+CSQ"), "{read}");
    assert!(
        step(&read, 3).1.starts_with("a wait ends at once"),
        "{read}"
    );
    for number in [5, 6, 8] {
        assert_eq!(step(&read, number), ("by hand", "give --port to try it"));
    }
    assert!(read["system"].as_str().unwrap().starts_with("Linux "));
    let table = printed(&["doctor", "--self-test"]);
    assert!(table.starts_with("| # | do | result |\n|--:|---|---|\n| 1 | `m531x demo` | passed: "));
    assert!(
        table.contains("\n| passed | 1, 2 |\n| failed |  |\n"),
        "{table}"
    );
}

#[test]
fn with_a_port_it_tries_module_exclusive_use_and_speeds() {
    let module = VirtualModem::start(&["--model", "M5311"]);
    let broker = module.broker.clone();
    let (code, read) = checklist(&["--port", &module.port, "--broker", &broker]);
    assert_eq!(code, Some(0), "{read}");
    assert_eq!(step(&read, 5).0, "passed", "{read}");
    assert!(step(&read, 5).1.starts_with("M5311"), "{read}");
    assert_eq!(step(&read, 6).0, "passed", "{read}");
    assert!(step(&read, 6).1.contains("in use"), "{read}");
    assert_eq!(step(&read, 8), ("passed", "115200: answers; 9600: answers"));
    assert!(step(&read, 9).1.contains("came back after"), "{read}");
    assert!(read["module"].as_str().unwrap().starts_with("M5311"));
}

#[test]
fn what_fails_is_in_the_table_and_in_the_exit_code() {
    let output = run(&["doctor", "--self-test", "--port", "/dev/no-such-port"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let table = text(&output.stdout);
    assert!(table.contains("\n| failed | 5, 6, 8 |\n"), "{table}");
    assert!(text(&output.stderr).contains("failed steps: 5, 6, 8"));
    let output = run(&["doctor"]);
    assert_eq!(output.status.code(), Some(2), "a port is needed otherwise");
}
