//! Several readers of one filter, and what ends their waits.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::Duration;

use m531x_core::{Error, ErrorCode, Modem, ModemOptions};
use m531x_test_support::driver::{Peer, eventually, options};

const ZERO: Option<Duration> = Some(Duration::ZERO);

fn open(options: ModemOptions) -> (Peer, Modem) {
    let (peer, stream) = Peer::in_memory();
    (peer, Modem::open_stream(stream, options).unwrap())
}

fn texts(modem: &Modem, filter: Option<&str>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(message) = modem.inbox().recv_message_of(filter, ZERO).unwrap() {
        texts.push(message.text().into_owned());
    }
    texts
}

fn publish(peer: &Peer, modem: &Modem, numbers: std::ops::Range<u64>) {
    for number in numbers.clone() {
        peer.publish("t", number.to_string().as_bytes());
    }
    eventually("all have come", || {
        modem.stats().session.messages == numbers.end
    });
}

#[test]
fn every_reader_of_a_filter_gets_every_message() {
    let (peer, modem) = open(options());
    modem.inbox().route("t", false);
    let further = modem.inbox().route_copy("t", false);
    let third = modem.inbox().route_copy("#", false);
    publish(&peer, &modem, 0..3);
    eventually("copies wait too", || modem.stats().queued == 9);
    assert_eq!(texts(&modem, Some(&further)), ["0", "1", "2"]);
    assert_eq!(texts(&modem, Some("t")), ["0", "1", "2"]);
    assert_eq!(texts(&modem, None).len(), 0, "no copy is for others");
    modem.inbox().unroute(&third);
    assert_eq!(modem.stats().queued, 0);
}

#[test]
fn a_reader_beside_a_callback_gets_a_copy() {
    let (peer, modem) = open(options());
    let reader = modem.inbox().route_copy("t", true);
    publish(&peer, &modem, 0..2);
    eventually("copies wait too", || modem.stats().queued == 4);
    assert_eq!(texts(&modem, Some(&reader)), ["0", "1"]);
    let mut called = Vec::new();
    assert_eq!(modem.inbox().recv_called(9, ZERO, &mut called).unwrap(), 2);
}

#[test]
fn a_reader_that_is_left_alone_gets_all_and_no_one_else_does() {
    let (peer, modem) = open(options());
    modem.inbox().route("t", true);
    let reader = modem.inbox().route_copy("t", false);
    modem.inbox().unroute("t");
    publish(&peer, &modem, 0..2);
    assert_eq!(texts(&modem, None).len(), 0);
    assert_eq!(texts(&modem, Some(&reader)), ["0", "1"]);
}

#[test]
fn the_bound_holds_for_each_reader() {
    let (peer, modem) = open(ModemOptions {
        queue_size: 2,
        ..options()
    });
    modem.inbox().route("t", false);
    let further = modem.inbox().route_copy("t", false);
    publish(&peer, &modem, 0..2);
    eventually("both wait", || modem.stats().queued == 4);
    assert_eq!(texts(&modem, Some("t")), ["0", "1"]);
    publish(&peer, &modem, 2..4);
    eventually("two were dropped", || modem.stats().dropped == 2);
    assert_eq!(texts(&modem, Some("t")), ["2", "3"]);
    assert_eq!(texts(&modem, Some(&further)), ["2", "3"]);
}

/// The code with which a wait for messages ends after `end`.
fn ended_by(filter: Option<&str>, end: impl FnOnce(&Modem)) -> ErrorCode {
    let (_peer, modem) = open(options());
    modem.inbox().route("t", false);
    let since = modem.inbox().reads_ended();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| modem.inbox().recv_message_since(since, filter, None));
        // Whether it waits already makes no difference.
        end(&modem);
        waiting
            .join()
            .unwrap()
            .map(drop)
            .map_err(|e: Error| e.code())
    })
    .unwrap_err()
}

#[test]
fn the_end_of_a_subscription_ends_the_wait_for_it() {
    let code = ended_by(Some("t"), |modem| modem.inbox().unroute("t"));
    assert_eq!(code, ErrorCode::Closed);
}

#[test]
fn the_program_ends_what_it_reads() {
    for filter in [None, Some("t")] {
        let code = ended_by(filter, |modem| modem.inbox().end_reads());
        assert_eq!(code, ErrorCode::Cancelled);
    }
}

#[test]
fn what_has_come_is_read_before_the_end() {
    let (peer, modem) = open(options());
    let since = modem.inbox().reads_ended();
    publish(&peer, &modem, 0..1);
    modem.inbox().end_reads();
    let next = || modem.inbox().recv_message_since(since, None, None);
    assert_eq!(next().unwrap().unwrap().text(), "0");
    assert_eq!(next().unwrap_err().code(), ErrorCode::Cancelled);
    assert_eq!(modem.inbox().recv_message_of(None, ZERO).unwrap(), None);
}
