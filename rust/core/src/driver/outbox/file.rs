//! The outbox file: making it, finding out whether it is one and whole, and what to say if not.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::failure::{Failure, IN_USE};
use super::lock::Lock;
use super::place;
use crate::Error;

/// "m531" in SQLite's header.
const APPLICATION: i32 = 0x6d35_3331;

/// Of the tables below; a file with a higher one was written by a newer m531x.
const VERSION: i32 = 2;
/// Without the second table.
const FIRST_VERSION: i32 = 1;

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

/// Has a row while the broker may hold a publish of QoS 2 that was not finished.
const UNFINISHED: &str = "CREATE TABLE unfinished (id INTEGER PRIMARY KEY)";

/// An open outbox file, which no one else has.
#[derive(Debug)]
pub(super) struct Database {
    /// Closed before the lock goes, and not at all by a forked child: both would write.
    connection: ManuallyDrop<Connection>,
    lock: Lock,
}

impl Database {
    /// The connection, for the process that opened it.
    pub(super) fn connection(&self, failure: &Failure) -> Result<&Connection, Error> {
        self.check_process(failure)?;
        Ok(&self.connection)
    }

    pub(super) fn connection_mut(&mut self, failure: &Failure) -> Result<&mut Connection, Error> {
        self.check_process(failure)?;
        Ok(&mut self.connection)
    }

    fn check_process(&self, failure: &Failure) -> Result<(), Error> {
        if self.lock.is_ours() {
            Ok(())
        } else {
            Err(failure.in_use("the process that this one was forked from has it open"))
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.lock.is_ours() {
            // SAFETY: it is dropped here alone, once, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.connection) }
        }
    }
}

/// Opens or makes the file, locks it against everybody else, and has SQLite look at every page.
pub(super) fn open(path: &Path, failure: &Failure) -> Result<Database, Error> {
    let (path, file) = place::open(path, failure)?;
    let failed = |error: &io::Error| failure.of_io("be opened", error);
    let lock = Lock::take(file)
        .map_err(|error| failed(&error))?
        .ok_or_else(|| failure.in_use(IN_USE))?;
    if is_stump(lock.file(), &path) {
        return Err(failure.corrupt("it is shorter than any database"));
    }
    let connection = connect(&path, &lock, failure)?;
    // What SQLite has opened by its name is what is locked.
    if !place::is_named(&path, lock.file()) {
        return Err(failure.other("be opened", &"it was replaced meanwhile"));
    }
    prepare(&connection, failure)?;
    Ok(Database {
        connection: ManuallyDrop::new(connection),
        lock,
    })
}

fn connect(path: &Path, lock: &Lock, failure: &Failure) -> Result<Connection, Error> {
    // The file is there: SQLite makes none.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match lock.sqlite_vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(|error| failure.of_sqlite("be opened", &error))
}

fn prepare(connection: &Connection, failure: &Failure) -> Result<(), Error> {
    let failed = |error| failure.of_sqlite("be opened", &error);
    // The holder keeps the file until it is closed; without state memory beside it.
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
             PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE",
        )
        .map_err(failed)?;
    check_kind(connection, failure)?;
    connection.execute_batch("COMMIT").map_err(failed)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(failure.other("be opened", &"it cannot have a write-ahead log"));
    }
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed)?;
    if found != "ok" {
        return Err(failure.corrupt(&found));
    }
    Ok(())
}

/// SQLite takes a file of one byte for an empty one and would write over it. What a power cut left in the middle of
/// the first commit has a journal beside it, from which SQLite mends it.
fn is_stump(file: &File, path: &Path) -> bool {
    const SMALLEST_PAGE: u64 = 512;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    (1..SMALLEST_PAGE).contains(&length) && !place::beside(path, "-journal").exists()
}

/// Makes the tables in a new file, and what an older one lacks; refuses a file of another program.
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
                "{TABLE}; {UNFINISHED}; PRAGMA application_id = {APPLICATION};
                 PRAGMA user_version = {VERSION}"
            ))
            .map_err(|error| failure.of_sqlite("be made", &error)),
        (APPLICATION, FIRST_VERSION, [table]) if table == TABLE => connection
            .execute_batch(&format!("{UNFINISHED}; PRAGMA user_version = {VERSION}"))
            .map_err(|error| failure.of_sqlite("be brought up to date", &error)),
        (APPLICATION, VERSION, [table, unfinished])
            if table == TABLE && unfinished == UNFINISHED =>
        {
            Ok(())
        }
        (APPLICATION, newer, _) if newer > VERSION => Err(failure.other(
            "be used",
            &format!(
                "its format is version {newer}, and this m531x knows {VERSION}; use a newer one"
            ),
        )),
        (APPLICATION, ..) => Err(failure.corrupt("its tables are not those of an outbox")),
        _ => Err(failure.other(
            "be used",
            &"it is a database of something else; name a file of its own",
        )),
    }
}
