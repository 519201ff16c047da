//! Many modems in one program. The threads are counted by their names, so the tests of this file run in
//! turn: `cargo test` gives the file a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use m531x_core::{ErrorCode, Modem, Overflow};
use m531x_test_support::driver::{Peer, eventually, next_message, open, options};

static IN_TURN: Mutex<()> = Mutex::new(());

const COUNT: usize = 8;

#[test]
fn one_thread_reads_them_all_and_ends_with_the_last() {
    let _turn = IN_TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..20 {
        let mut modems: Vec<(Peer, Modem)> = (0..COUNT).map(|_| opened()).collect();
        reader_threads_are(1);
        for (number, (peer, _)) in modems.iter().enumerate() {
            peer.publish("t", number.to_string().as_bytes());
        }
        for (number, (_, modem)) in modems.iter().enumerate() {
            assert_eq!(next_message(modem).text(), number.to_string());
        }
        while let Some((peer, modem)) = modems.pop() {
            peer.publish("t", b"the last words");
            assert_eq!(next_message(&modem).text(), "the last words");
            modem.close().unwrap();
            reader_threads_are(usize::from(!modems.is_empty()));
        }
    }
}

#[test]
fn modems_come_and_go_on_many_threads() {
    let _turn = IN_TURN.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        for _ in 0..COUNT {
            scope.spawn(|| {
                for round in 0..50 {
                    let (peer, modem) = opened();
                    peer.publish("t", b"?");
                    if round % 3 > 0 {
                        next_message(&modem);
                    }
                    if round % 2 > 0 {
                        modem.close().unwrap();
                    }
                }
            });
        }
    });
    reader_threads_are(0);
}

#[test]
fn neither_a_full_mailbox_nor_a_port_that_hangs_up_holds_up_another_modem() {
    let _turn = IN_TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (full_peer, stream) = Peer::in_memory();
    let mut settings = options();
    settings.queue_size = 1;
    settings.overflow = Overflow::Block;
    let full = Modem::open_stream(stream, settings).unwrap();
    let (gone_peer, gone) = opened();
    let (peer, modem) = opened();
    for _ in 0..10 {
        full_peer.publish("t", b"?");
    }
    eventually("its mailbox is full", || full.stats().queued == 1);
    drop(gone_peer);
    eventually("its port is gone", || gone.ended().is_some());
    for number in 0..100 {
        peer.publish("t", number.to_string().as_bytes());
        assert_eq!(next_message(&modem).text(), number.to_string());
    }
    for _ in 0..10 {
        next_message(&full);
    }
    let error = gone.recv(Some(Duration::ZERO)).and_then(|_| gone.signal());
    assert_eq!(error.unwrap_err().code(), ErrorCode::Port);
}

fn opened() -> (Peer, Modem) {
    let (peer, stream) = Peer::in_memory();
    (peer, open(stream))
}

/// The kernel lists a thread for a moment after it was joined.
fn reader_threads_are(count: usize) {
    eventually(&format!("{count} readers"), || reader_threads() == count);
}

fn reader_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "m531x-reader").count()
}
