//! The outbox of a living modem is nobody else's, whatever its own process does with the file.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use m531x_core::{ErrorCode, Modem, ModemOptions, OutboxFile, OutboxOptions, PublishOptions, QoS};
use m531x_test_support::driver::{Peer, options};

/// Names the file to the second process.
const FILE: &str = "M531X_TEST_OUTBOX";

fn open(path: &Path) -> Modem {
    let (_peer, stream) = Peer::in_memory();
    let outbox = Some(OutboxOptions::new(path));
    let options = ModemOptions {
        outbox,
        ..options()
    };
    Modem::open_stream(stream, options).unwrap()
}

fn keep(modem: &Modem, count: usize) {
    let options = PublishOptions {
        qos: QoS::AtLeastOnce,
        ..PublishOptions::default()
    };
    for number in 0..count {
        modem
            .publish_nowait(&format!("out/{number}"), b"x", options)
            .unwrap();
    }
}

fn kept(path: &Path) -> usize {
    OutboxFile::open(path).unwrap().messages().unwrap().len()
}

/// Another program's way to the file.
fn sqlite(path: &Path) -> rusqlite::Connection {
    let file = rusqlite::Connection::open(path).unwrap();
    file.busy_timeout(Duration::ZERO).unwrap();
    file
}

/// What another process got when it tried to clear the outbox: with m531x, and with SQLite itself.
fn clear_from_another_process(path: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "second_process", "--ignored", "--nocapture"])
        .env(FILE, path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut results = text
        .lines()
        .filter_map(|line| Some(line.split_once("result: ")?.1));
    results.next().unwrap().to_owned()
}

#[test]
#[ignore = "the second process of the other tests"]
fn second_process() {
    let path = std::env::var(FILE).unwrap();
    let ours = match OutboxFile::open(&path).and_then(|mut file| file.clear()) {
        Ok(count) => format!("cleared {count}"),
        Err(error) => format!("{:?}", error.code()),
    };
    let foreign = match sqlite(Path::new(&path)).execute("DELETE FROM message", []) {
        Ok(count) => format!("deleted {count}"),
        Err(error) => format!("{:?}", error.sqlite_error_code().unwrap()),
    };
    println!("\nresult: {ours}, {foreign}");
}

#[test]
fn a_backup_by_the_owner_itself_does_not_open_the_file_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let modem = open(&path);
    keep(&modem, 50);
    fs::copy(&path, folder.path().join("backup")).unwrap();
    assert_eq!(
        clear_from_another_process(&path),
        "OutboxInUse, DatabaseBusy"
    );
    // What is refused in the own process closes a descriptor, too.
    assert_eq!(
        OutboxFile::open(&path).unwrap_err().code(),
        ErrorCode::OutboxInUse
    );
    assert_eq!(
        clear_from_another_process(&path),
        "OutboxInUse, DatabaseBusy"
    );
    modem.close().unwrap();
    assert_eq!(kept(&path), 50);
    assert_eq!(clear_from_another_process(&path), "cleared 50, deleted 0");
}

#[test]
fn another_sqlite_in_the_own_process_is_kept_out_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let modem = open(&path);
    keep(&modem, 3);
    let file = sqlite(&path);
    let error = file.execute("DELETE FROM message", []).unwrap_err();
    assert_eq!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy)
    );
    drop(file);
    assert_eq!(
        clear_from_another_process(&path),
        "OutboxInUse, DatabaseBusy"
    );
    modem.close().unwrap();
    assert_eq!(kept(&path), 3);
}

#[test]
fn a_file_that_another_sqlite_is_reading_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    open(&path).close().unwrap();
    let file = sqlite(&path);
    file.execute_batch("PRAGMA journal_mode = DELETE; BEGIN; SELECT * FROM message")
        .unwrap();
    assert_eq!(
        OutboxFile::open(&path).unwrap_err().code(),
        ErrorCode::OutboxInUse
    );
    drop(file);
    OutboxFile::open(&path).unwrap();
}

#[test]
fn other_names_of_the_file_are_no_way_around_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let modem = open(&path);
    keep(&modem, 5);
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(
        clear_from_another_process(&link),
        "OutboxInUse, DatabaseBusy"
    );
    let second = folder.path().join("second");
    fs::hard_link(&path, &second).unwrap();
    for name in [&path, &second] {
        let error = OutboxFile::open(name).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OutboxFailed, "{error}");
        assert!(error.to_string().contains("2 names"), "{error}");
    }
    fs::remove_file(&second).unwrap();
    modem.close().unwrap();
    assert_eq!(kept(&link), 5);
}

#[test]
fn a_link_to_nothing_makes_no_file_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("elsewhere");
    let path = folder.path().join("outbox");
    symlink(&target, &path).unwrap();
    let (_peer, stream) = Peer::in_memory();
    let options = ModemOptions {
        outbox: Some(OutboxOptions::new(&path)),
        ..options()
    };
    let error = Modem::open_stream(stream, options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutboxFailed);
    assert!(error.to_string().contains("symbolic link"), "{error}");
    assert!(!target.exists());
    // Made by its own name it is private, and then the link will do.
    open(&target).close().unwrap();
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    open(&path);
}

#[test]
fn the_log_of_another_database_is_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    for (suffix, empty_file) in [("-wal", false), ("-wal", true), ("-journal", false)] {
        let path = folder.path().join("outbox");
        let foreign = folder.path().join(format!("outbox{suffix}"));
        fs::write(&foreign, "somebody else's").unwrap();
        if empty_file {
            fs::write(&path, "").unwrap();
        }
        let (_peer, stream) = Peer::in_memory();
        let options = ModemOptions {
            outbox: Some(OutboxOptions::new(&path)),
            ..options()
        };
        let error = Modem::open_stream(stream, options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OutboxFailed, "{error}");
        assert!(
            error.to_string().contains(foreign.to_str().unwrap()),
            "{error}"
        );
        assert_eq!(path.exists(), empty_file);
        assert_eq!(fs::read_to_string(&foreign).unwrap(), "somebody else's");
        fs::remove_file(&foreign).unwrap();
        open(&path);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn what_is_no_plain_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    for path in [&pipe, folder.path()] {
        let (_peer, stream) = Peer::in_memory();
        let options = ModemOptions {
            outbox: Some(OutboxOptions::new(path)),
            ..options()
        };
        let error = Modem::open_stream(stream, options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OutboxFailed, "{error}");
    }
}
