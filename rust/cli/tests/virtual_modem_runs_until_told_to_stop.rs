//! `m531x virtual-modem` as a program to test against.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::net::SocketAddr;
use std::path::Path;

use support::{VirtualModem, printed, run, text};

#[test]
fn it_says_where_it_is_and_removes_its_link_when_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let link = folder.path().join(signal);
        let link = link.to_str().unwrap();
        let modem = VirtualModem::start(&["--link", link]);
        assert_eq!(modem.port, link);
        assert!(modem.broker.starts_with("127.0.0.1:"), "{}", modem.broker);
        assert!(Path::new(link).exists());
        assert_eq!(modem.stop(signal), (Some(0), String::new()));
        assert!(Path::new(link).symlink_metadata().is_err());
    }
}

#[test]
fn a_second_modem_on_the_same_link_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let link = link.to_str().unwrap();
    let first = VirtualModem::start(&["--link", link]);
    let second = run(&["virtual-modem", "--link", link]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains(link), "{second:?}");
    assert_eq!(printed(&["at", "--port", &first.port, "AT"]), "OK\n");
}

/// Its TCP address, its broker's, and what it said on standard error.
fn listening(tcp: &str) -> (SocketAddr, SocketAddr, String) {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("errors");
    let file = std::fs::File::create(&errors).unwrap();
    let modem = VirtualModem::start_telling(&["--tcp", tcp], file);
    let address = modem.port.strip_prefix("tcp://").unwrap().parse().unwrap();
    let broker = modem.broker.parse().unwrap();
    assert_eq!(modem.stop("TERM").0, Some(0));
    (address, broker, std::fs::read_to_string(errors).unwrap())
}

#[test]
fn a_tcp_port_is_on_loopback_unless_told_otherwise_and_then_there_is_a_warning() {
    for tcp in ["0", ":0", "127.0.0.1:0", "localhost:0"] {
        let (address, broker, said) = listening(tcp);
        assert!(address.ip().is_loopback(), "{tcp}: {address}");
        assert!(broker.ip().is_loopback(), "{tcp}: {broker}");
        assert_eq!(said, "", "{tcp}");
    }
    let (address, broker, said) = listening("0.0.0.0:0");
    assert!(address.ip().is_unspecified(), "{address}");
    assert!(broker.ip().is_loopback(), "{broker}");
    let expected = format!("m531x: warning: every host that reaches tcp://{address} can use ");
    assert!(said.starts_with(&expected), "{said}");
    let wrong = run(&["virtual-modem", "--tcp", "here"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn it_can_listen_on_tcp() {
    let modem = VirtualModem::start(&["--model", "M5311", "--tcp", "127.0.0.1:0"]);
    assert!(modem.port.starts_with("tcp://127.0.0.1:"), "{}", modem.port);
    assert_eq!(
        printed(&["at", "--port", &modem.port, "AT+CGMM"]),
        "M5311\nOK\n"
    );
}

#[test]
fn several_have_numbered_links_on_one_broker_and_none_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let link = link.to_str().unwrap();
    let modem = VirtualModem::start(&["--count", "3", "--link", link]);
    assert_eq!(modem.port, format!("{link}0"));
    let message = |number: u8| {
        let port = format!("{link}{number}");
        let topic = format!("side/{number}");
        let pair = [
            "-t",
            topic.as_str(),
            "-q",
            "1",
            "-i",
            topic.as_str(),
            "-h",
            "broker.example",
        ];
        let to_all = [
            &["pub", "--port", &port, "-r", "-m", &topic],
            pair.as_slice(),
        ]
        .concat();
        thread_of(&to_all)
    };
    for publisher in (0..3).map(message) {
        publisher.join().unwrap();
    }
    // The last module receives what all three have published: they share the broker.
    let port = format!("{link}2");
    let mut received: Vec<String> = printed(&[
        "sub",
        "--port",
        &port,
        "-h",
        "broker.example",
        "-t",
        "side/+",
        "-C",
        "3",
        "-W",
        "60",
    ])
    .lines()
    .map(str::to_owned)
    .collect();
    received.sort();
    assert_eq!(received, ["side/0", "side/1", "side/2"]);
    let (code, rest) = modem.stop("TERM");
    assert_eq!(code, Some(0));
    assert_eq!(rest, format!("port: {link}1\nport: {link}2\n"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Runs the command side by side with others.
fn thread_of(arguments: &[&str]) -> std::thread::JoinHandle<()> {
    let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
    std::thread::spawn(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        printed(&arguments);
    })
}

#[test]
fn several_on_tcp_have_ports_in_a_row_or_free_ones() {
    // As long as another program takes no port of the row in between.
    let row = (0..20).find_map(|_| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let first = free.local_addr().unwrap().port();
        drop(free);
        let output = started(&["--count", "3", "--tcp", &first.to_string()])?;
        let port = |number| format!("port: tcp://127.0.0.1:{}", first + number);
        Some((output, [port(0), port(1), port(2)]))
    });
    let (output, expected) = row.unwrap();
    assert_eq!(output, expected);
    let free = started(&["--count", "3", "--tcp", "0"]).unwrap();
    let different: std::collections::HashSet<&String> = free.iter().collect();
    assert_eq!(different.len(), 3);
}

/// The ports of the modems, if they could start.
fn started(arguments: &[&str]) -> Option<Vec<String>> {
    use std::io::BufRead;
    let mut child = support::m531x(&["virtual-modem"])
        .args(arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    let lines: Vec<String> = output.lines().take(4).map(Result::unwrap).collect();
    support::send("TERM", &child);
    let ended = child.wait().unwrap();
    (lines.len() == 4 && ended.success()).then(|| lines[1..].to_vec())
}

#[test]
fn a_link_that_is_taken_ends_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let link = link.to_str().unwrap();
    let taken = format!("{link}1");
    let _one = VirtualModem::start(&["--link", &taken]);
    let several = run(&["virtual-modem", "--count", "3", "--link", link]);
    assert_eq!(several.status.code(), Some(1));
    assert!(text(&several.stderr).contains(&taken), "{several:?}");
    assert!(Path::new(&format!("{link}0")).symlink_metadata().is_err());
}

#[test]
fn its_firmware_can_be_chosen() {
    let numbers: Vec<String> = ["vendor", "manual"]
        .map(|firmware| {
            let modem = VirtualModem::start(&["--firmware", firmware, "--fault", "late-disc=off"]);
            let commands = [
                r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#,
                "AT+MQTTOPEN=0,0,0",
                "AT+MQTTDISC",
            ];
            for command in commands {
                printed(&["at", "--port", &modem.port, command]);
            }
            printed(&["at", "--port", &modem.port, "AT+MQTTSTAT?"])
        })
        .into();
    assert_eq!(numbers, ["+MQTTSTAT:1\nOK\n", "+MQTTSTAT:2\nOK\n"]);
}

#[test]
fn what_it_cannot_be_is_wrong_usage() {
    for arguments in [
        ["--model", "M9999"],
        ["--broker", "nowhere"],
        ["--fault", "gremlins"],
        ["--echo", "maybe"],
        ["--baudrate", "0"],
        ["--count", "0"],
        ["--count", "1001"],
    ] {
        let output = run(&[["virtual-modem"].as_slice(), &arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let output = run(&["virtual-modem", "--count", "3", "--tcp", "65534"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
