//! What was accepted into an outbox is sent, whatever happens in between.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use m531x_core::operation::Publish;
use m531x_core::{
    ConnectOptions, Delivery, ErrorCode, Modem, ModemOptions, OutboxFile, OutboxOptions,
    PublishOptions, QoS, Stream,
};
use m531x_test_support::driver::{Peer, eventually, open_connected, options};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

fn with_outbox(path: &Path) -> ModemOptions {
    ModemOptions {
        outbox: Some(OutboxOptions::new(path)),
        ..options()
    }
}

fn open(stream: Stream, path: &Path) -> Modem {
    Modem::open_stream(stream, with_outbox(path)).unwrap()
}

fn connect(modem: &Modem) {
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
}

fn at_least_once() -> PublishOptions {
    PublishOptions {
        qos: QoS::AtLeastOnce,
        ..PublishOptions::default()
    }
}

fn keep(modem: &Modem, number: u32) -> Delivery {
    let topic = format!("out/{number}");
    modem.publish_nowait(&topic, b"x", at_least_once()).unwrap()
}

/// The numbers that were published, as the module saw them.
fn published(peer: &Peer) -> Vec<u32> {
    let number = |line: &String| {
        let rest = line.strip_prefix("AT+MQTTPUB=\"out/")?;
        rest.split('"').next()?.parse().ok()
    };
    peer.commands().iter().filter_map(number).collect()
}

fn waiting(modem: &Modem) -> u64 {
    modem.stats().outbox.unwrap().messages
}

/// Takes every command and acknowledges no publish.
fn never_acknowledges(command: &str) -> Option<String> {
    command
        .starts_with("AT+MQTTPUB=")
        .then(|| "\r\nOK\r\n".to_owned())
}

#[cfg(unix)]
#[test]
fn the_file_and_what_lies_beside_it_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream, &folder.path().join("outbox"));
    keep(&modem, 1);
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}: {mode:o}", entry.path());
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn what_was_published_before_the_connection_is_sent_after_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream, &folder.path().join("outbox"));
    let deliveries: Vec<_> = (0..5).map(|number| keep(&modem, number)).collect();
    assert_eq!(waiting(&modem), 5);
    assert!(deliveries.iter().all(|delivery| !delivery.done()));
    connect(&modem);
    for delivery in &deliveries {
        assert_eq!(delivery.wait(PATIENCE).unwrap().qos, QoS::AtLeastOnce);
    }
    assert_eq!(published(&peer), [0, 1, 2, 3, 4]);
    assert_eq!(waiting(&modem), 0);
    assert_eq!(modem.stats().outbox.unwrap().sent, 5);
}

#[test]
fn what_one_process_has_not_sent_the_next_one_sends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream, &path);
    keep(&modem, 1);
    keep(&modem, 2);
    modem.close().unwrap();
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream, &path);
    assert_eq!(waiting(&modem), 2);
    keep(&modem, 3);
    connect(&modem);
    eventually("all are sent", || waiting(&modem) == 0);
    assert_eq!(published(&peer), [1, 2, 3]);
}

#[test]
fn a_message_leaves_the_file_only_once_it_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (peer, stream) = Peer::in_memory_with(never_acknowledges);
    let modem = open(stream, &path);
    connect(&modem);
    keep(&modem, 1);
    peer.await_command("AT+MQTTPUB=");
    modem.close().unwrap();
    let kept = OutboxFile::open(&path).unwrap().messages().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].topic, "out/1");
    assert_eq!(kept[0].payload, b"x");
}

#[test]
fn the_next_one_is_sent_after_the_acknowledgement_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stream) = Peer::in_memory_with(never_acknowledges);
    let modem = open(stream, &folder.path().join("outbox"));
    connect(&modem);
    let first = keep(&modem, 1);
    let second = keep(&modem, 2);
    peer.await_command("AT+MQTTPUB=");
    assert!(second.wait(Some(Duration::from_millis(50))).is_err());
    assert_eq!(published(&peer), [1]);
    peer.say("+MQTTPUBACK:1,0\r\n");
    first.wait(PATIENCE).unwrap();
    peer.await_command("AT+MQTTPUB=");
    assert_eq!(published(&peer), [1, 2]);
}

#[test]
fn publish_without_a_connection_says_that_the_message_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream, &folder.path().join("outbox"));
    let error = modem.publish("out/1", b"x", at_least_once()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotConnected);
    assert!(error.to_string().contains("in the outbox"), "{error}");
    connect(&modem);
    eventually("it is sent", || waiting(&modem) == 0);
    modem.publish("out/2", b"x", at_least_once()).unwrap();
    assert_eq!(waiting(&modem), 0);
    modem.disconnect().unwrap();
    modem.publish("out/3", b"x", at_least_once()).unwrap_err();
    assert_eq!(waiting(&modem), 1);
    connect(&modem);
    eventually("it is sent", || waiting(&modem) == 0);
    assert_eq!(published(&peer), [1, 2, 3]);
}

