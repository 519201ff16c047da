//! A mosquitto of one's own, on a free port.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, io};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

/// How long mosquitto may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running broker; it ends when dropped.
pub struct Mosquitto {
    child: Child,
    address: SocketAddr,
    /// Where it has its files.
    pub directory: TempDir,
}

impl Mosquitto {
    /// A broker that lets everybody in.
    pub fn start() -> Self {
        Self::with_settings("allow_anonymous true\n", |_| String::new())
    }

    /// A broker that lets only this user in.
    pub fn with_user(name: &str, password: &str) -> Self {
        Self::with_settings("allow_anonymous false\n", |directory| {
            let file = directory.join("passwords");
            let made = tool("mosquitto_passwd")
                .args(["-b", "-c"])
                .arg(&file)
                .args([name, password])
                .stderr(Stdio::null())
                .status()
                .expect("mosquitto_passwd is missing: install the package mosquitto");
            assert!(made.success(), "mosquitto_passwd failed");
            format!("password_file {}\n", file.display())
        })
    }

    /// `settings` go before the listener's own, which `listener` makes once there is a directory.
    pub fn with_settings(settings: &str, listener: impl FnOnce(&Path) -> String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let own = listener(directory.path());
        // Between the choice of a free port and mosquitto's own bind another program may take it.
        for _ in 0..20 {
            let port = free_port();
            // Started as root it would drop to a user who cannot read its files.
            let config = format!(
                "{settings}listener {port} 127.0.0.1\n{own}user root\nlog_dest stderr\n\
                 persistence false\nmax_queued_messages 0\nset_tcp_nodelay true\n"
            );
            fs::write(directory.path().join("mosquitto.conf"), config).unwrap();
            if let Some(child) = launch(directory.path()) {
                return Self {
                    child,
                    address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                    directory,
                };
            }
        }
        let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        panic!("mosquitto does not start:\n{log}");
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the broker as a power cut does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Keeps its connections, and does nothing more with them.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Goes on where it was.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// The same broker on the same port again, with nothing remembered.
    pub fn start_again(&mut self) {
        let deadline = Instant::now() + 2 * PATIENCE;
        loop {
            if let Some(child) = launch(self.directory.path()) {
                self.child = child;
                return;
            }
            // The port may be held for a moment by what the old one left.
            assert!(Instant::now() < deadline, "mosquitto does not start again");
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts what is configured in this directory, and waits until mosquitto says that it serves; none if it ends.
fn launch(directory: &Path) -> Option<Child> {
    let log = directory.join("log");
    let mut child = tool("mosquitto")
        .arg("-c")
        .arg(directory.join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap_or_else(|error: io::Error| {
            panic!("mosquitto cannot be run ({error}): install the package mosquitto")
        });
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        if fs::read_to_string(&log).is_ok_and(|text| text.contains(" running")) {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Debian puts mosquitto where only root's PATH looks.
fn tool(name: &str) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"));
    command
}
