//! The file of a recording, readable by its owner only.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::{Error, ErrorCode};

/// What every recording begins with.
const TITLE: &[u8] = b"# m531x recording ";

pub(super) struct RecordingFile {
    path: PathBuf,
    file: File,
}

impl RecordingFile {
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        put_aside(path)?;
        let file = open_new(path).map_err(|error| failed(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    pub(super) fn write(&mut self, text: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(text)
            .map_err(|error| failed(&self.path, &error))
    }

    /// Goes on in a new file; this one is kept beside it, if it is still there.
    pub(super) fn rotate(&mut self) -> Result<(), Error> {
        if is_named(&self.path, &self.file) {
            put_beside(&self.path)?;
        }
        self.file = open_new(&self.path).map_err(|error| failed(&self.path, &error))?;
        Ok(())
    }

    /// All that was written is on the disk when this returns.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file
            .sync_data()
            .map_err(|error| failed(&self.path, &error))
    }
}

/// What is under a name, not followed.
#[derive(PartialEq, Eq)]
enum Found {
    Nothing,
    /// A plain file that begins as a recording does, or is empty.
    Recording {
        empty: bool,
    },
    Irregular,
    Foreign,
}

fn look(path: &Path) -> Result<Found, Error> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(failed(path, &error)),
    };
    if !found.is_file() {
        return Ok(Found::Irregular);
    }
    let mut beginning = Vec::new();
    File::open(path)
        .and_then(|file| file.take(TITLE.len() as u64).read_to_end(&mut beginning))
        .map_err(|error| failed(path, &error))?;
    let empty = beginning.is_empty();
    Ok(if empty || beginning == TITLE {
        Found::Recording { empty }
    } else {
        Found::Foreign
    })
}

/// Keeps a recording that is there; refuses to replace anything else.
fn put_aside(path: &Path) -> Result<(), Error> {
    match look(path)? {
        Found::Nothing => Ok(()),
        Found::Recording { .. } => put_beside(path),
        Found::Irregular => Err(refused(path, "there is something that is no plain file")),
        Found::Foreign => Err(refused(path, "there is a file that is no recording")),
    }
}

/// Moves a recording to the name of the one before, which must have been one as well.
fn put_beside(path: &Path) -> Result<(), Error> {
    let older = older(path);
    match look(&older)? {
        Found::Nothing => rename_to_nothing(path, &older),
        Found::Recording { empty: false } => fs::rename(path, &older),
        _ => {
            let what = format!(
                "the one so far would have to be kept as {}, where there is something else",
                older.display()
            );
            return Err(refused(path, &what));
        }
    }
    .map_err(|error| failed(path, &error))
}

/// Replaces nothing that has come there meanwhile, where the system can see to that.
fn rename_to_nothing(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system, or a kernel, that cannot.
            Err(Errno::INVAL | Errno::NOSYS) => {}
            result => return Ok(result?),
        }
    }
    fs::rename(from, to)
}

/// Whether this name, not followed, is that of this file.
fn is_named(path: &Path, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        let named = fs::symlink_metadata(path).map(identity).ok();
        named.is_some() && named == file.metadata().map(identity).ok()
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        matches!(look(path), Ok(Found::Recording { .. }))
    }
}

fn open_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// The name of the file before this one.
fn older(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".1");
    name.into()
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(
        ErrorCode::Recording,
        format!("recording {}: {error}", path.display()),
    )
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorCode::Recording,
        format!("recording {}: {why}; give another name", path.display()),
    )
}
