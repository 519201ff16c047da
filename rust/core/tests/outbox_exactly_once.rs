//! On a kept session the broker holds what a killed program has left unfinished of QoS 2, and takes
//! another publish with the same packet id for a copy. The outbox remembers that there may be some.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use m531x_core::{
    ConnectOptions, Modem, ModemOptions, OutboxFile, OutboxOptions, PublishOptions, QoS,
};
use m531x_test_support::driver::{Peer, eventually, options};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

/// A program with an outbox, and its module.
struct Program {
    peer: Peer,
    modem: Modem,
    folder: PathBuf,
}

impl Program {
    fn start(folder: &Path, script: fn(&str) -> Option<String>, clean_session: bool) -> Self {
        let (peer, stream) = Peer::in_memory_with(script);
        let options = ModemOptions {
            outbox: Some(OutboxOptions::new(folder.join("outbox"))),
            ..options()
        };
        let modem = Modem::open_stream(stream, options).unwrap();
        modem
            .connect(ConnectOptions {
                clean_session,
                ..ConnectOptions::new("broker", "client")
            })
            .unwrap();
        Self {
            peer,
            modem,
            folder: folder.to_owned(),
        }
    }

    fn begin(&self, topic: &str) -> m531x_core::Delivery {
        let options = PublishOptions {
            qos: QoS::ExactlyOnce,
            ..PublishOptions::default()
        };
        self.modem.publish_nowait(topic, b"x", options).unwrap()
    }

    /// The QoS with which a publish of QoS 2 goes through.
    fn publish(&self, topic: &str) -> QoS {
        self.begin(topic).wait(PATIENCE).unwrap().qos
    }

    /// The files as they are when the program is killed now.
    fn killed(self) -> tempfile::TempDir {
        let files = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&self.folder).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), files.path().join(entry.file_name())).unwrap();
        }
        files
    }
}

/// Takes every publish, and hears nothing of the broker.
fn finishes_none(command: &str) -> Option<String> {
    command
        .starts_with("AT+MQTTPUB=")
        .then(|| "\r\nOK\r\n".to_owned())
}

fn obliges(_: &str) -> Option<String> {
    None
}

/// What a program leaves that was killed with a publish of QoS 2 under way.
fn left_unfinished() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), finishes_none, false);
    let _ = program.begin("first");
    program.peer.await_command("AT+MQTTPUB=\"first\",2");
    program.killed()
}

#[test]
fn a_killed_program_is_followed_by_one_that_publishes_with_qos_1_on_a_kept_session() {
    let mut files = left_unfinished();
    // The broker holds it for good, also once the message itself has arrived.
    for _ in 0..2 {
        let program = Program::start(files.path(), obliges, false);
        assert_eq!(program.publish("second"), QoS::AtLeastOnce);
        assert_eq!(program.publish("third"), QoS::AtLeastOnce);
        let twice = program.peer.commands();
        assert!(
            !twice.iter().any(|line| line.contains("\",2,")),
            "{twice:?}"
        );
        files = program.killed();
    }
    assert_eq!(
        OutboxFile::open(files.path().join("outbox"))
            .unwrap()
            .messages(),
        Ok(vec![])
    );
}

#[test]
fn a_new_session_at_the_broker_ends_that() {
    let files = left_unfinished();
    let program = Program::start(files.path(), obliges, true);
    assert_eq!(program.publish("second"), QoS::ExactlyOnce);
    let files = forgotten(program);
    let program = Program::start(files.path(), obliges, false);
    assert_eq!(program.publish("third"), QoS::ExactlyOnce);
}

#[test]
fn a_program_that_has_finished_everything_leaves_no_such_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), obliges, false);
    assert_eq!(program.publish("first"), QoS::ExactlyOnce);
    let files = forgotten(program);
    let program = Program::start(files.path(), obliges, false);
    assert_eq!(program.publish("second"), QoS::ExactlyOnce);
}

#[test]
fn a_publish_that_was_given_up_is_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), finishes_none, false);
    let _ = program.begin("first");
    program.peer.await_command("AT+MQTTPUB=\"first\",2");
    // Closed in order.
    drop(program);
    let program = Program::start(folder.path(), obliges, false);
    assert_eq!(program.publish("second"), QoS::AtLeastOnce);
}

#[test]
fn a_file_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let program = Program::start(folder.path(), finishes_none, false);
    let _ = program.begin("first");
    program.peer.await_command("AT+MQTTPUB=\"first\",2");
    drop(program);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("DROP TABLE unfinished; PRAGMA user_version = 1")
        .unwrap();
    drop(connection);
    let messages = OutboxFile::open(&path).unwrap().messages().unwrap();
    assert_eq!(messages.len(), 1);
    let program = Program::start(folder.path(), obliges, false);
    assert_eq!(program.publish("second"), QoS::ExactlyOnce);
}

/// The files once the program knows that nothing is unfinished.
fn forgotten(program: Program) -> tempfile::TempDir {
    let mut files = None;
    let folder = program.folder.clone();
    eventually("nothing is unfinished", || {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let connection = rusqlite::Connection::open(copy.path().join("outbox")).unwrap();
        let unfinished: u32 = connection
            .query_row("SELECT count(*) FROM unfinished", [], |row| row.get(0))
            .unwrap();
        drop(connection);
        files = Some(copy);
        unfinished == 0
    });
    drop(program);
    files.unwrap()
}
