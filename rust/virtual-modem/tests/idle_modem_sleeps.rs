//! A modem with nothing to do does not wake up. In a process of its own, whose only modem it is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};

#[test]
fn an_idle_modem_does_not_wake_up() {
    let modem = VirtualModem::start(VirtualModemOptions {
        link: LinkChoice::Pty { symlink: None },
        ..VirtualModemOptions::default()
    })
    .unwrap();
    thread::sleep(Duration::from_millis(200));
    let before = wake_ups();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(wake_ups(), before);
    // The count counts: a modem that was woken goes to sleep again.
    modem.inject(b"x");
    let deadline = Instant::now() + Duration::from_secs(10);
    while wake_ups() == before {
        assert!(Instant::now() < deadline);
    }
}

/// How often the modem's thread has gone to sleep.
fn wake_ups() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let status = tasks
        .map(|task| task.unwrap().path())
        .find(|path| fs::read_to_string(path.join("comm")).unwrap().trim() == "m531x-virtual")
        .map(|path| fs::read_to_string(path.join("status")).unwrap())
        .unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("voluntary_ctxt_switches"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
