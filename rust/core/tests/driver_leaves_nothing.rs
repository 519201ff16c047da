//! What a modem took is given back. The counts are those of the whole process, so there is one test.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use m531x_core::{ErrorCode, Modem, OutboxOptions, Stream};
use m531x_test_support::driver::{Peer, eventually, open, options};

#[test]
fn open_and_close_and_failed_open_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = OutboxOptions::new(folder.path().join("outbox"));
    let before = (descriptors(), threads());
    for round in 0..1_000 {
        let (_peer, stream) = Peer::in_memory();
        let modem = open(stream);
        if round % 10 == 0 {
            modem.on_incoming(|_| ()).unwrap();
        }
        if round % 20 < 2 {
            modem.set_outbox(Some(outbox.clone())).unwrap();
        }
        // By hand and by dropping the last handle.
        if round % 2 == 0 {
            modem.close().unwrap();
        }
    }
    everything_is_given_back(before);

    for _ in 0..5 {
        let (_silent, stream) = UnixStream::pair().unwrap();
        let mut options = options();
        options.open_timeout = Duration::from_millis(1);
        options.outbox = Some(outbox.clone());
        let error = Modem::open_stream(Stream::from(stream), options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NoAnswer);
    }
    everything_is_given_back(before);
}

/// A dispatcher ends a moment after the close, and the kernel lists a thread for a moment after its end.
fn everything_is_given_back(before: (usize, usize)) {
    eventually("everything is given back", || {
        (descriptors(), threads()) == before
    });
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}
