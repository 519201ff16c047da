//! However the password is given, and whatever goes wrong, it is not printed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;

use support::{m531x, run, run_with_input, text};

const PASSWORD: &str = "Zq7vTr9Kx2mPw4Ls";

fn check(output: &Output, context: &str) -> String {
    let printed = text(&output.stdout) + &text(&output.stderr);
    let squeezed: String = printed.split_whitespace().collect();
    for piece in PASSWORD.as_bytes().windows(6) {
        let piece = String::from_utf8_lossy(piece);
        assert!(!squeezed.contains(&*piece), "{context}: {printed}");
    }
    printed
}

fn publish(more: &[&str]) -> Vec<String> {
    let base = [
        "pub",
        "--port",
        "virtual://",
        "-h",
        "broker",
        "-t",
        "t",
        "-m",
        "x",
        "-u",
        "u",
    ];
    base.iter().chain(more).map(ToString::to_string).collect()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn a_password_comes_by_option_environment_file_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\nsecond line\n")).unwrap();
    let file = file.to_str().unwrap();

    let by_option = run(&borrowed(&publish(&["-P", PASSWORD])));
    let by_environment = m531x(&borrowed(&publish(&[])))
        .env("M531X_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    let by_file = m531x(&borrowed(&publish(&["--password-file", file])))
        .env("M531X_PASSWORD", "the file wins")
        .output()
        .unwrap();
    let by_input = run_with_input(
        &borrowed(&publish(&["--password-file", "-"])),
        &format!("{PASSWORD}\n"),
    );
    for (output, how) in [
        (by_option, "option"),
        (by_environment, "environment"),
        (by_file, "file"),
        (by_input, "standard input"),
    ] {
        assert!(output.status.success(), "{how}: {output:?}");
        check(&output, how);
    }
}

#[test]
fn a_password_file_that_is_not_there_is_named() {
    let output = run(&borrowed(&publish(&["--password-file", "/no/such/file"])));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/no/such/file"), "{output:?}");
}

#[test]
fn failures_show_no_password() {
    for (arguments, code) in [
        (publish(&["-P", &format!("{PASSWORD}\"")]), 2),
        (publish(&["-P", &PASSWORD.repeat(99)]), 2),
        (publish(&["-P", PASSWORD, "--no-such-option"]), 2),
        (publish(&["-P", PASSWORD, "-q", "7"]), 2),
        (publish(&["-P", PASSWORD, "--help"]), 0),
    ] {
        let output = run(&borrowed(&arguments));
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        check(&output, &arguments.join(" ").replace(PASSWORD, "***"));
    }
    let help = m531x(&["pub", "--help"])
        .env("M531X_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(check(&help, "help").contains("M531X_PASSWORD"));
}

/// A module that shows the password when it is asked for its configuration, as some do.
fn talkative_module() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        while stream.read_exact(&mut byte).is_ok() {
            line.extend_from_slice(&byte);
            if byte != *b"\r" {
                continue;
            }
            let answer = match &line[..] {
                b"AT+MQTTCFG?\r" => {
                    format!("\r\n+MQTTCFG: \"h\",1883,\"c\",60,\"u\",\"{PASSWORD}\",1\r\n")
                }
                b"AT+CGMM\r" => "\r\nM5311\r\n".to_owned(),
                _ => String::new(),
            };
            let echo = text(&line);
            if stream
                .write_all(format!("{echo}{answer}\r\nOK\r\n").as_bytes())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    });
    format!("tcp://{address}")
}

#[test]
fn commands_and_read_backs_are_printed_without_it() {
    let configuration = format!("AT+MQTTCFG=\"h\",1883,\"c\",60,\"u\",\"{PASSWORD}\",1");
    for json in [None, Some("--json")] {
        let port = talkative_module();
        let base = ["at", "--port", &port, "--model", "M5311"];
        let pin = format!("AT+CPIN=\"{PASSWORD}\"");
        let commands = [configuration.as_str(), &pin, "AT+MQTTCFG?"];
        let arguments: Vec<&str> = base.into_iter().chain(json).chain(commands).collect();
        let output = run(&arguments);
        assert!(output.status.success(), "{output:?}");
        let printed = check(&output, "at");
        assert!(printed.contains("***"), "{printed}");
    }
}

#[test]
fn the_console_shows_none_as_text_or_in_hex() {
    let configuration = format!("AT+MQTTCFG=\"h\",1883,\"c\",60,\"u\",\"{PASSWORD}\",1");
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("talk.rec");
    let input = format!(
        ":record {}\n{configuration}\n{configuration},x\nAT+CPIN={PASSWORD}\nAT+MQTTCFG?\n:hex\nAT+MQTTCFG?\n:record\n",
        recording.display()
    );
    let port = talkative_module();
    let output = run_with_input(&["console", "--port", &port, "--model", "M5311"], &input);
    let printed = check(&output, "console").to_ascii_lowercase();
    let squeezed: String = printed.split_whitespace().collect();
    let digits = m531x_at::hex::encode(&PASSWORD.as_bytes()[..6]).to_ascii_lowercase();
    assert!(!squeezed.contains(&digits), "{printed}");
    assert!(printed.contains("***"), "{printed}");
    let recorded = std::fs::read_to_string(recording).unwrap();
    assert!(recorded.contains("MQTTCFG"), "{recorded}");
    assert!(!recorded.contains(&PASSWORD[..6]), "{recorded}");
}

#[test]
fn a_host_with_a_password_in_it_is_refused_and_not_printed() {
    for host in [
        format!("mqtt://me:{PASSWORD}@broker"),
        format!("me:{PASSWORD}@broker"),
        format!("{PASSWORD}:1883"),
        format!("{PASSWORD}/path"),
    ] {
        let output = run(&[
            "pub",
            "--port",
            "virtual://",
            "-h",
            &host,
            "-t",
            "t",
            "-m",
            "x",
        ]);
        assert!(!output.status.success(), "{host}");
        let printed = check(&output, &host);
        assert!(printed.contains("host holds a"), "{printed}");
    }
}