#[test]
fn a_wait_that_runs_out_leaves_the_message_in_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stream) = Peer::in_memory_with(never_acknowledges);
    let modem = open(stream, &folder.path().join("outbox"));
    connect(&modem);
    let options = PublishOptions {
        timeout: Some(Duration::from_millis(50)),
        ..at_least_once()
    };
    let error = modem.publish("out/1", b"x", options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert!(error.to_string().contains("stays in the outbox"), "{error}");
    assert_eq!(waiting(&modem), 1);
    peer.say("+MQTTPUBACK:1,0\r\n");
    eventually("the acknowledgement counts", || waiting(&modem) == 0);
}

#[test]
fn a_disconnect_ends_the_wait_and_keeps_the_message() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stream) = Peer::in_memory_with(never_acknowledges);
    let modem = open(stream, &folder.path().join("outbox"));
    connect(&modem);
    let mut pending = modem
        .start(Publish::new("out/1", b"x", at_least_once()))
        .unwrap();
    let delivery = keep(&modem, 2);
    peer.await_command("AT+MQTTPUB=");
    modem.disconnect().unwrap();
    let ended = pending.wait_for(Duration::from_secs(10)).unwrap();
    assert_eq!(ended.unwrap_err().code(), ErrorCode::NotConnected);
    assert!(!delivery.done());
    assert_eq!(waiting(&modem), 2);
}

#[test]
fn a_close_ends_the_wait_and_says_where_the_message_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream, &path);
    let delivery = keep(&modem, 1);
    let (sender, end) = mpsc::channel();
    delivery.on_done(move |result| sender.send(result).unwrap());
    modem.close().unwrap();
    let error = end.recv_timeout(Duration::from_secs(10)).unwrap();
    let error = error.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Closed);
    assert!(error.to_string().contains("stays in the outbox"), "{error}");
    let refused = modem.publish_nowait("out/2", b"x", at_least_once());
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Closed);
    // The file is free as soon as close returns.
    assert_eq!(
        OutboxFile::open(&path).unwrap().messages().unwrap().len(),
        1
    );
}

#[test]
fn a_port_that_is_gone_for_good_does_not_keep_messages_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream, &path);
    connect(&modem);
    drop(peer);
    eventually("the port is gone", || modem.signal().is_err());
    let delivery = keep(&modem, 1);
    let error = delivery.wait(PATIENCE).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Port);
    assert!(error.to_string().contains("stays in the outbox"), "{error}");
    modem.close().unwrap();
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream, &path);
    connect(&modem);
    eventually("it is sent", || waiting(&modem) == 0);
    assert_eq!(published(&peer), [1]);
}

#[test]
fn qos_0_never_goes_into_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream, &folder.path().join("outbox"));
    let error = modem
        .publish("out/1", b"x", PublishOptions::default())
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotConnected);
    assert_eq!(waiting(&modem), 0);
}

#[test]
fn what_the_module_cannot_take_is_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (_peer, stream) = Peer::in_memory();
    let modem = open(stream, &folder.path().join("outbox"));
    for (topic, payload) in [
        ("", &b"x"[..]),
        ("a/#", b"x"),
        ("a\nb", b"x"),
        ("a", &[0; 3000]),
    ] {
        let error = modem
            .publish_nowait(topic, payload, at_least_once())
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{topic:?}");
    }
    assert_eq!(waiting(&modem), 0);
}

#[test]
fn an_outbox_can_be_had_and_left_while_the_modem_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (peer, stream) = Peer::in_memory();
    let modem = open_connected(stream, options());
    assert_eq!(modem.stats().outbox, None);
    modem.set_outbox(Some(OutboxOptions::new(&path))).unwrap();
    keep(&modem, 1).wait(PATIENCE).unwrap();
    // The same file again: the one before is closed first.
    modem.set_outbox(Some(OutboxOptions::new(&path))).unwrap();
    keep(&modem, 2).wait(PATIENCE).unwrap();
    modem.set_outbox(None).unwrap();
    OutboxFile::open(&path).unwrap();
    keep(&modem, 3).wait(PATIENCE).unwrap();
    assert_eq!(published(&peer), [1, 2, 3]);
}

#[test]
fn many_threads_share_commits_and_every_message_arrives_once() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream, &folder.path().join("outbox"));
    connect(&modem);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let modem = &modem;
            scope.spawn(move || {
                for number in 0..50 {
                    keep(modem, thread * 1000 + number);
                }
            });
        }
    });
    eventually("all are sent", || waiting(&modem) == 0);
    let mut numbers = published(&peer);
    for thread in 0..8 {
        let of_thread: Vec<u32> = numbers
            .iter()
            .copied()
            .filter(|number| number / 1000 == thread)
            .collect();
        assert!(of_thread.is_sorted(), "{of_thread:?}");
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 400);
}
