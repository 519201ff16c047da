//! `m531x generate`, `m531x monitor`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

use support::{VirtualModem, m531x, printed, run, send, text};

#[test]
fn every_command_has_a_manual_page_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["generate", folder.path().to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let page = |name: &str| fs::read_to_string(folder.path().join("man").join(name)).unwrap();
    for command in [
        "at",
        "console",
        "doctor",
        "monitor",
        "ports",
        "pub",
        "sub",
        "virtual-modem",
    ] {
        assert!(
            page(&format!("m531x-{command}.1")).contains(".TH"),
            "{command}"
        );
        assert!(
            page("m531x.1").contains(&command.replace('-', "\\-")),
            "{command}"
        );
    }
    assert!(page("m531x-pub.1").contains("repeat"));
    let hidden = folder.path().join("man/m531x-generate.1");
    assert!(!hidden.exists());
    for completion in ["m531x.bash", "_m531x", "m531x.fish"] {
        let completion = folder.path().join("completions").join(completion);
        let completion = fs::read_to_string(completion).unwrap();
        assert!(completion.contains("remove-retained"), "{completion}");
    }
}

/// A wheel is built before there is a command that could write them. `WRITE_MANUALS=1` writes them anew.
#[test]
fn the_manual_pages_of_the_wheel_are_those_of_the_command() {
    let of_wheel =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/wheel/data/share/man/man1");
    let folder = tempfile::tempdir().unwrap();
    run(&["generate", folder.path().to_str().unwrap()]);
    let pages = folder.path().join("man");
    if std::env::var_os("WRITE_MANUALS").is_some() {
        fs::remove_dir_all(&of_wheel).unwrap();
        fs::create_dir(&of_wheel).unwrap();
        for (name, page) in files(&pages) {
            fs::write(of_wheel.join(name), page).unwrap();
        }
    }
    assert!(files(&of_wheel) == files(&pages), "run make manuals");
}

fn files(folder: &Path) -> BTreeMap<OsString, String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name(), fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

#[test]
fn a_monitor_shows_signal_registration_and_cell_and_ctrl_c_ends_it_with_the_summary() {
    let modem = VirtualModem::start(&["--fault", "signal=15"]);
    let mut monitor = m531x(&["monitor", "--port", &modem.port, "--interval", "0.1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(monitor.stdout.take().unwrap());
    for _ in 0..3 {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        for part in [" -83 dBm", "###", "registered", "cell 27447553"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    send("INT", &monitor);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("signal: -83 to -83 dBm"), "{rest}");
    assert!(rest.contains("  -51 |\n"), "{rest}");
    assert_eq!(monitor.wait().unwrap().code(), Some(0));
}

#[test]
fn a_monitor_prints_json_for_a_limited_time() {
    let monitor = ["monitor", "--port", "virtual://", "--json", "-W", "0.5"];
    let shown = printed(&[&monitor[..], &["--interval", "0.2"]].concat());
    for line in shown.lines() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["registration"], 1, "{line}");
    }
    assert!(shown.lines().count() > 1, "{shown}");
}

#[test]
fn a_list_of_ports_has_no_tab_at_the_end_of_a_line() {
    let list = text(&run(&["ports"]).stdout);
    for line in list.lines() {
        assert_eq!(line.trim_end(), line);
    }
}
