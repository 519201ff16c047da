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

    /// Goes on in a new file; this one is kept beside it.
    pub(super) fn rotate(&mut self) -> Result<(), Error> {
        let next = fs::rename(&self.path, older(&self.path)).and_then(|()| open_new(&self.path));
        self.file = next.map_err(|error| failed(&self.path, &error))?;
        Ok(())
    }

    /// What was written is on the disk when this returns.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file
            .sync_data()
            .map_err(|error| failed(&self.path, &error))
    }
}

/// Keeps a recording that is there; refuses to replace anything else.
fn put_aside(path: &Path) -> Result<(), Error> {
    let refused = |what: &str| {
        Error::new(
            ErrorCode::Recording,
            format!("recording {}: {what}; give another name", path.display()),
        )
    };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path, &error)),
    };
    if !found.is_file() {
        return Err(refused("there is something that is no plain file"));
    }
    let mut beginning = Vec::new();
    File::open(path)
        .and_then(|file| file.take(TITLE.len() as u64).read_to_end(&mut beginning))
        .map_err(|error| failed(path, &error))?;
    if !beginning.is_empty() && beginning != TITLE {
        return Err(refused("there is a file that is no recording"));
    }
    fs::rename(path, older(path)).map_err(|error| failed(path, &error))
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
