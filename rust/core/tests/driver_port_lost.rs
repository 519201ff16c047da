//! A port that vanishes ends everything that needs it, and says so.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::Duration;

use m531x_core::{ErrorCode, EventKind, Incoming, Modem};
use m531x_test_support::driver::{Peer, SILENCE, eventually, open, options};

#[test]
fn a_pty_that_hangs_up_is_an_event_and_an_error() {
    let (peer, port) = Peer::on_pty(|_| None);
    let modem = Modem::open(&port, options()).unwrap();
    peer.publish("t", b"last words");
    eventually("the message is queued", || modem.stats().queued > 0);
    drop(peer);
    expect_the_end(&modem);
}

#[test]
fn a_closed_connection_is_an_event_and_an_error() {
    let (peer, url) = Peer::on_tcp(|_| None);
    let modem = Modem::open(&url, options()).unwrap();
    let peer = peer.join().unwrap();
    peer.publish("t", b"last words");
    drop(peer);
    expect_the_end(&modem);
}

#[test]
fn whoever_waits_is_told() {
    let (peer, stream) =
        Peer::in_memory_with(|command| command.starts_with("AT+XNUM").then(|| SILENCE.to_owned()));
    let modem = open(stream);
    thread::scope(|scope| {
        let waiting = [
            scope.spawn(|| modem.command("AT+XNUM=1", None).map(drop)),
            scope.spawn(|| modem.command("AT+XNUM=2", None).map(drop)),
        ];
        peer.await_command("AT+XNUM");
        drop(peer);
        for waiting in waiting {
            assert_eq!(waiting.join().unwrap().unwrap_err().code(), ErrorCode::Port);
        }
    });
}

fn expect_the_end(modem: &Modem) {
    let mut messages = 0;
    let error = loop {
        match modem.recv(Some(Duration::from_secs(10))) {
            Ok(Some(Incoming::Message(_))) => messages += 1,
            Ok(Some(Incoming::Event(event))) if event.kind == EventKind::PortLost => {
                break modem.recv(None).unwrap_err();
            }
            Ok(Some(Incoming::Event(_))) => {}
            Ok(None) => panic!("no word of the loss within 10 s"),
            Err(error) => panic!("no event before {error}"),
        }
    };
    assert_eq!(messages, 1);
    assert_eq!(error.code(), ErrorCode::Port);
    assert!(
        error.to_string().starts_with("the port is gone: "),
        "{error}"
    );
    assert_eq!(
        modem.command("AT", None).unwrap_err().code(),
        ErrorCode::Port
    );
    assert!(!modem.is_closed());
    modem.close().unwrap();
    assert_eq!(
        modem.command("AT", None).unwrap_err().code(),
        ErrorCode::Closed
    );
}
