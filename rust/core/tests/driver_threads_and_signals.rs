//! No signal of the application's is handled on a thread of the library.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;

use m531x_core::{Modem, ModemOptions, OutboxOptions, RecordingOptions, Stream};
use m531x_test_support::driver::{eventually, options};
use m531x_virtual_modem::{BrokerChoice, LinkChoice, VirtualModem, VirtualModemOptions};

/// What a thread can cause itself, and what no thread can block.
const NOT_BLOCKED: [i32; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGKILL,
    libc::SIGSTOP,
];

/// The signals that each thread of the library blocks, one bit each.
fn masks() -> BTreeMap<String, u64> {
    let mut masks = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").unwrap() {
        // A thread may end meanwhile.
        let Ok(status) = fs::read_to_string(task.unwrap().path().join("status")) else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        let name = field("Name:");
        if name.starts_with("m531x-") {
            masks.insert(name, u64::from_str_radix(&field("SigBlk:"), 16).unwrap());
        }
    }
    masks
}

#[test]
fn every_thread_of_the_library_blocks_all_signals_but_the_synchronous_ones() {
    let folder = tempfile::tempdir().unwrap();
    let module = VirtualModem::start(VirtualModemOptions {
        link: LinkChoice::Memory,
        broker: BrokerChoice::Embedded,
        ..VirtualModemOptions::default()
    })
    .unwrap();
    let options = ModemOptions {
        outbox: Some(OutboxOptions::new(folder.path().join("outbox"))),
        recording: Some(RecordingOptions::new(folder.path().join("recording"))),
        ..options()
    };
    let stream = Stream::from(module.connect().unwrap());
    let modem = Modem::open_stream(stream, options).unwrap();
    modem.on_incoming(|_| {}).unwrap();
    eventually("all are there", || masks().len() >= 6);
    let masks = masks();
    for name in [
        "reader",
        "dispatcher",
        "outbox",
        "recorder",
        "virtual",
        "broker",
    ] {
        let (_, mask) = masks
            .iter()
            // The system keeps fifteen bytes of a name.
            .find(|(found, _)| format!("m531x-{name}").starts_with(found.as_str()))
            .unwrap_or_else(|| panic!("no {name} among {masks:?}"));
        for signal in 1..=31 {
            let blocked = mask & (1 << (signal - 1)) != 0;
            assert_eq!(
                blocked,
                !NOT_BLOCKED.contains(&signal),
                "{name}: signal {signal}"
            );
        }
    }
    // Whoever has opened it goes on as before.
    let own = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(own.contains("SigBlk:\t0000000000000000\n"), "{own}");
}
