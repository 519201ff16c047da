//! Opening a port again that has vanished, under the name that it has then.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::open::open_url;
use super::{LineSettings, Transport};
use crate::{Error, ErrorCode};

/// Links that name a USB adapter by what it is, not by when it was plugged in.
const BY_ID: &str = "/dev/serial/by-id";
const PSEUDO_TERMINALS: &str = "/dev/pts/";

/// How a port is opened again.
#[derive(Clone, Debug)]
pub(crate) struct PortReopener {
    names: Vec<String>,
    line: LineSettings,
    timeout: Duration,
}

impl PortReopener {
    /// Under the same name; a USB adapter that may get another number also by what it is.
    ///
    /// `None` for the bare name of a pseudo-terminal: the system gives it to the next one that a
    /// program opens, whose bytes are none of ours. A link to one is a name like any other.
    pub(crate) fn new(port: &str, line: LineSettings, timeout: Duration) -> Option<Self> {
        if port.starts_with(PSEUDO_TERMINALS) {
            return None;
        }
        let mut names = vec![port.to_owned()];
        if !port.contains("://") {
            names.extend(link_to(Path::new(port), Path::new(BY_ID)));
        }
        Some(Self {
            names,
            line,
            timeout,
        })
    }

    /// Opens it, or says why the last of its names cannot be opened.
    pub(crate) fn open(&self, ended: &dyn Fn() -> bool) -> Result<(Transport, &str), Error> {
        let mut last = Error::new(ErrorCode::Port, "the port has no name");
        for name in &self.names {
            match open_url(name, self.line, self.timeout, ended) {
                Ok(transport) => return Ok((transport, name)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// The link in `folder` that leads to the same device.
fn link_to(port: &Path, folder: &Path) -> Option<String> {
    let device = port.canonicalize().ok()?;
    let links = folder.read_dir().ok()?;
    let mut paths: Vec<PathBuf> = links.filter_map(|link| Some(link.ok()?.path())).collect();
    paths.sort();
    let link = paths
        .into_iter()
        .find(|link| link.canonicalize().is_ok_and(|leads_to| leads_to == device))?;
    link.to_str().map(str::to_owned)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// The adapter has got another name; the link says what it is.
    #[test]
    fn an_adapter_is_opened_under_the_name_that_it_has_now() {
        let folder = tempfile::tempdir().expect("a folder");
        let master =
            rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::CLOEXEC)
                .expect("a terminal");
        rustix::pty::grantpt(&master).expect("granted");
        rustix::pty::unlockpt(&master).expect("unlocked");
        let device = rustix::pty::ptsname(&master, Vec::new()).expect("a name");
        let link = folder.path().join("usb-ours");
        symlink(device.to_str().expect("text"), &link).expect("a link");
        let link = link.to_str().expect("text").to_owned();
        let reopener = PortReopener {
            names: vec!["/dev/ttyUSB-gone".to_owned(), link.clone()],
            line: LineSettings::of_speed(9600),
            timeout: Duration::from_secs(1),
        };
        let (_, name) = reopener.open(&|| false).expect("it is there");
        assert_eq!(name, link);
    }

    #[test]
    fn the_next_terminal_of_the_same_number_is_somebody_elses() {
        let looked_for =
            |port| PortReopener::new(port, LineSettings::of_speed(9600), Duration::ZERO).is_some();
        assert!(!looked_for("/dev/pts/7"));
        assert!(looked_for("/tmp/modem") && looked_for("tcp://host:1"));
    }

    #[test]
    fn an_adapter_is_known_by_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let device = folder.path().join("ttyUSB0");
        fs::write(&device, "").expect("a device of sorts");
        let links = folder.path().join("by-id");
        fs::create_dir(&links).expect("a folder of links");
        symlink("../ttyUSB1", links.join("usb-another")).expect("a link");
        symlink("../ttyUSB0", links.join("usb-ours")).expect("a link");
        let found = link_to(&device, &links).expect("a link to it");
        assert!(found.ends_with("/usb-ours"), "{found}");
        assert_eq!(link_to(&folder.path().join("ttyUSB7"), &links), None);
        assert_eq!(link_to(&device, &folder.path().join("none")), None);
    }
}
