//! The same arguments to `mosquitto_sub` and `m531x sub`, and to `mosquitto_pub` and `m531x pub`, at one
//! mosquitto: output and exit code are the same.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use m531x_test_support::mosquitto::Mosquitto;
use m531x_test_support::mosquitto_tools::{Subscriber, publish as publish_some};
use support::{VirtualModem, m531x, run, text, until};

/// What a subscriber gets: topic, payload, QoS, and whether the broker has kept it before.
type Sent = (&'static str, &'static [u8], u8, bool);

/// How two outputs are compared.
#[derive(Clone, Copy)]
enum Compared {
    Exactly,
    /// Times: every digit is as good as another.
    Shape,
    /// JSON: ours has more keys, and the times differ.
    Json,
}
use Compared::{Exactly, Json, Shape};

struct Case {
    arguments: &'static [&'static str],
    sent: &'static [Sent],
    compared: Compared,
    code: i32,
}

const fn case(arguments: &'static [&'static str], sent: &'static [Sent], code: i32) -> Case {
    Case {
        arguments,
        sent,
        compared: Exactly,
        code,
    }
}

const fn compared(
    arguments: &'static [&'static str],
    sent: &'static [Sent],
    how: Compared,
) -> Case {
    Case {
        arguments,
        sent,
        compared: how,
        code: 0,
    }
}

