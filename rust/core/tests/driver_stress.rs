//! Everything at once, from many threads: each call ends, and nothing is mixed up.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use m531x_core::operation::Command;
use m531x_core::{Error, ErrorCode, Modem, PublishOptions, QoS};
use m531x_test_support::driver::{Peer, eventually, open_connected, options};

const THREADS: u64 = 6;
const CALLS: usize = 300;

#[test]
fn mixed_calls_from_many_threads_all_end_with_their_own_result() {
    let (peer, stream) = Peer::in_memory_with(echo_number);
    let modem = open_connected(stream, options());
    let begun = AtomicUsize::new(0);
    let ended = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (modem, begun, ended) = (&modem, &begun, &ended);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                for call in 0..CALLS {
                    let number = random.u32(..);
                    match random.u32(0..8) {
                        0 => modem.cancel(),
                        1 => drop(modem.start(Command::new(xnum(number)))),
                        2 => drop(cancelled_or(modem.recv(Some(Duration::from_micros(50))))),
                        3 => {
                            begun.fetch_add(1, Ordering::SeqCst);
                            deliver(modem, Arc::clone(ended));
                        }
                        4 => in_slices(modem, number),
                        _ => {
                            let lines = modem.command(&xnum(number), None);
                            if let Some(lines) = cancelled_or(lines) {
                                assert_eq!(lines, [answer(number)]);
                            }
                        }
                    }
                    if call % 50 == 0 {
                        look_around(modem);
                    }
                }
            });
        }
        for _ in 0..50 {
            peer.publish("noise", b"OK\r\nERROR");
            thread::sleep(Duration::from_millis(1));
        }
    });
    eventually("every delivery tells its end", || {
        ended.load(Ordering::SeqCst) == begun.load(Ordering::SeqCst)
    });
    let number = 42;
    assert_eq!(
        modem.command(&xnum(number), None).unwrap(),
        [answer(number)]
    );
}

fn in_slices(modem: &Modem, number: u32) {
    let mut pending = modem.start(Command::new(xnum(number))).unwrap();
    let result = loop {
        if let Some(result) = pending.wait_for(Duration::from_micros(100)) {
            break result;
        }
    };
    if let Some(lines) = cancelled_or(result) {
        assert_eq!(lines, [answer(number)]);
    }
}

fn deliver(modem: &Modem, ended: Arc<AtomicUsize>) {
    let options = PublishOptions {
        qos: QoS::AtLeastOnce,
        ..PublishOptions::default()
    };
    let delivery = modem.publish_nowait("t", b"x", options).unwrap();
    delivery.on_done(move |result| {
        result.unwrap();
        ended.fetch_add(1, Ordering::SeqCst);
    });
}

fn look_around(modem: &Modem) {
    let _ = (modem.stats(), modem.mqtt_state(), modem.subscriptions());
}

/// The only error that this test allows.
fn cancelled_or<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::Cancelled, "{error}");
            None
        }
    }
}

fn xnum(number: u32) -> String {
    format!("AT+XNUM={number}")
}

fn answer(number: u32) -> String {
    format!("+XNUM: {number}")
}

fn echo_number(command: &str) -> Option<String> {
    let number = command.strip_prefix("AT+XNUM=")?;
    Some(format!("\r\n+XNUM: {number}\r\n\r\nOK\r\n"))
}
