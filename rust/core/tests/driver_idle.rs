//! While nothing happens nobody wakes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use m531x_core::operation::Command;
use m531x_core::{ConnectOptions, Modem};
use m531x_test_support::driver::{Peer, options};

#[test]
fn an_idle_modem_wakes_for_nothing() {
    let (_peer, port) = Peer::on_pty(|_| None);
    let modem = Modem::open(&port, options()).unwrap();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    modem.on_incoming(|_| ()).unwrap();
    for _ in 0..10 {
        modem
            .command("AT+CSQ", Some(Duration::from_millis(400)))
            .unwrap();
        modem
            .start(Command::new("AT+CSQ").with_timeout(Some(Duration::from_millis(400))))
            .unwrap()
            .wait()
            .unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    let before = switches();
    assert_eq!(before.len(), 2, "a reader and a dispatcher");
    // Longer than the commands' time limits: a timer left behind would fire.
    thread::sleep(Duration::from_secs(1));
    assert_eq!(switches(), before);
}

/// The voluntary context switches of this library's threads.
fn switches() -> Vec<(PathBuf, u64)> {
    let mut switches: Vec<_> = fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| {
            let task = task.ok()?.path();
            let name = fs::read_to_string(task.join("comm")).ok()?;
            let status = fs::read_to_string(task.join("status")).ok()?;
            let count = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            name.starts_with("m531x-")
                .then(|| (task, count.trim().parse().unwrap()))
        })
        .collect();
    switches.sort();
    switches
}