const ONE: &[Sent] = &[("a/1", b"21.5", 0, false)];
const TWO: &[Sent] = &[("a/1", b"on", 1, false), ("a/b", b"x \xff\x01\n", 0, false)];
const EMPTY: &[Sent] = &[("a/1", b"", 0, false)];
const KEPT: &[Sent] = &[("a/1", b"kept", 1, true), ("a/2", b"live", 0, false)];
const OBJECT: &[Sent] = &[("a/1", br#"{"t": 27, "on": true}"#, 1, false)];

/// The arguments behind the broker's address, what is sent, and how both end.
const SUB: &[Case] = &[
    case(&["-t", "a/#", "-C", "2", "-q", "1"], TWO, 0),
    case(&["-t", "a/#", "-C", "2", "-v"], TWO, 0),
    case(&["-v", "-t", "a/1", "-t", "a/b", "-C", "2", "-v"], TWO, 0),
    case(&["-t", "a/1", "-C", "1"], EMPTY, 0),
    case(&["-t", "a/1", "-C", "1", "-v"], EMPTY, 0),
    case(&["-t", "a/1", "-C", "1", "-v", "-N"], EMPTY, 0),
    case(&["-t", "a/#", "-C", "2", "-N"], TWO, 0),
    case(
        &[
            "-t",
            "a/#",
            "-C",
            "2",
            "-q",
            "2",
            "-F",
            "%t|%p|%x|%X|%l|%q|%r|%m",
        ],
        TWO,
        0,
    ),
    case(
        &[
            "-t",
            "a/1",
            "-C",
            "1",
            "-F",
            "-%6l|%-6l|%06l|%8t|%-8t|%.1t|%5.2t|%A%R%3E|",
        ],
        ONE,
        0,
    ),
    case(
        &[
            "-t",
            "a/1",
            "-C",
            "1",
            "-F",
            "%6x|%-12X|%012x|%3p|%9p|%-9p|%09p",
        ],
        ONE,
        0,
    ),
    case(
        &["-t", "a/1", "-C", "1", "-F", r"%%@@\\\t\a\e\v\r\n\0", "-N"],
        ONE,
        0,
    ),
    compared(
        &[
            "-t",
            "a/1",
            "-C",
            "1",
            "-F",
            "%I|%30I|%U|@Y-@m-@dT@H:@M:@S.@N @z",
        ],
        ONE,
        Shape,
    ),
    compared(&["-t", "a/1", "-C", "1", "-q", "1", "-F", "%j"], ONE, Json),
    compared(
        &["-t", "a/1", "-C", "1", "-q", "1", "-F", "%j"],
        OBJECT,
        Json,
    ),
    compared(
        &["-t", "a/1", "-C", "1", "-q", "1", "-F", "%J"],
        OBJECT,
        Json,
    ),
    compared(
        &["-t", "a/1", "-C", "1", "-F", "%j", "--pretty"],
        OBJECT,
        Json,
    ),
    case(
        &["-t", "a/1", "-C", "1", "-F", "%J|"],
        &[("a/1", b"{", 0, false)],
        0,
    ),
    case(&["-t", "a/#", "-C", "1", "-R"], KEPT, 0),
    case(
        &["-t", "a/#", "-C", "2", "-q", "1", "-F", "%p %r %q"],
        KEPT,
        0,
    ),
    case(&["-t", "a/#", "--retained-only"], KEPT, 0),
    case(&["-t", "a/#", "--remove-retained", "-W", "3"], KEPT, 27),
    case(&["-t", "a/#", "-T", "a/1", "-C", "1"], TWO, 0),
    case(
        &["-t", "a/#", "-T", "+/1", "-T", "b", "-C", "1", "-v"],
        TWO,
        0,
    ),
    case(&["-t", "a/1", "-W", "2"], &[], 27),
    case(&["-t", "a/1", "-W", "2", "-C", "1"], &[], 27),
    case(&["-t", "a/1", "-W", "3"], ONE, 27),
    case(&["-t", "a/1", "-W", "2", "--quiet"], &[], 27),
    case(&["-t", "a/1", "-E"], &[], 0),
    case(
        &["-t", "a/1", "-t", "a/2", "-E", "-c", "-i", "-meter"],
        &[],
        0,
    ),
    case(
        &["-t", "a/2", "-U", "a/1", "-E", "-c", "-i", "-meter"],
        &[],
        0,
    ),
    case(
        &[
            "-t", "a/1", "-C", "1", "-i", "meter", "-k", "60", "-V", "mqttv311",
        ],
        ONE,
        0,
    ),
    case(
        &["-t", "a/1", "-C", "1", "-I", "meter-", "-V", "311"],
        ONE,
        0,
    ),
    case(
        &["-L", "mqtt://127.0.0.1:PORT/a/1", "-C", "1", "-v"],
        ONE,
        0,
    ),
    case(
        &[
            "-L",
            "mqtt://me:secret@127.0.0.1:PORT/a/1",
            "-t",
            "a/b",
            "-C",
            "2",
        ],
        TWO,
        0,
    ),
    case(&["-t", "$SYS/broker/version", "-C", "1", "-v"], &[], 0),
];

/// The arguments behind the broker's address, standard input, and the exit code.
const PUB: &[(&[&str], &[u8], i32)] = &[
    (&["-t", "a/1", "-m", "21.5"], b"", 0),
    (&["-t", "a/1", "-m", "-5", "-q", "1"], b"", 0),
    (&["-t", "-a/1", "-m", "-m", "-q", "2", "-i", "-i"], b"", 0),
    (&["-t", "a/1", "-m", ""], b"", 0),
    (&["-t", "a/0", "-t", "a/1", "-m", "x"], b"", 0),
    (&["-t", "a/1", "-n"], b"", 0),
    (&["-t", "a/1", "-m", "kept", "-r", "-q", "1"], b"", 0),
    (&["-t", "a/1", "-n", "-r", "-q", "1"], b"", 0),
    (&["-t", "a/1", "-s"], b"any \xff\r\nbytes\n", 0),
    (&["-t", "a/1", "-f", "FILE", "-q", "1"], b"", 0),
    (&["-t", "a/1", "-l"], b"one\r\n\ntwo\nthree", 0),
    (&["-t", "a/1", "-l", "-q", "1"], b"\xff\xfe\n-1\n", 0),
    (&["-t", "a/1", "-l", "-q", "2"], b"", 0),
    (
        &["-t", "a/1", "-m", "x", "--repeat", "3", "-q", "1"],
        b"",
        0,
    ),
    (
        &[
            "-t",
            "a/1",
            "-m",
            "x",
            "--repeat",
            "2",
            "--repeat-delay",
            "0.1",
        ],
        b"",
        0,
    ),
    (&["-t", "a/1", "-s", "--repeat", "2"], b"x", 0),
    (&["-L", "mqtt://127.0.0.1:PORT/a/1", "-m", "x"], b"", 0),
    (
        &["-t", "a/1", "-m", "x", "-c", "-i", "meter", "-k", "60"],
        b"",
        0,
    ),
    (
        &["-t", "a/1", "-m", "x", "-I", "meter-", "-V", "mqttv311"],
        b"",
        0,
    ),
    (
        &[
            "-t", "a/1", "-m", "x", "-u", "me", "-P", "-secret", "--quiet",
        ],
        b"",
        0,
    ),
    (
        &[
            "-t",
            "a/1",
            "-m",
            "x",
            "--will-topic",
            "a/w",
            "--will-payload",
            "-",
            "--will-qos",
            "1",
            "--will-retain",
        ],
        b"",
        0,
    ),
    (&["-t", "a/1", "-f", "/no/such/file"], b"", 1),
];

/// Publishes with `mosquitto_pub`, which takes no empty payload on standard input.
fn publish(broker: &Mosquitto, topic: &str, payload: &[u8], qos: u8, more: &[&str]) {
    if !payload.is_empty() {
        return publish_some(broker.address(), topic, payload, qos, more);
    }
    let (port, qos) = (broker.port().to_string(), qos.to_string());
    let status = Command::new("mosquitto_pub")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-t",
            topic,
            "-q",
            &qos,
            "-n",
        ])
        .args(more)
        .status();
    assert!(status.unwrap().success());
}

