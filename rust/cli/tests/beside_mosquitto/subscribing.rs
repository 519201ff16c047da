//! `mosquitto_sub` and `m531x sub`.

use std::fs;
use std::process::Output;

use m531x_test_support::mosquitto::Mosquitto;

use super::{peers, publish, tool};
use crate::support::{VirtualModem, text, until};

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
