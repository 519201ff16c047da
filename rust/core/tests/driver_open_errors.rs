//! A port that cannot be opened says why and what to do.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use m531x_core::{Error, ErrorCode, Modem, ModemOptions};
use m531x_test_support::driver::{Peer, SILENCE, options};

#[test]
fn a_name_that_does_not_exist_lists_the_ports_that_do() {
    let error = open_error("/dev/ttyNOPE7", options());
    assert_eq!(error.code(), ErrorCode::PortNotFound);
    let text = error.to_string();
    assert!(
        text.starts_with("there is no port /dev/ttyNOPE7; "),
        "{text}"
    );
    assert!(
        text.contains("ports that exist: ") || text.contains("has no serial port"),
        "{text}"
    );
}

#[test]
fn a_port_in_use_is_not_opened_twice() {
    let (_peer, port) = Peer::on_pty(|_| None);
    let modem = Modem::open(&port, options()).unwrap();
    let error = open_error(&port, options());
    assert_eq!(error.code(), ErrorCode::PortInUse);
    assert!(error.to_string().contains(&port), "{error}");
    // The refused attempt took nothing from the first.
    modem.command("AT", None).unwrap();
    modem.close().unwrap();
    Modem::open(&port, options()).unwrap();
}

#[test]
fn a_file_and_a_directory_and_a_device_are_not_serial_ports() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [directory.path(), &file, std::path::Path::new("/dev/null")] {
        let path = path.to_str().unwrap();
        let error = open_error(path, options());
        assert_eq!(error.code(), ErrorCode::Port, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("{path} is not a serial device")),
            "{error}"
        );
    }
}

#[test]
fn a_malformed_name_is_refused() {
    for (port, expected) in [
        ("", "is not a name"),
        ("bad\0name", "is not a name"),
        ("usb:", "serial number is needed"),
        ("gopher://host:1", "unknown scheme gopher://"),
        ("tcp://host", "host and port number are needed"),
        ("tcp://:5000", "host and port number are needed"),
        ("tcp://host:99999", "host and port number are needed"),
    ] {
        let error = open_error(port, options());
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn an_adapter_that_is_not_there_is_named() {
    let error = open_error("usb:NOBODY-HAS-THIS", options());
    assert_eq!(error.code(), ErrorCode::PortNotFound);
    assert!(error.to_string().contains("NOBODY-HAS-THIS"), "{error}");
}

#[test]
fn options_that_cannot_work_are_refused() {
    let queue = ModemOptions {
        queue_size: 0,
        ..options()
    };
    let baudrate = ModemOptions {
        baudrate: Some(0),
        ..options()
    };
    for options in [queue, baudrate] {
        assert_eq!(
            open_error("/dev/null", options).code(),
            ErrorCode::InvalidArgument
        );
    }
}

#[test]
fn a_refused_tcp_connection_names_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = open_error(&url, options());
    assert_eq!(error.code(), ErrorCode::Port);
    assert!(error.to_string().starts_with(&url), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn an_address_that_answers_nothing_is_not_blamed_for_a_baud_rate() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = format!("tcp://{}", listener.local_addr().expect("an address"));
    let options = ModemOptions {
        open_timeout: Duration::from_secs(1),
        ..ModemOptions::default()
    };
    let error = Modem::open(&port, options).expect_err("nobody answers");
    assert_eq!(error.code(), ErrorCode::NoAnswer);
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("{port}: nothing answers AT")) && !text.contains("baud"),
        "{text}"
    );
}

#[test]
fn a_port_that_answers_nothing_is_given_up_and_closed() {
    let (_peer, port) = Peer::on_pty(|_| Some(SILENCE.to_owned()));
    let silent = ModemOptions {
        open_timeout: Duration::from_millis(200),
        command_timeout: Duration::from_millis(100),
        ..options()
    };
    let began = Instant::now();
    let error = open_error(&port, silent);
    assert_eq!(error.code(), ErrorCode::NoAnswer);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("{port}: nothing answers AT")),
        "{text}"
    );
    assert!(text.contains("9600 baud"), "{text}");
    // It was closed: otherwise this would be "in use".
    let again = ModemOptions {
        open_timeout: Duration::from_millis(50),
        ..options()
    };
    assert_eq!(open_error(&port, again).code(), ErrorCode::NoAnswer);
}

#[test]
fn what_came_instead_of_an_answer_is_shown() {
    let (_peer, port) = Peer::on_pty(|_| Some("\u{1}~{\r\n".to_owned()));
    let options = ModemOptions {
        open_timeout: Duration::from_secs(2),
        ..options()
    };
    let error = open_error(&port, options);
    assert_eq!(error.code(), ErrorCode::NoAnswer);
    let text = error.to_string();
    for part in [
        "bytes that are no AT answer at 9600 baud: wrong speed or another device?",
        r#"They begin with "\x01~{\r\n"#,
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_a_serial_server_says_before_it_hangs_up_is_quoted() {
    for scheme in ["tcp", "rfc2217"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.write_all(b"Port already in use\r\n").unwrap();
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = socket.read_to_end(&mut Vec::new());
        });
        let error = open_error(&url, options());
        assert_eq!(error.code(), ErrorCode::Port);
        let text = error.to_string();
        assert!(
            text.starts_with(&url) && text.contains("Port already in use"),
            "{text}"
        );
        server.join().unwrap();
    }
}

#[test]
fn the_time_of_an_opening_is_bounded_whatever_answers() {
    // It answers AT, and then takes its time over everything else.
    let script = |command: &str| (command != "AT").then(|| SILENCE.to_owned());
    for (limit, named) in [(Duration::from_secs(2), "2.0 s"), (Duration::ZERO, "3.0 s")] {
        let (_peer, stream) = Peer::in_memory_with(script);
        let options = ModemOptions {
            open_timeout: limit,
            model: None,
            ..options()
        };
        let began = Instant::now();
        let error = Modem::open_stream(stream, options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NoAnswer);
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            began.elapsed()
        );
        let text = error.to_string();
        assert!(text.contains("answered AT"), "{text}");
        assert!(text.contains(&format!("not done within {named}")), "{text}");
    }
}

#[test]
fn no_time_at_all_tries_once_and_may_succeed() {
    let (peer, port) = Peer::on_pty(|_| None);
    let at_once = ModemOptions {
        open_timeout: Duration::ZERO,
        ..options()
    };
    Modem::open(&port, at_once.clone()).unwrap();
    drop(peer);
    let (peer, port) = Peer::on_pty(|_| Some(SILENCE.to_owned()));
    assert_eq!(open_error(&port, at_once).code(), ErrorCode::NoAnswer);
    assert_eq!(peer.commands(), ["AT"]);
}

fn open_error(port: &str, options: ModemOptions) -> Error {
    Modem::open(port, options).expect_err("it cannot be opened")
}