/// Broker and module; `None` with a note where mosquitto is not installed.
fn peers() -> Option<(Mosquitto, VirtualModem)> {
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    for tool in ["mosquitto", "mosquitto_sub", "mosquitto_pub"] {
        let there = path
            .split(':')
            .any(|folder| fs::exists(format!("{folder}/{tool}")).unwrap());
        if !there {
            eprintln!("SKIPPED: {tool} is missing; `make test-rust` installs mosquitto");
            return None;
        }
    }
    let broker =
        Mosquitto::with_settings("allow_anonymous true\nlog_type all\n", |_| String::new());
    Some((broker, VirtualModem::start(&["--broker", "cfg"])))
}

/// One of the two tools with these arguments at the broker.
fn tool(name: &str, arguments: &[&str], broker: &Mosquitto, modem: &VirtualModem) -> Command {
    let port = broker.port().to_string();
    let file = broker.directory.path().join("payload");
    fs::write(&file, b"\0a file\xff\n").unwrap();
    let (verb, ours) = match name.strip_prefix("m531x ") {
        Some(verb) => (verb, true),
        None => (name, false),
    };
    let mut command = if ours {
        let mut command = m531x(&[verb]);
        command.env("M531X_PORT", &modem.port);
        command
    } else {
        Command::new(verb)
    };
    // mosquitto's tools take the last of several, ours too.
    command.args(["-h", "127.0.0.1", "-p", &port]);
    if name.ends_with("sub") {
        // A case that would not end fails instead.
        command.args(["-W", "20"]);
    }
    for argument in arguments {
        command.arg(match *argument {
            "FILE" => file.to_str().unwrap().to_owned(),
            argument => argument.replace("PORT", &port),
        });
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn subscribed(name: &str, case: &Case, broker: &Mosquitto, modem: &VirtualModem) -> Output {
    let log = broker.directory.path().join("log");
    let acknowledged = || {
        let log = fs::read(&log).unwrap();
        String::from_utf8_lossy(&log)
            .matches("Sending SUBACK")
            .count()
    };
    let send = |kept: bool| {
        for (topic, payload, qos, retain) in case.sent.iter().filter(|sent| sent.3 == kept) {
            let retain: &[&str] = if *retain { &["-r"] } else { &[] };
            publish(broker, topic, payload, *qos, retain);
        }
    };
    send(true);
    let before = acknowledged();
    // One packet for each filter, or for all.
    let filters = match name {
        "m531x sub" => case
            .arguments
            .iter()
            .filter(|it| ["-t", "-L"].contains(it))
            .count(),
        _ => 1,
    };
    let mut child = tool(name, case.arguments, broker, modem).spawn().unwrap();
    if case.sent.iter().any(|sent| !sent.3) {
        until(|| acknowledged() >= before + filters || child.try_wait().unwrap().is_some());
        send(false);
    }
    let output = child.wait_with_output().unwrap();
    for (topic, ..) in case.sent.iter().filter(|sent| sent.3) {
        publish(broker, topic, b"", 1, &["-r"]);
    }
    output
}

/// What is compared of an output.
fn essence(output: &Output, how: Compared) -> String {
    let shown = output.stdout.escape_ascii().to_string();
    match how {
        Exactly => shown,
        Shape => shown.replace(|char: char| char.is_ascii_digit(), "9"),
        Json => {
            let json: serde_json::Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|error| panic!("{error}: {shown}"));
            let time = json["tst"].as_str().unwrap();
            let time = time.replace(|char: char| char.is_ascii_digit(), "9");
            let keys = ["topic", "qos", "retain", "payloadlen", "mid", "payload"];
            let values = keys.map(|key| format!("{key}: {}", json[key]));
            format!("{time} {}", values.join(", "))
        }
    }
}

#[test]
fn subscribers_print_and_end_alike() {
    let Some((broker, modem)) = peers() else {
        return;
    };
    for case in SUB {
        let theirs = subscribed("mosquitto_sub", case, &broker, &modem);
        let ours = subscribed("m531x sub", case, &broker, &modem);
        let arguments = case.arguments;
        assert_eq!(
            theirs.status.code(),
            Some(case.code),
            "{arguments:?}: {theirs:?}"
        );
        assert_eq!(
            ours.status.code(),
            Some(case.code),
            "{arguments:?}: {ours:?}"
        );
        assert_eq!(
            essence(&ours, case.compared),
            essence(&theirs, case.compared),
            "{arguments:?}: {ours:?}"
        );
        if arguments.contains(&"--quiet") {
            assert_eq!(text(&ours.stderr), "", "{arguments:?}");
        }
    }
}

#[test]
fn publishers_publish_and_end_alike() {
    let Some((broker, modem)) = peers() else {
        return;
    };
    for (arguments, input, code) in PUB {
        let published = |name: &str| {
            let mut subscriber = Subscriber::start(broker.address(), "#", 2, &[]);
            let mut child = tool(name, arguments, &broker, &modem).spawn().unwrap();
            // One that reads nothing may have ended.
            let _ = child.stdin.take().unwrap().write_all(input);
            let output = child.wait_with_output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(*code),
                "{name} {arguments:?}: {output:?}"
            );
            assert_eq!(text(&output.stdout), "", "{name} {arguments:?}");
            publish(&broker, "end", b"end", 0, &[]);
            let mut messages = Vec::new();
            loop {
                let message = subscriber.message();
                if message.topic == "end" {
                    break;
                }
                // Of an earlier run.
                if !message.retain {
                    messages.push(format!("{message:?}"));
                }
            }
            messages.join("\n")
        };
        assert_eq!(
            published("m531x pub"),
            published("mosquitto_pub"),
            "{arguments:?}"
        );
    }
}

