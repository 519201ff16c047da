//! `mosquitto_pub` and `m531x pub`.

use std::io::Write;

use m531x_test_support::mosquitto_tools::Subscriber;

use super::{peers, publish, tool};
use crate::support::text;

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
