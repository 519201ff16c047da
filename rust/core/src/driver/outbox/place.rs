//! Where an outbox file is: making one that is not there, following no name to a place where it
//! would belong to another user.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::{Error, ErrorCode};

/// Opens the file for writing, or makes it for its owner alone; the path has no symbolic link as its
/// last part then.
pub(super) fn open(path: &Path, failure: &Failure) -> Result<(PathBuf, File), Error> {
    if path.as_os_str().is_empty() {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            "the outbox's path is empty; name a file, which is made if there is none",
        ));
    }
    let failed = |error: io::Error| failure.of_io("be opened", &error);
    // SQLite has names such as :memory: that are no files.
    let path = std::path::absolute(path).map_err(failed)?;
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            refuse_leftovers(&path, &["-wal", "-journal"], failure)?;
            let file = create(&path).map_err(failed)?;
            return Ok((path, file));
        }
        Err(error) => return Err(failed(error)),
    };
    let path = if found.is_symlink() {
        resolve(&path, failure)?
    } else {
        path
    };
    let file = open_there(&path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(failure.other("be used", &"it is no plain file"));
    }
    refuse_second_name(&found, failure)?;
    if found.len() == 0 {
        refuse_leftovers(&path, &["-wal"], failure)?;
    }
    Ok((path, file))
}

/// Whether this name, not followed, is that of this file.
pub(super) fn is_named(path: &Path, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        let named = fs::symlink_metadata(path).map(identity).ok();
        named.is_some() && named == file.metadata().map(identity).ok()
    }
    #[cfg(not(unix))]
    {
        // A file that is open cannot be replaced there.
        let _ = (path, file);
        true
    }
}

/// The name of a file of SQLite's beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Where a symbolic link leads; one that leads nowhere could have anything made anywhere.
fn resolve(path: &Path, failure: &Failure) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failure.other(
            "be made",
            &"it is a symbolic link to a file that is not there; name the file itself",
        ),
        _ => failure.of_io("be opened", &error),
    })
}

/// SQLite makes what is beside it with the same rights.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn open_there(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe does not hold us up.
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path)
}

/// SQLite would remove what it takes for the remains of a database that is gone.
fn refuse_leftovers(path: &Path, suffixes: &[&str], failure: &Failure) -> Result<(), Error> {
    let left = suffixes.iter().map(|suffix| beside(path, suffix));
    match left
        .into_iter()
        .find(|name| fs::symlink_metadata(name).is_ok())
    {
        Some(name) => Err(failure.other(
            "be made",
            &format!(
                "{} would be lost, which belongs to another file; move it away",
                name.display()
            ),
        )),
        None => Ok(()),
    }
}

/// SQLite keeps its log beside one of the names: a program that opens the other would not see it.
#[cfg(unix)]
fn refuse_second_name(found: &fs::Metadata, failure: &Failure) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    match found.nlink() {
        0 | 1 => Ok(()),
        names => Err(failure.other(
            "be used",
            &format!("it has {names} names (hard links), and its log is beside one of them; remove the others"),
        )),
    }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn refuse_second_name(_: &fs::Metadata, _: &Failure) -> Result<(), Error> {
    Ok(())
}
