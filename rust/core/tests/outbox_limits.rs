//! An outbox is bounded, belongs to one modem at a time, and says what is wrong with its file.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use m531x_core::{
    ConnectOptions, Delivery, Error, ErrorCode, EventKind, Incoming, Modem, ModemOptions,
    OutboxFile, OutboxOptions, OutboxOverflow, PublishOptions, QoS,
};
use m531x_test_support::driver::{Peer, eventually, options};

fn open(outbox: OutboxOptions) -> Result<(Peer, Modem), Error> {
    open_with(outbox, |_| None)
}

fn open_with(
    outbox: OutboxOptions,
    script: impl FnMut(&str) -> Option<String> + Send + 'static,
) -> Result<(Peer, Modem), Error> {
    let (peer, stream) = Peer::in_memory_with(script);
    let options = ModemOptions {
        outbox: Some(outbox),
        ..options()
    };
    Modem::open_stream(stream, options).map(|modem| (peer, modem))
}

fn refused(outbox: OutboxOptions) -> Error {
    open(outbox).err().expect("it is refused")
}

fn keep(modem: &Modem, topic: &str, payload: &[u8]) -> Result<Delivery, Error> {
    let options = PublishOptions {
        qos: QoS::AtLeastOnce,
        ..PublishOptions::default()
    };
    modem.publish_nowait(topic, payload, options)
}

fn connect(modem: &Modem) {
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
}

fn topics(path: &Path) -> Vec<String> {
    let messages = OutboxFile::open(path).unwrap().messages().unwrap();
    messages.into_iter().map(|message| message.topic).collect()
}

fn next_event(modem: &Modem, kind: EventKind) -> (i64, String) {
    loop {
        match modem.recv(Some(Duration::from_secs(20))).unwrap() {
            Some(Incoming::Event(event)) if event.kind == kind => {
                return (event.value, event.text);
            }
            Some(_) => {}
            None => panic!("no {kind}"),
        }
    }
}

#[test]
fn a_full_outbox_refuses_with_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let (_peer, modem) = open(OutboxOptions {
        max_messages: 2,
        ..OutboxOptions::new(folder.path().join("outbox"))
    })
    .unwrap();
    keep(&modem, "a", b"x").unwrap();
    keep(&modem, "b", b"x").unwrap();
    let error = keep(&modem, "c", b"x").unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutboxFull);
    assert!(error.to_string().contains("2 of 2 messages"), "{error}");
    connect(&modem);
    eventually("there is room", || keep(&modem, "c", b"x").is_ok());
}

#[test]
fn bytes_count_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let (_peer, modem) = open(OutboxOptions {
        max_bytes: 100,
        ..OutboxOptions::new(folder.path().join("outbox"))
    })
    .unwrap();
    let error = keep(&modem, "a", &[0; 100]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutboxFull);
    keep(&modem, "a", &[0; 99]).unwrap();
    assert_eq!(modem.stats().outbox.unwrap().bytes, 100);
    keep(&modem, "a", b"").unwrap_err();
}

#[test]
fn the_oldest_can_make_room_for_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (_peer, modem) = open(OutboxOptions {
        max_messages: 2,
        overflow: OutboxOverflow::DropOldest,
        ..OutboxOptions::new(&path)
    })
    .unwrap();
    let first = keep(&modem, "a", b"x").unwrap();
    for topic in ["b", "c"] {
        keep(&modem, topic, b"x").unwrap();
    }
    assert_eq!(next_event(&modem, EventKind::OutboxDropped).0, 1);
    let error = first.wait(None).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutboxFull);
    let stats = modem.stats().outbox.unwrap();
    assert_eq!((stats.stored, stats.dropped, stats.messages), (3, 1, 2));
    modem.close().unwrap();
    assert_eq!(topics(&path), ["b", "c"]);
}

#[test]
fn one_that_the_module_refuses_for_good_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let refuse = |command: &str| {
        command
            .starts_with("AT+MQTTPUB=\"poison\"")
            .then(|| "\r\n+CME ERROR:50\r\n".to_owned())
    };
    let (_peer, modem) = open_with(OutboxOptions::new(&path), refuse).unwrap();
    let poison = keep(&modem, "poison", b"x").unwrap();
    let good = keep(&modem, "good", b"x").unwrap();
    connect(&modem);
    good.wait(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(next_event(&modem, EventKind::OutboxSetAside).0, 1);
    let error = poison.wait(Some(Duration::from_secs(20))).unwrap_err();
    assert!(error.to_string().contains("set aside"), "{error}");
    let stats = modem.stats().outbox.unwrap();
    assert_eq!((stats.messages, stats.set_aside), (0, 1));
    modem.close().unwrap();

    let mut file = OutboxFile::open(&path).unwrap();
    let messages = file.messages().unwrap();
    assert_eq!(messages[0].topic, "poison");
    let why = messages[0].set_aside.clone().unwrap();
    assert!(why.contains("50"), "{why}");
    assert_eq!(file.retry().unwrap(), 1);
    drop(file);
    let (_peer, modem) = open(OutboxOptions::new(&path)).unwrap();
    connect(&modem);
    eventually("another module takes it", || {
        modem.stats().outbox.unwrap().messages == 0
    });
}

