//! `~/.config/m531x`, `-o`, `-L`, `-d` and `--quiet`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::{VirtualModem, m531x, run, text};

/// Runs with this folder as that of the user's settings.
fn run_with_settings(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = m531x(arguments);
    command.env("XDG_CONFIG_HOME", folder).output().unwrap()
}

#[test]
fn a_file_for_both_commands_names_port_and_more_and_the_command_line_prevails() {
    let modem = VirtualModem::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let options = format!("# ours\n--port {}\n-q 1\n-t kept\n", modem.port);
    fs::write(folder.path().join("m531x"), options).unwrap();
    let published = run_with_settings(folder.path(), &["pub", "-m", "-5", "-r", "-t", "other"]);
    assert!(published.status.success(), "{published:?}");
    let published = run_with_settings(folder.path(), &["pub", "-m", "two words", "-r"]);
    assert!(published.status.success(), "{published:?}");
    let printed = run_with_settings(folder.path(), &["sub", "-C", "2", "-t", "other", "-v"]);
    assert_eq!(
        text(&printed.stdout),
        "kept two words\nother -5\n",
        "{printed:?}"
    );
}

#[test]
fn a_folder_has_a_file_for_each_command_and_another_file_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("m531x");
    fs::create_dir(&ours).unwrap();
    fs::write(ours.join("sub"), "--port virtual://\n-t a\n-W 0.5").unwrap();
    let output = run_with_settings(folder.path(), &["sub"]);
    assert_eq!(output.status.code(), Some(27), "{output:?}");
    let output = run_with_settings(folder.path(), &["pub", "-n"]);
    assert!(text(&output.stderr).contains("--port"), "{output:?}");
    let other = folder.path().join("other");
    fs::write(&other, "--port virtual://\n-t a\n-m x\n").unwrap();
    let output = run_with_settings(folder.path(), &["pub", "-o", other.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_file_that_is_missing_or_wrong_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("m531x"), "--prot virtual://\n").unwrap();
    let output = run_with_settings(folder.path(), &["sub", "-t", "a"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let file = folder.path().join("m531x").display().to_string();
    assert!(text(&output.stderr).contains(&file), "{output:?}");
    let output = run(&["sub", "-o", "/no/such/file", "-t", "a"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("/no/such/file"), "{output:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("options");
    fs::write(&file, "-v\nport /dev/ttyUSB0\n").unwrap();
    let output = run(&["sub", "-o", file.to_str().unwrap(), "-t", "a"]);
    assert!(text(&output.stderr).contains("line 2"), "{output:?}");
}

#[test]
fn an_address_in_one_word_shows_its_password_nowhere() {
    for address in [
        "mqtt://me:hunter2@",
        "mqtt://me:hunter2@h:hunter2/t",
        "hunter2",
    ] {
        let output = run(&[
            "pub",
            "--port",
            "virtual://",
            "-L",
            address,
            "-t",
            "a",
            "-n",
        ]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!text(&output.stderr).contains("hunter2"), "{output:?}");
    }
    let arguments = ["pub", "--port", "virtual://", "-d", "-n"];
    let address = ["-L", "mqtt://me:hunter2@broker:99/a/b"];
    let output = run(&[&arguments[..], &address].concat());
    assert!(output.status.success(), "{output:?}");
    let shown = text(&output.stderr);
    assert!(!shown.contains("hunter2"), "{shown}");
    for part in [
        r#""broker",99"#,
        r#""me""#,
        r#"> AT+MQTTPUB="a/b""#,
        "< OK",
        "> AT+MQTTDISC",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_quiet_command_speaks_by_its_exit_code_alone() {
    let output = run(&[
        "pub",
        "--port",
        "/dev/no-such-port",
        "-t",
        "a",
        "-n",
        "--quiet",
    ]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stderr), "");
}
