//! Runs the command as its user would.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(target_os = "linux")]
pub mod terminal;

use std::io::{BufRead, BufReader, Write};
use std::ops::{Deref, DerefMut};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than a command takes to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The command, without what this machine's user has in the environment.
pub fn m531x(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_m531x"));
    command
        .args(arguments)
        .env_remove("M531X_PORT")
        .env_remove("M531X_PASSWORD")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    m531x(arguments).output().unwrap()
}

/// Runs it to its end with this text on standard input.
pub fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut child = m531x(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// What a successful run printed.
pub fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stdout)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A running `m531x virtual-modem`; it is told to stop when dropped.
pub struct VirtualModem {
    child: Child,
    output: BufReader<ChildStdout>,
    pub broker: String,
    pub port: String,
}

impl VirtualModem {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_telling(arguments, Stdio::inherit())
    }

    /// One whose standard error goes there.
    pub fn start_telling(arguments: &[&str], errors: impl Into<Stdio>) -> Self {
        let mut child = m531x(&["virtual-modem"])
            .args(arguments)
            .stderr(errors)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = |name: &str| {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line.strip_prefix(name).unwrap().trim_end().to_owned()
        };
        let broker = line("broker: ");
        let port = line("port: ");
        Self {
            child,
            output,
            broker,
            port,
        }
    }

    /// Sends a signal and returns the exit code and whatever else was printed.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        send(signal, &self.child);
        let mut rest = String::new();
        while self.output.read_line(&mut rest).unwrap() > 0 {}
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for VirtualModem {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            send("TERM", &self.child);
            self.child.wait().unwrap();
        }
    }
}

/// Sends a signal to a process.
pub fn send(signal: &str, child: &Child) {
    let status = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// A process that does not outlive its test.
pub struct Running(pub Child);

impl Running {
    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        until(|| self.0.try_wait().unwrap().is_some());
        self.0.wait().unwrap().code()
    }
}

/// Waits until this holds.
pub fn until(mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < patience, "it never came to that");
        thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}
