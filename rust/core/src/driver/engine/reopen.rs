//! Looking for a port that has vanished: an unplugged adapter, a serial server that restarts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Engine;
use super::state::{EngineState, Role};
use crate::Error;
use crate::transport::open;
use crate::transport::{Interest, Transport, Waiter};
use m531x_threads::Thread;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Links that name a USB adapter by what it is, not by when it was plugged in.
const BY_ID: &str = "/dev/serial/by-id";
const PSEUDO_TERMINALS: &str = "/dev/pts/";

/// How a port is opened again.
#[derive(Clone, Debug)]
pub(in crate::driver) struct PortReopener {
    names: Vec<String>,
    baudrate: u32,
    timeout: Duration,
}

impl PortReopener {
    /// Under the same name; a USB adapter that may get another number also by what it is.
    ///
    /// `None` for the bare name of a pseudo-terminal: the system gives it to the next one that a
    /// program opens, whose bytes are none of ours. A link to one is a name like any other.
    pub(in crate::driver) fn new(port: &str, baudrate: u32, timeout: Duration) -> Option<Self> {
        if port.starts_with(PSEUDO_TERMINALS) {
            return None;
        }
        let mut names = vec![port.to_owned()];
        if !port.contains("://") {
            names.extend(link_to(Path::new(port), Path::new(BY_ID)));
        }
        Some(Self {
            names,
            baudrate,
            timeout,
        })
    }

    fn open(&self, ended: &dyn Fn() -> bool) -> Result<(Transport, &str), Error> {
        let mut last = None;
        for name in &self.names {
            match open::open_url(name, self.baudrate, self.timeout, ended) {
                Ok(transport) => return Ok((transport, name)),
                Err(error) => last = Some(error),
            }
        }
        // There is always a name.
        Err(last.unwrap_or_else(super::closed))
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

impl Engine {
    /// From now on a port that vanishes is looked for, if it can be.
    pub(in crate::driver) fn set_reopener(&self, reopener: Option<PortReopener>) {
        self.lock().reopener = reopener;
    }

    /// The port is gone, and everything goes on without it as well as it can.
    pub(super) fn port_vanished(&self, state: &mut EngineState, why: &str) {
        if let Some(port) = state.port.take() {
            self.waiter.forget(&port);
        }
        state.resume_clock();
        state.unsent.clear();
        state.interest = Interest::NONE;
        let now = state.now();
        state.session.handle_port_detached(now, why);
        self.dispatch_outputs(state);
        if state.role == Role::Leader {
            self.waiter.wake_leader();
        }
        // It starts the search.
        self.waiter.wake_reader();
    }

    /// Starts a thread that looks for the port, unless there is one.
    pub(super) fn start_search(self: &Arc<Self>, state: &mut EngineState) {
        if state.port.is_some() || state.reopening || state.end.is_some() {
            return;
        }
        let Some(reopener) = state.reopener.clone() else {
            return;
        };
        let engine = Arc::clone(self);
        let thread = Thread::spawn("m531x-reopen", move || engine.reopen(&reopener));
        match thread {
            Ok(thread) => {
                state.reopening = true;
                state.search = Some(thread);
            }
            Err(error) => {
                self.lose_port_for_good(state, &format!("no thread can look for it: {error}"));
            }
        }
    }

    /// The thread that looks for the port, or the last one that did.
    pub(in crate::driver) fn take_search(&self) -> Option<Thread> {
        self.lock().search.take()
    }

    fn reopen(&self, reopener: &PortReopener) {
        let mut pause = FIRST_PAUSE;
        loop {
            let state = self.lock();
            let (state, _) = self
                .ended
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner);
            if state.end.is_some() {
                return;
            }
            drop(state);
            // Opening may take its time: no thread waits for it, a close least of all.
            if let Ok((transport, name)) = reopener.open(&|| self.lock().end.is_some()) {
                if self.attach(transport, name).is_ok() {
                    return;
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn attach(&self, transport: Transport, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Ok(());
        }
        self.waiter.adopt(&transport)?;
        state.port = Some(Arc::new(transport));
        state.interest = Interest::NONE;
        state.unsent.clear();
        state.reopening = false;
        let now = state.now();
        state.session.handle_port_back(now, name);
        self.drain_session(&mut state, now);
        if state.role == Role::Vacant {
            self.hand_over(&mut state);
        } else {
            self.sync_reader(&mut state);
        }
        self.waiter.wake_reader();
        Ok(())
    }
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
            baudrate: 9600,
            timeout: Duration::from_secs(1),
        };
        let (_, name) = reopener.open(&|| false).expect("it is there");
        assert_eq!(name, link);
    }

    #[test]
    fn the_next_terminal_of_the_same_number_is_somebody_elses() {
        let looked_for = |port| PortReopener::new(port, 9600, Duration::ZERO).is_some();
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