#[test]
fn kept_messages_are_removed() {
    let Some((broker, modem)) = peers() else {
        return;
    };
    publish(&broker, "a/1", b"kept", 1, &["-r"]);
    let remove = ["-t", "a/#", "--remove-retained", "-C", "1"];
    let output = tool("m531x sub", &remove, &broker, &modem)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let look = ["-t", "a/#", "--retained-only", "-W", "1"];
    let output = tool("mosquitto_sub", &look, &broker, &modem)
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(27), String::new())
    );
}

#[test]
fn what_a_module_cannot_do_is_refused_in_one_line() {
    for refused in [
        &["-A", "192.0.2.1"][..],
        &["-D", "connect", "user-property", "a"],
        &["-x", "60"],
        &["-M", "20"],
        &["-S"],
        &["--unix", "/run/mosquitto"],
        &["--nodelay"],
        &["--proxy", "socks5h://proxy"],
        &["--cafile", "ca.pem"],
        &["--capath", "/etc/ssl"],
        &["--cert", "c.pem"],
        &["--key", "k.pem"],
        &["--ciphers", "all"],
        &["--tls-version", "tlsv1.2"],
        &["--tls-alpn", "mqtt"],
        &["--tls-use-os-certs"],
        &["--insecure"],
        &["--psk", "00"],
        &["--psk-identity", "me"],
    ] {
        for command in [&["sub"][..], &["pub", "-m", "x"]] {
            let port = ["--port", "/dev/no-such-port", "-t", "a"];
            let output = run(&[command, &port, refused].concat());
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{refused:?}: {errors}");
            assert_eq!(errors.lines().count(), 1, "{refused:?}: {errors}");
            assert!(
                errors.starts_with(&format!("m531x: {}: ", refused[0])),
                "{errors}"
            );
        }
    }
    for version in ["mqttv5", "mqttv31"] {
        let output = run(&["sub", "--port", "virtual://", "-t", "a", "-V", version]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("3.1.1 only"), "{output:?}");
    }
}

#[test]
fn a_tcp_port_as_the_modules_port_is_pointed_to_its_option() {
    let output = run(&["sub", "--port", "1883", "-t", "a"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("-p 1883"), "{output:?}");
}
