//! The file of a recording: whose it is, how large it grows, and what becomes of one that is there.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use m531x_core::replay::Replay;
use m531x_core::{ErrorCode, EventKind, Incoming, Modem, ModemOptions, RecordingOptions};
use m531x_test_support::recording::{module, open, open_recorded, replay};
use m531x_virtual_modem::Model;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// A recording may lag a moment behind.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < patience, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Has so much pass that a file of the least size is full.
fn fill(modem: &Modem) {
    let line = format!("AT+X=\"{}\"", "x".repeat(900));
    for _ in 0..80 {
        // Not every module knows it; it passes all the same.
        let _ = modem.command(&line, None);
    }
}

#[test]
fn the_file_is_its_owners_and_grows_while_the_session_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let modem = open_recorded(&module, &path);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    modem.signal().unwrap();
    // As it is if the process dies now.
    wait_until("the answer is in the file", || {
        read(&path).contains("+CSQ:")
    });
    let header = read(&path);
    for line in [
        "# m531x recording 1\n",
        "# library: ",
        "# started: 20",
        "# port: ",
        "# model: auto\n",
        "# baudrate: ",
    ] {
        assert!(header.contains(line), "{line}: {header}");
    }
    modem.close().unwrap();
    wait_until("it has ended", || {
        read(&path).ends_with("! the modem was closed\n")
    });
}

#[test]
fn a_recording_that_is_there_is_put_aside_and_any_other_file_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let modem = open(&module, ModemOptions::default());
    modem.record(&path).unwrap().finish().unwrap();
    let first = read(&path);
    let second = modem.record(&path).unwrap();
    assert_eq!(read(&folder.path().join("field.rec.1")), first);
    let busy = modem.record(folder.path().join("another.rec")).unwrap_err();
    assert_eq!(busy.code(), ErrorCode::Busy);
    second.finish().unwrap();

    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "dear reader").unwrap();
    let link = folder.path().join("link.rec");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for bad in [
        &letter,
        &link,
        &folder.path().to_owned(),
        &folder.path().join("no/folder.rec"),
    ] {
        let error = modem.record(bad).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Recording, "{error}");
        assert!(error.to_string().contains(bad.to_str().unwrap()), "{error}");
    }
    assert_eq!(read(&letter), "dear reader");
    assert!(modem.recording().is_none());
}

#[test]
fn what_stands_in_the_place_of_the_older_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let older = folder.path().join("field.rec.1");
    let module = module(Model::M5311, &[]);
    let modem = open(&module, ModemOptions::default());
    modem.record(&path).unwrap().finish().unwrap();
    let first = read(&path);
    for content in ["dear reader", ""] {
        fs::write(&older, content).unwrap();
        let error = modem.record(&path).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Recording, "{error}");
        assert!(
            error.to_string().contains(older.to_str().unwrap()),
            "{error}"
        );
        assert_eq!(read(&older), content);
        assert_eq!(read(&path), first);
    }
    fs::remove_file(&older).unwrap();
    std::os::unix::fs::symlink(&path, &older).unwrap();
    modem.record(&path).unwrap_err();
    assert_eq!(read(&path), first);
}

#[test]
fn a_full_file_replaces_nothing_that_came_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let older = folder.path().join("field.rec.1");
    let module = module(Model::M5311, &[]);
    let modem = open(&module, ModemOptions::default());
    let full_with = |prepare: &dyn Fn()| {
        let recording = modem
            .record(RecordingOptions {
                limit: 0,
                ..RecordingOptions::new(&path)
            })
            .unwrap();
        prepare();
        wait_until("it has ended", || {
            fill(&modem);
            recording.is_finished()
        });
        recording.finish().unwrap_err().to_string()
    };
    let error = full_with(&|| fs::write(&older, "dear reader").unwrap());
    assert!(error.contains(older.to_str().unwrap()), "{error}");
    assert_eq!(read(&older), "dear reader");
    fs::remove_file(&older).unwrap();
    fs::remove_file(&path).unwrap();
    // The recording was moved away, and another file is under its name.
    let error = full_with(&|| {
        fs::rename(&path, folder.path().join("moved.rec")).unwrap();
        fs::write(&path, "dear reader").unwrap();
    });
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert_eq!(read(&path), "dear reader");
    assert!(!older.exists());
}

#[test]
fn a_full_file_is_put_aside_and_the_next_one_can_be_replayed_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let options = ModemOptions {
        recording: Some(RecordingOptions {
            limit: 0,
            ..RecordingOptions::new(&path)
        }),
        ..ModemOptions::default()
    };
    let modem = open(&module, options);
    let recording = modem.recording().unwrap();
    let older = folder.path().join("field.rec.1");
    wait_until("the file is full", || {
        fill(&modem);
        older.exists()
    });
    let size = fs::metadata(&older).unwrap().len();
    assert!((64 << 10..256 << 10).contains(&size), "{size}");
    modem.signal().unwrap();
    recording.finish().unwrap();
    let signal = |path: &Path| {
        let again = replay(path);
        assert_eq!(again.differences, [""; 0]);
        again
            .results
            .iter()
            .any(|(_, text)| text.starts_with("ok rssi_dbm="))
    };
    assert!(signal(&path) && !signal(&older));
    assert!(
        read(&path).contains("@ known model=M5311"),
        "{}",
        read(&path)
    );
}

#[test]
fn a_file_that_cannot_be_written_any_more_is_told_and_the_session_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.rec");
    let module = module(Model::M5311, &[]);
    let modem = open(&module, ModemOptions::default());
    let recording = modem
        .record(RecordingOptions {
            limit: 0,
            ..RecordingOptions::new(&path)
        })
        .unwrap();
    drop(folder);
    wait_until("it has ended", || {
        fill(&modem);
        recording.is_finished()
    });
    modem.signal().unwrap();
    let event = loop {
        if let Some(Incoming::Event(event)) = modem.recv(Some(Duration::from_secs(20))).unwrap() {
            if event.kind == EventKind::RecordingStopped {
                break event;
            }
        }
    };
    let error = recording.finish().unwrap_err();
    assert_eq!(error.code(), ErrorCode::Recording);
    assert_eq!(event.text, error.to_string());
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    for (text, line) in [
        ("AT\r\nOK\r\n", 1),
        ("# m531x recording 1\n0.1 ? x startup\n", 2),
        ("# m531x recording 1\n\n0.1 ? 0 dance\n", 3),
        ("# m531x recording 1\n0.1 @ dance\n", 2),
        ("# m531x recording 1\n0.1 = 7x ok\n", 2),
    ] {
        let error = Replay::new(text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Recording);
        assert!(
            error.to_string().contains(&format!("line {line}: ")),
            "{error}"
        );
    }
    let error = Replay::open("/no/such.rec").unwrap_err();
    assert!(
        error.to_string().starts_with("recording /no/such.rec: "),
        "{error}"
    );
}
