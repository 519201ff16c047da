//! The messages on disk: an SQLite file that is written by one modem at a time.
//!
//! An append is committed with fsync before it counts. A removal is not synced: if the power fails
//! just after it, the message is there again and is sent twice, which QoS 1 allows; the write-ahead
//! log of SQLite keeps the order of both.

use std::path::Path;

use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::file::{self, Database};
use super::record::{StoredMessage, moment};
use crate::{Error, QoS};

const COLUMNS: &str = "id, topic, payload, qos, retain, stored_at, set_aside, checksum";

/// So that the numbers of a long life fit behind the last one.
const MAX_ID: u64 = 1 << 60;

/// An open outbox file.
#[derive(Debug)]
pub(super) struct Store {
    database: Database,
    failure: Failure,
    next_id: u64,
    contents: Contents,
    unfinished: bool,
}

/// What the file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages set aside.
    pub set_aside: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Store {
    /// Opens the file, or makes it, and reads every message once: what is damaged is found now.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failure = Failure::of(path);
        let database = file::open(path, &failure)?;
        let mut store = Self {
            database,
            failure,
            next_id: 1,
            contents: Contents::default(),
            unfinished: false,
        };
        let mut contents = Contents::default();
        let mut last = 0;
        store.each(|message| {
            last = last.max(message.id);
            contents.bytes += message.bytes();
            if message.set_aside.is_some() {
                contents.set_aside += 1;
            } else {
                contents.waiting += 1;
            }
        })?;
        store.next_id = last + 1;
        store.contents = contents;
        store.unfinished = store.read_unfinished()?;
        Ok(store)
    }

    pub(super) fn contents(&self) -> Contents {
        self.contents
    }

    /// The number that the next message gets, and every one after it a higher one.
    pub(super) fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Adds the messages in one transaction: either all of them are on the disk, or none.
    pub(super) fn append(&mut self, messages: &[&StoredMessage]) -> Result<(), Error> {
        self.write(true, "be written", |connection| {
            let insert = format!("INSERT INTO message ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
            let mut insert = connection.prepare_cached(&insert)?;
            for message in messages {
                insert.execute(params![
                    key(message.id),
                    message.topic,
                    message.payload,
                    u8::from(message.qos),
                    message.retain,
                    message.stored_at_ms(),
                    message.set_aside,
                    message.checksum(),
                ])?;
            }
            Ok(())
        })?;
        for message in messages {
            self.contents.waiting += 1;
            self.contents.bytes += message.bytes();
        }
        Ok(())
    }

    /// Removes messages; those that are not there are passed over.
    pub(super) fn remove(&mut self, ids: &[u64]) -> Result<(), Error> {
        let mut removed = Vec::new();
        for id in ids {
            removed.extend(self.message(*id)?);
        }
        self.write(false, "be written", |connection| {
            let mut delete = connection.prepare_cached("DELETE FROM message WHERE id = ?")?;
            for message in &removed {
                delete.execute([key(message.id)])?;
            }
            Ok(())
        })?;
        for message in &removed {
            self.contents.bytes -= message.bytes();
            if message.set_aside.is_some() {
                self.contents.set_aside -= 1;
            } else {
                self.contents.waiting -= 1;
            }
        }
        Ok(())
    }

    /// Keeps a message, but out of the way of the others.
    pub(super) fn set_aside(&mut self, id: u64, why: &str) -> Result<(), Error> {
        let Some(mut message) = self.message(id)? else {
            return Ok(());
        };
        if message.set_aside.replace(why.to_owned()).is_none() {
            self.contents.waiting -= 1;
            self.contents.set_aside += 1;
        }
        self.mark(&message)
    }

    /// Has what was set aside wait again, in its old place; gives how many.
    pub(super) fn retry(&mut self) -> Result<u64, Error> {
        let mut aside = Vec::new();
        self.each(|message| aside.extend(message.set_aside.is_some().then_some(message)))?;
        for message in &mut aside {
            message.set_aside = None;
            self.mark(message)?;
            self.contents.waiting += 1;
            self.contents.set_aside -= 1;
        }
        Ok(aside.len() as u64)
    }

    /// Whether the broker may hold publishes of QoS 2 that were not finished.
    pub(super) fn unfinished(&self) -> bool {
        self.unfinished
    }

    /// Notes that it may, which is on the disk when this returns, or that it does not.
    pub(super) fn set_unfinished(&mut self, unfinished: bool) -> Result<(), Error> {
        self.write(unfinished, "be written", |connection| {
            connection.execute_batch(if unfinished {
                "INSERT INTO unfinished DEFAULT VALUES"
            } else {
                "DELETE FROM unfinished"
            })
        })?;
        self.unfinished = unfinished;
        Ok(())
    }

    fn read_unfinished(&self) -> Result<bool, Error> {
        self.database
            .connection(&self.failure)?
            .query_row("SELECT EXISTS (SELECT * FROM unfinished)", [], |row| {
                row.get(0)
            })
            .map_err(|error| self.failure.of_sqlite("be read", &error))
    }

    /// The message of this number.
    pub(super) fn message(&self, id: u64) -> Result<Option<StoredMessage>, Error> {
        self.first("id = ?", id)
    }

    /// The oldest waiting message after this number.
    pub(super) fn next(&self, after: u64) -> Result<Option<StoredMessage>, Error> {
        self.first("id > ? AND set_aside IS NULL", after)
    }

    /// The oldest message after this number that is set aside.
    pub(super) fn next_set_aside(&self, after: u64) -> Result<Option<StoredMessage>, Error> {
        self.first("id > ? AND set_aside IS NOT NULL", after)
    }

    /// Visits all messages, oldest first.
    pub(super) fn each(&self, mut visit: impl FnMut(StoredMessage)) -> Result<(), Error> {
        let failed = |error| self.failure.of_sqlite("be read", &error);
        let mut select = self
            .database
            .connection(&self.failure)?
            .prepare(&format!("SELECT {COLUMNS} FROM message ORDER BY id"))
            .map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            visit(self.read(row)?);
        }
        Ok(())
    }

    /// Writes a change that the power may take back.
    fn mark(&mut self, message: &StoredMessage) -> Result<(), Error> {
        self.write(false, "be written", |connection| {
            connection
                .prepare_cached("UPDATE message SET set_aside = ?, checksum = ? WHERE id = ?")?
                .execute(params![
                    message.set_aside,
                    message.checksum(),
                    key(message.id)
                ])?;
            Ok(())
        })
    }

    fn first(&self, condition: &str, number: u64) -> Result<Option<StoredMessage>, Error> {
        let failed = |error| self.failure.of_sqlite("be read", &error);
        let select = format!("SELECT {COLUMNS} FROM message WHERE {condition} ORDER BY id LIMIT 1");
        let connection = self.database.connection(&self.failure)?;
        let mut select = connection.prepare_cached(&select).map_err(failed)?;
        let mut rows = select.query([key(number)]).map_err(failed)?;
        match rows.next().map_err(failed)? {
            Some(row) => self.read(row).map(Some),
            None => Ok(None),
        }
    }

    /// One transaction; with `sync` it is on the disk when this returns.
    fn write(
        &mut self,
        sync: bool,
        what: &str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        let sync = if sync { "FULL" } else { "NORMAL" };
        let connection = self.database.connection_mut(&self.failure)?;
        let written = connection
            .execute_batch(&format!("PRAGMA synchronous = {sync}"))
            .and_then(|()| connection.transaction())
            .and_then(|transaction| {
                change(&transaction)?;
                transaction.commit()
            });
        written.map_err(|error| self.failure.of_sqlite(what, &error))
    }

    fn read(&self, row: &Row<'_>) -> Result<StoredMessage, Error> {
        parse(row).ok_or_else(|| {
            let id: Option<i64> = row.get(0).ok();
            let id = id.map_or_else(|| "one message".to_owned(), |id| format!("message {id}"));
            self.failure.corrupt(&format!("{id} is damaged"))
        })
    }
}

fn parse(row: &Row<'_>) -> Option<StoredMessage> {
    let id: i64 = row.get(0).ok()?;
    let message = StoredMessage {
        id: u64::try_from(id).ok().filter(|id| *id <= MAX_ID)?,
        topic: row.get(1).ok()?,
        payload: row.get(2).ok()?,
        qos: QoS::try_from(row.get::<_, u8>(3).ok()?).ok()?,
        retain: row.get(4).ok()?,
        stored_at: moment(row.get(5).ok()?)?,
        set_aside: row.get(6).ok()?,
    };
    let sum: i64 = row.get(7).ok()?;
    (sum == message.checksum()).then_some(message)
}

/// A key of SQLite is signed.
fn key(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}
