//! The driver over a serial server with COM port control (RFC 2217), with nothing but the standard
//! library: it runs wherever the driver does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{
    ConnectOptions, Error, ErrorCode, EventKind, Incoming, Model, Modem, ModemOptions, OpenCancel,
    Recovery,
};
use m531x_test_support::serial_server::{Manners, PATIENCE, Server, publish_line};

fn options() -> ModemOptions {
    ModemOptions {
        model: Some(Model::M5311),
        guard_time: Some(Duration::ZERO),
        open_timeout: Duration::from_secs(10),
        ..ModemOptions::default()
    }
}

fn open_error(manners: Manners, options: ModemOptions) -> Error {
    let server = Server::start(manners);
    Modem::open(&server.url(), options).expect_err("the server does not do as asked")
}

fn next_payload(modem: &Modem) -> Vec<u8> {
    loop {
        match modem.recv(Some(PATIENCE)).unwrap() {
            Some(Incoming::Message(message)) => return message.payload,
            Some(Incoming::Event(_)) => {}
            None => panic!("no message within {PATIENCE:?}"),
        }
    }
}

#[test]
fn the_port_is_set_up_before_the_first_command() {
    let server = Server::start(Manners::default());
    let modem = Modem::open(&server.url(), options()).unwrap();
    assert_eq!(modem.signal().unwrap().raw, (20, 0));
    // Purge, no reports of modem lines, no flow control, speed, 8, none, 1.
    let settings = server.settings();
    assert_eq!(settings[0], [12, 3]);
    assert!(settings.contains(&vec![5, 1]));
    assert!(settings.contains(&vec![1, 0, 1, 0xc2, 0]), "{settings:?}");
    for setting in [[2, 8], [3, 1], [4, 1]] {
        assert!(settings.contains(&setting.to_vec()), "{settings:?}");
    }
}

#[test]
fn dtr_and_rts_are_set_as_asked_for_at_each_opening() {
    let switches = |server: &Server| -> Vec<Vec<u8>> {
        let settings = server.settings().into_iter();
        settings.filter(|s| s[0] == 5 && s[1] != 1).collect()
    };
    let server = Server::start(Manners::default());
    Modem::open(&server.url(), options()).unwrap();
    assert!(switches(&server).is_empty());
    let server = Server::start(Manners::default());
    let with_lines = ModemOptions {
        dtr: Some(true),
        rts: Some(false),
        recovery: Recovery {
            initial_delay: Duration::from_millis(1),
            ..Recovery::default()
        },
        ..options()
    };
    let modem = Modem::open(&server.url(), with_lines).unwrap();
    assert_eq!(switches(&server), [[5, 8], [5, 12]]);
    server.await_connection();
    server.hang_up();
    server.await_connection();
    // Until the port is found to be gone, and set up again.
    while modem.signal().is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(switches(&server), [[5, 8], [5, 12], [5, 8], [5, 12]]);
}

#[test]
fn any_byte_survives_however_the_server_cuts_the_stream() {
    let server = Server::start(Manners {
        byte_by_byte: true,
        ..Manners::default()
    });
    let modem = Modem::open(&server.url(), options()).unwrap();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    let payload: Vec<u8> = (0..=255).chain([255, 255, 240, 255, 250, 44]).collect();
    server.say(&publish_line("t", &payload));
    assert_eq!(next_payload(&modem), payload);
}

#[test]
fn a_server_without_com_port_control_is_told_from_one_that_is_silent() {
    let error = open_error(
        Manners {
            refuses_control: true,
            ..Manners::default()
        },
        options(),
    );
    assert_eq!(error.code(), ErrorCode::Port);
    assert!(
        error.to_string().contains("refuses COM port control")
            && error.to_string().contains("tcp://"),
        "{error}"
    );
    let impatient = ModemOptions {
        open_timeout: Duration::from_secs(1),
        ..options()
    };
    let error = open_error(
        Manners {
            silent: true,
            ..Manners::default()
        },
        impatient,
    );
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert!(error.to_string().contains("RFC 2217"), "{error}");
}

#[test]
fn a_speed_that_the_server_does_not_set_is_an_error_that_names_both() {
    let error = open_error(
        Manners {
            baudrate: Some(9600),
            ..Manners::default()
        },
        options(),
    );
    assert_eq!(error.code(), ErrorCode::Port);
    let text = error.to_string();
    assert!(text.contains("9600") && text.contains("115200"), "{text}");
}

#[test]
fn a_name_without_a_port_number_is_refused() {
    let error = Modem::open("rfc2217://host", options()).expect_err("no port number");
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    assert!(error.to_string().contains("rfc2217://host:port"), "{error}");
}

#[test]
fn the_speed_of_an_unknown_model_is_found() {
    let server = Server::start(Manners {
        module_speed: Some(115_200),
        ..Manners::default()
    });
    let modem = Modem::open(
        &server.url(),
        ModemOptions {
            model: None,
            ..options()
        },
    )
    .unwrap();
    assert_eq!(modem.model(), Some(Model::M5311));
}

#[test]
fn an_opening_can_be_cancelled_while_the_server_says_nothing() {
    let server = Server::start(Manners {
        silent: true,
        ..Manners::default()
    });
    let cancel = OpenCancel::default();
    let patient = ModemOptions {
        open_timeout: PATIENCE,
        open_cancel: Some(cancel.clone()),
        ..options()
    };
    let url = server.url();
    let opening = thread::spawn(move || Modem::open(&url, patient));
    server.await_connection();
    let began = Instant::now();
    cancel.cancel();
    let error = opening.join().unwrap().expect_err("it was cancelled");
    assert_eq!(error.code(), ErrorCode::Cancelled);
    assert!(began.elapsed() < PATIENCE / 2);
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_negotiated_with_anew() {
    let server = Server::start(Manners::default());
    let modem = Modem::open(
        &server.url(),
        ModemOptions {
            recovery: Recovery {
                initial_delay: Duration::from_millis(10),
                ..Recovery::default()
            },
            ..options()
        },
    )
    .unwrap();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    server.hang_up();
    let mut kinds = Vec::new();
    while !kinds.contains(&EventKind::PortBack) {
        match modem.recv(Some(PATIENCE)).unwrap() {
            Some(Incoming::Event(event)) => kinds.push(event.kind),
            Some(Incoming::Message(_)) => {}
            None => panic!("the port is not back: {kinds:?}"),
        }
    }
    assert!(kinds.contains(&EventKind::PortLost), "{kinds:?}");
    modem.command("AT", None).unwrap();
    let purges = |settings: &[Vec<u8>]| settings.iter().filter(|s| **s == [12, 3]).count();
    assert_eq!(purges(&server.settings()), 2);
}

#[test]
fn a_server_that_ends_the_connection_while_it_is_opened_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rfc2217://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || drop(listener.accept().unwrap()));
    let error = Modem::open(&url, options()).expect_err("the server hung up");
    server.join().unwrap();
    assert_eq!(error.code(), ErrorCode::Port);
    assert!(error.to_string().starts_with(&url), "{error}");
}
