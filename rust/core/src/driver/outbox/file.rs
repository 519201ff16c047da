//! The outbox file: making it, finding out whether it is one and whole, and what to say if not.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode as Sqlite, OpenFlags};

use crate::{Error, ErrorCode};

/// "m531" in SQLite's header.
const APPLICATION: i32 = 0x6d35_3331;

/// Of the table below; a file with a higher one was written by a newer m531x.
const VERSION: i32 = 1;

const TABLE: &str = "CREATE TABLE message (
    id INTEGER PRIMARY KEY, -- the order in which they are sent
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    stored_at INTEGER NOT NULL, -- milliseconds since 1970
    set_aside TEXT, -- why it was refused for good, if it was
    checksum INTEGER NOT NULL
)";

/// Opens or makes the file, locks it against everybody else, and has SQLite look at every page.
pub(super) fn open(path: &Path, failure: &Failure) -> Result<Connection, Error> {
    if path.as_os_str().is_empty() {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            "the outbox's path is empty; name a file, which is made if there is none",
        ));
    }
    // SQLite has names such as :memory: that are no files.
    let path = std::path::absolute(path).map_err(|error| failure.other("be opened", &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    keep_private(&path);
    if is_stump(&path) {
        return Err(failure.corrupt("it is shorter than any database"));
    }
    let failed = |error| failure.of_sqlite("be opened", &error);
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    // Whoever has the file has it until it is closed; without shared memory beside it.
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
             PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE",
        )
        .map_err(failed)?;
    check_kind(&connection, failure)?;
    connection.execute_batch("COMMIT").map_err(failed)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(failure.other("be opened", &"it cannot have a write-ahead log"));
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed)?;
    if verdict != "ok" {
        return Err(failure.corrupt(&verdict));
    }
    Ok(connection)
}

/// Makes a file that is not there yet for its owner alone, where SQLite would let others read; what SQLite makes
/// beside it has the same rights.
fn keep_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // One that is there keeps the rights it was given; SQLite tells what else is the matter.
    let _ = options.open(path);
}

/// SQLite takes a file of one byte for an empty one and would write over it. What a power cut left in the middle of
/// the first commit has a journal beside it, from which SQLite mends it.
fn is_stump(path: &Path) -> bool {
    const SMALLEST_PAGE: u64 = 512;
    let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    (1..SMALLEST_PAGE).contains(&length) && !Path::new(&journal).exists()
}

/// Makes the table in a new file; refuses a file of somebody else.
fn check_kind(connection: &Connection, failure: &Failure) -> Result<(), Error> {
    let failed = |error| failure.of_sqlite("be read", &error);
    let number = |pragma: &str| -> rusqlite::Result<i32> {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
    };
    let application = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    let mut select = connection
        .prepare("SELECT coalesce(sql, '') FROM sqlite_master")
        .map_err(failed)?;
    let tables: Vec<String> = select
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    match (application, version, tables.as_slice()) {
        (0, 0, []) => connection
            .execute_batch(&format!(
                "{TABLE}; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}"
            ))
            .map_err(|error| failure.of_sqlite("be made", &error)),
        (APPLICATION, VERSION, [table]) if table == TABLE => Ok(()),
        (APPLICATION, newer, _) if newer > VERSION => Err(failure.other(
            "be used",
            &format!(
                "its format is version {newer}, and this m531x knows {VERSION}; use a newer one"
            ),
        )),
        (APPLICATION, ..) => Err(failure.corrupt("its table is not that of an outbox")),
        _ => Err(failure.other(
            "be used",
            &"it is a database of something else; name a file of its own",
        )),
    }
}

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
            Some(Sqlite::DatabaseBusy | Sqlite::DatabaseLocked) => Error::new(
                ErrorCode::OutboxInUse,
                format!(
                    "outbox {}: another modem or program has it open; close that first, or use another file",
                    self.path.display()
                ),
            ),
            Some(Sqlite::DatabaseCorrupt | Sqlite::NotADatabase) => self.corrupt(&message(error)),
            Some(Sqlite::DiskFull) => self.other(what, &"the disk is full; make room"),
            Some(Sqlite::CannotOpen) => self.other(
                what,
                &"it cannot be opened; check that its folder exists and may be written",
            ),
            Some(Sqlite::ReadOnly | Sqlite::PermissionDenied) => self.other(
                what,
                &"it may not be written; check the rights on the file and its folder",
            ),
            _ => self.other(what, &message(error)),
        }
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
