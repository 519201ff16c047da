//! An event loop is told of results and arrivals, and fetches them without waiting.

use std::sync::mpsc;
use std::time::Duration;

use m531x_core::ErrorCode;
use m531x_core::operation::Command;
use m531x_test_support::driver::{Peer, SILENCE, eventually, open};

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn a_result_is_signalled_once_and_is_there_then() {
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (sender, signals) = mpsc::channel();
    let mut pending = modem.start(Command::new("AT")).unwrap();
    pending.on_ready(move || sender.send(()).unwrap());
    signals.recv_timeout(LIMIT).unwrap();
    assert_eq!(
        pending.wait_for(Duration::ZERO).unwrap().unwrap(),
        Vec::<String>::new()
    );
    assert!(
        signals.recv().is_err(),
        "the signal was given up with its sender"
    );
}

#[test]
fn a_result_that_is_there_already_is_signalled_at_once() {
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let pending = modem.start(Command::new("AT")).unwrap();
    eventually("the answer has come", || pending.is_done());
    let (sender, signals) = mpsc::channel();
    pending.on_ready(move || sender.send(()).unwrap());
    signals.try_recv().unwrap();
}

#[test]
fn closing_signals_what_is_under_way_and_the_end_of_arrivals() {
    let (_peer, stream) = Peer::in_memory_with(|line| (line == "AT+CSQ").then(|| SILENCE.into()));
    let modem = open(stream);
    while modem.recv(Some(Duration::ZERO)).unwrap().is_some() {}
    let (sender, signals) = mpsc::channel();
    let arrivals = sender.clone();
    modem.inbox().on_receivable(move || {
        let _ = arrivals.send("arrivals");
    });
    let mut pending = modem.start(Command::new("AT+CSQ")).unwrap();
    pending.on_ready(move || {
        let _ = sender.send("result");
    });
    modem.close().unwrap();
    let mut seen = [
        signals.recv_timeout(LIMIT).unwrap(),
        signals.recv_timeout(LIMIT).unwrap(),
    ];
    seen.sort_unstable();
    assert_eq!(seen, ["arrivals", "result"]);
    let result = pending.wait_for(Duration::ZERO).unwrap();
    assert_eq!(result.unwrap_err().code(), ErrorCode::Closed);
}

#[test]
fn every_arrival_is_signalled_after_it_can_be_received() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (sender, signals) = mpsc::channel();
    modem.inbox().on_receivable(move || {
        let _ = sender.send(());
    });
    peer.publish("t", b"1");
    peer.publish("t", b"2");
    let mut received = Vec::new();
    while received.len() < 2 {
        signals.recv_timeout(LIMIT).unwrap();
        modem
            .recv_batch(10, Some(Duration::ZERO), &mut received)
            .unwrap();
    }
}

#[test]
fn readable_is_signalled_until_the_last_was_taken() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    while modem.recv(Some(Duration::ZERO)).unwrap().is_some() {}
    let (sender, signals) = mpsc::channel();
    modem.inbox().on_readable(move |readable| {
        let _ = sender.send(readable);
    });
    peer.publish("t", b"1");
    assert!(signals.recv_timeout(LIMIT).unwrap());
    assert!(modem.recv(Some(LIMIT)).unwrap().is_some());
    assert!(!signals.recv_timeout(LIMIT).unwrap());
}
