//! A symbolic link that is a port's stable name, held by one modem at a time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::StartError;

/// How often a lock file that its owner removes under our hands is tried again.
const ATTEMPTS: usize = 10;

/// The link and the lock beside it (`<link>.lock`); both go when this is dropped.
///
/// The lock is the kernel's, so that of a modem that was killed nothing remains but files that the
/// next one replaces.
#[derive(Debug)]
pub(super) struct StableName {
    link: PathBuf,
    target: PathBuf,
    lock_path: PathBuf,
    /// Held, not read.
    _lock: File,
}

impl StableName {
    /// Points `link` at `target`, unless a living modem holds it.
    pub(super) fn take(link: &Path, target: &Path) -> Result<Self, StartError> {
        let failed = |source: io::Error| StartError::Link {
            path: link.to_owned(),
            source,
        };
        let mut lock_path = link.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let lock = lock(&lock_path)
            .map_err(failed)?
            .ok_or_else(|| StartError::LinkTaken(link.to_owned()))?;
        let name = Self {
            link: link.to_owned(),
            target: target.to_owned(),
            lock_path,
            _lock: lock,
        };
        if fs::symlink_metadata(link).is_ok_and(|found| !found.is_symlink()) {
            return Err(StartError::LinkOccupied(link.to_owned()));
        }
        // Made beside and renamed, so that the name never points nowhere.
        let mut fresh = link.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        std::os::unix::fs::symlink(target, &fresh).map_err(failed)?;
        fs::rename(&fresh, link).map_err(failed)?;
        Ok(name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.link
    }
}

impl Drop for StableName {
    fn drop(&mut self) {
        // Best effort: what cannot be removed, the next modem replaces.
        if fs::read_link(&self.link).is_ok_and(|target| target == self.target) {
            let _ = fs::remove_file(&self.link);
        }
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// The lock, or `None` if another holds it.
///
/// In a folder that others may write to, such as `/tmp`, the name could be a link that somebody put
/// there: it is not followed. Nobody else may open the file, or they could hold the lock.
fn lock(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..ATTEMPTS {
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // Its last owner may have removed the file between the two steps: a lock on a file without a
        // name keeps nobody out.
        let named = fs::metadata(path).map(|found| (found.dev(), found.ino()));
        let held = file.metadata()?;
        if named.is_ok_and(|named| named == (held.dev(), held.ino())) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}