#[test]
fn what_is_set_aside_makes_room_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let refuse = |command: &str| {
        command
            .starts_with("AT+MQTTPUB=\"poison\"")
            .then(|| "\r\n+CME ERROR:50\r\n".to_owned())
    };
    let limits = OutboxOptions {
        max_messages: 2,
        ..OutboxOptions::new(&path)
    };
    let (_peer, modem) = open_with(limits, refuse).unwrap();
    keep(&modem, "poison", b"x").unwrap();
    keep(&modem, "good", b"x").unwrap();
    connect(&modem);
    next_event(&modem, EventKind::OutboxSetAside);
    modem.disconnect().unwrap();
    keep(&modem, "b", b"x").unwrap();
    keep(&modem, "c", b"x").unwrap();
    keep(&modem, "d", b"x").unwrap_err();
    modem.close().unwrap();
    assert_eq!(topics(&path), ["b", "c"]);
}

#[test]
fn a_file_in_use_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (_peer, modem) = open(OutboxOptions::new(&path)).unwrap();
    let error = refused(OutboxOptions::new(&path));
    assert_eq!(error.code(), ErrorCode::OutboxInUse);
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    assert_eq!(
        OutboxFile::open(&path).unwrap_err().code(),
        ErrorCode::OutboxInUse
    );
    keep(&modem, "a", b"x").unwrap();
}

#[test]
fn a_damaged_file_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (_peer, modem) = open(OutboxOptions::new(&path)).unwrap();
    keep(&modem, "a", b"the payload").unwrap();
    modem.close().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(11).position(|w| w == b"the payload").unwrap();
    bytes[place] = b'T';
    fs::write(&path, &bytes).unwrap();
    let error = refused(OutboxOptions::new(&path));
    assert_eq!(error.code(), ErrorCode::OutboxCorrupt);
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains("message 1 is damaged"), "{text}");
    assert!(text.contains("move it away"), "{text}");
    assert!(!text.contains('\n'), "{text}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn something_else_is_not_taken_for_an_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| refused(OutboxOptions::new(path));
    let text = folder.path().join("text");
    fs::write(&text, "this is my diary, line after line\n".repeat(50)).unwrap();
    assert_eq!(refused(&text).code(), ErrorCode::OutboxCorrupt);
    assert_eq!(refused(folder.path()).code(), ErrorCode::OutboxFailed);
    let nowhere = folder.path().join("no/such/folder");
    assert_eq!(refused(&nowhere).code(), ErrorCode::OutboxFailed);
    assert_eq!(refused(Path::new("")).code(), ErrorCode::InvalidArgument);
    let other = folder.path().join("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE mine (a)").unwrap();
    drop(connection);
    assert_eq!(refused(&other).code(), ErrorCode::OutboxFailed);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    drop(open(OutboxOptions::new(&path)).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(connection);
    let error = refused(OutboxOptions::new(&path));
    assert_eq!(error.code(), ErrorCode::OutboxFailed);
    assert!(error.to_string().contains("version 7"), "{error}");
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = || OutboxOptions::new(folder.path().join("outbox"));
    let bad = [
        OutboxOptions {
            max_messages: 0,
            ..options()
        },
        OutboxOptions {
            max_bytes: 0,
            ..options()
        },
        OutboxOptions {
            in_flight: 0,
            ..options()
        },
        OutboxOptions {
            in_flight: 33,
            ..options()
        },
    ];
    for outbox in bad {
        let error = refused(outbox);
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
    }
    assert!(!folder.path().join("outbox").exists());
}

#[test]
fn a_file_can_be_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (_peer, modem) = open(OutboxOptions::new(&path)).unwrap();
    keep(&modem, "a", b"x").unwrap();
    keep(&modem, "b", b"x").unwrap();
    modem.close().unwrap();
    assert_eq!(OutboxFile::open(&path).unwrap().clear().unwrap(), 2);
    assert!(topics(&path).is_empty());
}
