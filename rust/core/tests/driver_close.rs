//! Closing and cancelling, from any state and any thread.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::{Duration, Instant};

use m531x_core::operation::{Command, Signal};
use m531x_core::{ErrorCode, Modem, PublishOptions};
use m531x_test_support::driver::{Peer, SILENCE, open, options};

#[test]
fn close_wakes_everybody_who_waits() {
    let (peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let mut pending = modem.start(Command::new("AT+XNUM=0")).unwrap();
    thread::scope(|scope| {
        let waiting = [
            scope.spawn(|| modem.command("AT+XNUM=1", None).map(drop)),
            scope.spawn(|| modem.command("AT+XNUM=2", None).map(drop)),
            scope.spawn(|| modem.recv(None).map(drop)),
            scope.spawn(|| modem.recv(None).map(drop)),
            scope.spawn(|| pending.wait_for(Duration::from_secs(60)).unwrap().map(drop)),
        ];
        peer.await_command("AT+XNUM=0");
        thread::sleep(Duration::from_millis(20));
        let began = Instant::now();
        modem.close().unwrap();
        for waiting in waiting {
            assert_eq!(
                waiting.join().unwrap().unwrap_err().code(),
                ErrorCode::Closed
            );
        }
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
    });
}

#[test]
fn closing_twice_and_from_many_threads_is_harmless() {
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| modem.close().unwrap());
        }
    });
    modem.close().unwrap();
    assert!(modem.is_closed());
}

#[test]
fn every_call_after_close_says_so() {
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream);
    modem.close().unwrap();
    let codes = [
        modem.command("AT", None).unwrap_err().code(),
        modem.recv(None).unwrap_err().code(),
        modem
            .recv_batch(5, None, &mut Vec::new())
            .unwrap_err()
            .code(),
        modem.status().unwrap_err().code(),
        modem.start(Signal).unwrap_err().code(),
        modem
            .publish_nowait("t", b"", PublishOptions::default())
            .unwrap_err()
            .code(),
        modem.on_incoming(|_| ()).unwrap_err().code(),
    ];
    assert_eq!(codes, [ErrorCode::Closed; 7]);
}

#[test]
fn dropping_the_last_handle_closes_the_port() {
    let (_peer, port) = Peer::on_pty(|_| None);
    let modem = Modem::open(&port, options()).unwrap();
    let clone = modem.clone();
    drop(modem);
    clone.command("AT", None).unwrap();
    let pending = clone.start(Command::new("AT")).unwrap();
    drop(clone);
    // A pending operation does not keep the modem open: the port is free again.
    Modem::open(&port, options()).unwrap();
    drop(pending);
}

#[test]
fn cancel_wakes_everybody_who_waits_and_the_modem_lives_on() {
    let (peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    thread::scope(|scope| {
        let waiting = [
            scope.spawn(|| modem.command("AT+XNUM=1", None).map(drop)),
            scope.spawn(|| modem.command("AT+XNUM=2", None).map(drop)),
            scope.spawn(|| modem.recv(None).map(drop)),
        ];
        peer.await_command("AT+XNUM");
        thread::sleep(Duration::from_millis(20));
        modem.cancel();
        for waiting in waiting {
            assert_eq!(
                waiting.join().unwrap().unwrap_err().code(),
                ErrorCode::Cancelled
            );
        }
    });
    peer.say("\r\nOK\r\n");
    modem.command("AT+CSQ", None).unwrap();
    assert!(!modem.is_closed());
}

fn silent_on_xnum(command: &str) -> Option<String> {
    command.starts_with("AT+XNUM").then(|| SILENCE.to_owned())
}
