//! What is wrong with an outbox file, in one line that names it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode as Sqlite;

use crate::{Error, ErrorCode};

pub(super) const IN_USE: &str = "another modem or program has it open";
const NO_FOLDER: &str = "it cannot be opened; check that its folder exists and may be written";
const NO_RIGHTS: &str = "it may not be written; check the rights on the file and its folder";
const FULL: &str = "the disk is full; make room";

/// Makes errors that name the file.
#[derive(Debug)]
pub(super) struct Failure {
    path: PathBuf,
}

impl Failure {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// `what` goes on after "cannot".
    pub(super) fn of_sqlite(&self, what: &str, error: &rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(Sqlite::DatabaseBusy | Sqlite::DatabaseLocked) => self.in_use(IN_USE),
            Some(Sqlite::DatabaseCorrupt | Sqlite::NotADatabase) => self.corrupt(&message(error)),
            Some(Sqlite::DiskFull) => self.other(what, &FULL),
            Some(Sqlite::CannotOpen) => self.other(what, &NO_FOLDER),
            Some(Sqlite::ReadOnly | Sqlite::PermissionDenied) => self.other(what, &NO_RIGHTS),
            _ => self.other(what, &message(error)),
        }
    }

    /// `what` goes on after "cannot".
    pub(super) fn of_io(&self, what: &str, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => self.other(what, &NO_FOLDER),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                self.other(what, &NO_RIGHTS)
            }
            io::ErrorKind::StorageFull => self.other(what, &FULL),
            _ => self.other(what, error),
        }
    }

    pub(super) fn in_use(&self, by: &str) -> Error {
        Error::new(
            ErrorCode::OutboxInUse,
            format!(
                "outbox {}: {by}; close that first, or use another file",
                self.path.display()
            ),
        )
    }

    pub(super) fn corrupt(&self, why: &str) -> Error {
        Error::new(
            ErrorCode::OutboxCorrupt,
            format!(
                "outbox {}: damaged ({}); nothing was changed: move it away to begin with an empty one, \
                 sqlite3's .recover may save its messages",
                self.path.display(),
                one_line(why)
            ),
        )
    }

    pub(super) fn other(&self, what: &str, why: &dyn std::fmt::Display) -> Error {
        Error::new(
            ErrorCode::OutboxFailed,
            format!(
                "outbox {}: it cannot {what}: {}",
                self.path.display(),
                one_line(&why.to_string())
            ),
        )
    }
}

fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        error => error.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
