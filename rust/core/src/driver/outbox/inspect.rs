//! Looking into an outbox file while no modem uses it.

use std::path::Path;

use super::StoredMessage;
use super::store::Store;
use crate::{Error, ErrorCode};

/// An outbox file, to look into it, to clear it, or to have another try at what was set aside.
///
/// It is locked meanwhile: a modem cannot use it at the same time.
///
/// ```
/// use m531x_core::{ErrorCode, OutboxFile};
///
/// let folder = tempfile::tempdir()?;
/// let error = OutboxFile::open(folder.path().join("none.db")).unwrap_err();
/// assert_eq!(error.code(), ErrorCode::OutboxFailed);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct OutboxFile {
    store: Store,
}

impl OutboxFile {
    /// Opens a file that is there.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::OutboxInUse`], [`ErrorCode::OutboxCorrupt`], [`ErrorCode::OutboxFailed`] if there
    /// is no such file, or it is something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        if !path.is_file() {
            return Err(Error::new(
                ErrorCode::OutboxFailed,
                format!("outbox {}: there is no such file", path.display()),
            ));
        }
        Store::open(path).map(|store| Self { store })
    }

    /// All messages, oldest first, those set aside included.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::OutboxFailed`] and [`ErrorCode::OutboxCorrupt`].
    pub fn messages(&self) -> Result<Vec<StoredMessage>, Error> {
        let mut messages = Vec::new();
        self.store.each(|message| messages.push(message))?;
        Ok(messages)
    }

    /// Removes every message and gives how many there were; they will never be sent.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::OutboxFailed`].
    pub fn clear(&mut self) -> Result<u64, Error> {
        let mut ids = Vec::new();
        self.store.each(|message| ids.push(message.id))?;
        self.store.remove(&ids)?;
        Ok(ids.len() as u64)
    }

    /// Has what was set aside wait again, in its old place, and gives how many there were.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::OutboxFailed`].
    pub fn retry(&mut self) -> Result<u64, Error> {
        self.store.retry()
    }
}
