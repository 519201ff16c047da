//! A symbolic link that is a port's stable name, held by one modem at a time.
//!
//! Beside it stands a lock file, `<link>.lock`, which names the terminal that the link leads to.
//! Both are created exclusively, so no foreign file is ever replaced or removed. The lock
//! itself is the kernel's: of a modem that was killed only the two files remain, and by what the
//! one says about the other the next modem knows them for its own kind's.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use crate::StartError;

/// What a lock file of ours begins with; the link's target follows.
const TITLE: &[u8] = b"m531x virtual modem ";

/// How often a lock file that its owner is making or removing is looked at again, and the pause.
const ATTEMPTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The link and the lock beside it; both go when this is dropped.
#[derive(Debug)]
pub(super) struct StableName {
    link: PathBuf,
    target: PathBuf,
    lock_path: PathBuf,
    lock: File,
    /// The link stands there, made by us.
    linked: bool,
}

impl StableName {
    /// Points `link` at `target`, unless a living modem holds it, or it is something else.
    pub(super) fn take(link: &Path, target: &Path) -> Result<Self, StartError> {
        let mut lock_path = link.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let failed = |path: &Path, source: io::Error| StartError::Link {
            path: path.to_owned(),
            source,
        };
        let (lock, before) = match take_lock(&lock_path).map_err(|e| failed(&lock_path, e))? {
            Found::Ours { lock, target } => (lock, target),
            Found::Taken => return Err(StartError::LinkTaken(link.to_owned())),
            Found::Foreign => return Err(StartError::LinkOccupied(lock_path)),
        };
        // From here on the lock file goes with this.
        let mut name = Self {
            link: link.to_owned(),
            target: target.to_owned(),
            lock_path,
            lock,
            linked: false,
        };
        if before.is_some() && fs::read_link(link).ok() == before {
            fs::remove_file(link).map_err(|error| failed(link, error))?;
        }
        name.note_target()
            .map_err(|error| failed(&name.lock_path, error))?;
        match symlink(target, link) {
            Ok(()) => name.linked = true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StartError::LinkOccupied(link.to_owned()));
            }
            Err(error) => return Err(failed(link, error)),
        }
        Ok(name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.link
    }

    /// Writes the target before the link exists, so that a link to another target has no owner.
    fn note_target(&mut self) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.rewind()?;
        let line = [TITLE, self.target.as_os_str().as_bytes(), b"\n"].concat();
        self.lock.write_all(&line)
    }
}

impl Drop for StableName {
    fn drop(&mut self) {
        // Best effort: what cannot be removed, the next modem knows for one of its own kind.
        if self.linked && fs::read_link(&self.link).is_ok_and(|target| target == self.target) {
            let _ = fs::remove_file(&self.link);
        }
        if is_named(&self.lock_path, &self.lock).unwrap_or(false) {
            let _ = fs::remove_file(&self.lock_path);
        }
    }
}

/// What stands in the place of the lock.
enum Found {
    Ours {
        lock: File,
        /// Where the link of a modem leads that is no more.
        target: Option<PathBuf>,
    },
    /// Another modem's, which lives.
    Taken,
    Foreign,
}

/// In a folder that others may write to, such as `/tmp`, the name could be a link of another
/// user: it is not followed. No other user may open the file, or that user could hold the lock.
fn take_lock(path: &Path) -> io::Result<Found> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            thread::sleep(PAUSE);
        }
        let Some((mut lock, made)) = open_lock(path)? else {
            continue;
        };
        let locked = lock_now(&lock, made)?;
        // Its last owner may have removed the file between the two steps: a lock on a file without a
        // name excludes no other process.
        if !is_named(path, &lock)? {
            continue;
        }
        let target = if made {
            None
        } else if let Some(target) = read_target(&mut lock)? {
            Some(target)
        } else {
            // Its owner may be about to lock it and to write its line.
            continue;
        };
        return Ok(if locked {
            Found::Ours { lock, target }
        } else {
            Found::Taken
        });
    }
    Ok(Found::Foreign)
}

/// Whether the lock was free; on a file that this process just made only a process that checks
/// that holds it.
fn lock_now(file: &File, made: bool) -> io::Result<bool> {
    for _ in 0..if made { ATTEMPTS } else { 1 } {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) if made => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// The file, and whether it was made by this; `None` if it comes or goes right now.
fn open_lock(path: &Path) -> io::Result<Option<(File, bool)>> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => return Ok(Some((File::from(file), false))),
        Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = flags | OFlags::CREATE | OFlags::EXCL;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(Some((File::from(file), true))),
        Err(Errno::EXIST) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the link of the modem led that made this file; `None` if none of ours did.
fn read_target(file: &mut File) -> io::Result<Option<PathBuf>> {
    const LONGEST: u64 = 4096;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    let target = text
        .strip_prefix(TITLE)
        .and_then(|rest| rest.strip_suffix(b"\n"));
    Ok(target.map(|target| PathBuf::from(std::ffi::OsStr::from_bytes(target))))
}

/// Whether this name, not followed, is that of this file.
fn is_named(path: &Path, file: &File) -> io::Result<bool> {
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let held = file.metadata().map(identity)?;
    Ok(fs::symlink_metadata(path).is_ok_and(|named| identity(named) == held))
}
