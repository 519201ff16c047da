//! Who waits for an answer gets it, whoever reads the port meanwhile.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::{Duration, Instant};

use m531x_core::operation::Command;
use m531x_core::{ErrorCode, Modem};
use m531x_test_support::driver::{Peer, SILENCE, eventually, open, options};

#[test]
fn many_threads_each_get_their_own_answer() {
    let (_peer, stream) = Peer::in_memory_with(echo_number);
    let modem = open(stream);
    thread::scope(|scope| {
        for thread in 0..8 {
            let modem = modem.clone();
            scope.spawn(move || {
                for round in 0..50 {
                    let number = thread * 1000 + round;
                    let lines = modem.command(&format!("AT+XNUM={number}"), None).unwrap();
                    assert_eq!(lines, [format!("+XNUM: {number}")]);
                }
            });
        }
    });
}

#[test]
fn a_waiting_caller_reads_its_answer_itself() {
    let (_peer, stream) = Peer::in_memory_with(echo_number);
    let modem = open(stream);
    let before = modem.stats().reader_wakeups;
    for number in 0..200 {
        modem.command(&format!("AT+XNUM={number}"), None).unwrap();
    }
    assert_eq!(modem.stats().reader_wakeups, before);
}

#[test]
fn an_answer_is_fetched_although_nobody_waits_for_it() {
    let (_peer, stream) = Peer::in_memory_with(echo_number);
    let modem = open(stream);
    let pending = modem.start(Command::new("AT+XNUM=7")).unwrap();
    eventually("the reader thread fetches the answer", || pending.is_done());
    assert_eq!(pending.wait().unwrap(), ["+XNUM: 7"]);
}

#[test]
fn a_slice_that_elapses_says_not_yet() {
    let (peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let mut pending = modem.start(Command::new("AT+XNUM=1")).unwrap();
    assert!(pending.wait_for(Duration::from_millis(5)).is_none());
    assert!(pending.wait_for(Duration::ZERO).is_none());
    assert!(!pending.is_done());
    peer.say("\r\n+XNUM: 1\r\n\r\nOK\r\n");
    let result = pending.wait_for(Duration::from_secs(10)).unwrap();
    assert_eq!(result.unwrap(), ["+XNUM: 1"]);
    let again = pending.wait_for(Duration::ZERO).unwrap().unwrap_err();
    assert_eq!(again.code(), ErrorCode::InvalidArgument);
}

#[test]
fn a_command_without_an_answer_times_out_in_its_own_time() {
    let (_peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let began = Instant::now();
    let error = modem
        .command("AT+XNUM=1", Some(Duration::from_millis(50)))
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn an_unwaited_command_without_an_answer_times_out_as_well() {
    let (_peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let pending = modem
        .start(Command::new("AT+XNUM=1").with_timeout(Some(Duration::from_millis(50))))
        .unwrap();
    eventually("the reader thread serves the timer", || pending.is_done());
    assert_eq!(pending.wait().unwrap_err().code(), ErrorCode::Timeout);
}

/// The first waiter leads; when its slice elapses, the parked one must take over at once and get
/// its answer although the reader thread was never told to read.
#[test]
fn a_leader_that_leaves_hands_over_to_a_parked_caller() {
    let (peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let mut first = modem.start(Command::new("AT+XNUM=1")).unwrap();
    peer.await_command("AT+XNUM=1");
    thread::scope(|scope| {
        let second = scope.spawn(|| modem.command("AT+XNUM=2", None));
        assert!(first.wait_for(Duration::from_millis(50)).is_none());
        peer.say("\r\n+XNUM: 1\r\n\r\nOK\r\n");
        peer.await_command("AT+XNUM=2");
        peer.say("\r\n+XNUM: 2\r\n\r\nOK\r\n");
        assert_eq!(second.join().unwrap().unwrap(), ["+XNUM: 2"]);
    });
    assert_eq!(first.wait().unwrap(), ["+XNUM: 1"]);
}

#[test]
fn waiters_with_different_limits_each_end_in_their_own_time() {
    let (_peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let timed = |modem: &Modem, limit| {
        let began = Instant::now();
        let error = modem.command("AT+XNUM=1", Some(limit)).unwrap_err();
        (error.code(), began.elapsed())
    };
    thread::scope(|scope| {
        let long = scope.spawn(|| timed(&modem, Duration::from_secs(3)));
        let short = scope.spawn(|| timed(&modem, Duration::from_millis(60)));
        let (code, elapsed) = short.join().unwrap();
        assert_eq!(code, ErrorCode::Timeout);
        assert!(
            elapsed >= Duration::from_millis(60) && elapsed < Duration::from_secs(3),
            "{elapsed:?}"
        );
        let (code, elapsed) = long.join().unwrap();
        assert_eq!(code, ErrorCode::Timeout);
        assert!(elapsed >= Duration::from_secs(3), "{elapsed:?}");
    });
}

#[test]
fn a_dropped_operation_is_not_sent_any_more() {
    let (peer, stream) = Peer::in_memory_with(silent_on_xnum);
    let modem = open(stream);
    let first = modem.start(Command::new("AT+XNUM=1")).unwrap();
    let second = modem.start(Command::new("AT+XNUM=2")).unwrap();
    peer.await_command("AT+XNUM=1");
    drop(second);
    peer.say("\r\n+XNUM: 1\r\n\r\nOK\r\n");
    first.wait().unwrap();
    modem.command("AT+CSQ", None).unwrap();
    assert!(!peer.commands().iter().any(|command| command == "AT+XNUM=2"));
}

#[test]
fn a_command_works_over_a_pty_and_over_tcp() {
    let (_peer, port) = Peer::on_pty(echo_number);
    let modem = Modem::open(&port, options()).unwrap();
    assert_eq!(modem.command("AT+XNUM=3", None).unwrap(), ["+XNUM: 3"]);

    let (peer, url) = Peer::on_tcp(echo_number);
    let modem = Modem::open(&url, options()).unwrap();
    assert_eq!(modem.command("AT+XNUM=4", None).unwrap(), ["+XNUM: 4"]);
    drop(peer.join().unwrap());
}

fn echo_number(command: &str) -> Option<String> {
    let number = command.strip_prefix("AT+XNUM=")?;
    Some(format!("\r\n+XNUM: {number}\r\n\r\nOK\r\n"))
}

fn silent_on_xnum(command: &str) -> Option<String> {
    command.starts_with("AT+XNUM").then(|| SILENCE.to_owned())
}
