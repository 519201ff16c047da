//! A line with something at its other end that costs as little as can be, and a bare client of it.
#![allow(dead_code, reason = "every bench uses its own part of this")]

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A pseudo-terminal whose other end answers `OK` to every line, and its MQTT state at start-up.
pub(crate) struct Line {
    name: String,
    master: Arc<OwnedFd>,
    /// Without it the other end reads an error while no program has the port open.
    _slave: OwnedFd,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    pub(crate) fn answering_ok() -> Self {
        Self::silent_on("nothing begins like this")
    }

    pub(crate) fn silent_on(prefix: &'static str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("a pseudo-terminal");
        unlockpt(&master).expect("a pseudo-terminal");
        let name = ptsname(&master, Vec::new()).expect("a pseudo-terminal has a name");
        let name = name.into_string().expect("the name is ASCII");
        let slave = open_slave(&name);
        let master = Arc::new(master);
        let (stop, stopped) = UnixStream::pair().expect("a socket pair");
        let thread = thread::spawn({
            let master = Arc::clone(&master);
            move || answer(&master, &stopped, prefix.as_bytes())
        });
        Self {
            name,
            master,
            _slave: slave,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sends this many publishes from a thread of its own, as fast as they are taken.
    pub(crate) fn flood(&self, messages: usize) {
        let master = Arc::clone(&self.master);
        thread::spawn(move || {
            let mut message = b"+MQTTPUBLISH:0,0,0,0,bench/inbound,64,".to_vec();
            message.extend_from_slice(&[b'x'; 64]);
            message.extend_from_slice(b"\r\n");
            let batch = message.repeat(32);
            let mut left = messages * message.len();
            while left > 0 {
                let mut part = &batch[..batch.len().min(left)];
                left -= part.len();
                while !part.is_empty() {
                    let Ok(count) = rustix::io::write(&master, part) else {
                        return;
                    };
                    part = &part[count..];
                }
            }
        });
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(master: &OwnedFd, stopped: &UnixStream, silent_on: &[u8]) {
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [
            PollFd::new(master, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        if poll(&mut fds, None).is_err() {
            continue;
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        let Ok(count) = rustix::io::read(master, &mut buffer) else {
            return;
        };
        for line in buffer[..count].split_inclusive(|&byte| byte == b'\r') {
            if line == b"AT+MQTTSTAT?\r" {
                let _ = rustix::io::write(master, b"\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
            } else if line.ends_with(b"\r") && !line.starts_with(silent_on) {
                let _ = rustix::io::write(master, b"\r\nOK\r\n");
            }
        }
    }
}

/// What one writes by hand: a non-blocking descriptor, poll and read.
pub(crate) struct RawPort {
    port: OwnedFd,
}

impl RawPort {
    pub(crate) fn open(name: &str) -> Self {
        let port = open_slave(name);
        let mut termios = tcgetattr(&port).expect("a terminal");
        termios.make_raw();
        tcsetattr(&port, OptionalActions::Now, &termios).expect("a terminal");
        Self { port }
    }

    pub(crate) fn exchange(&self, command: &[u8], answer: &[u8]) {
        rustix::io::write(&self.port, command).expect("a short line is taken at once");
        let mut buffer = [0; 256];
        let mut length = 0;
        while !buffer[..length].ends_with(answer) {
            length += self.read(&mut buffer[length..]);
        }
    }

    #[expect(clippy::naive_bytecount, reason = "not worth a dependency")]
    pub(crate) fn count_lines(&self, lines: usize) {
        let mut buffer = [0; 16 * 1024];
        let mut seen = 0;
        while seen < lines {
            let count = self.read(&mut buffer);
            seen += buffer[..count]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count();
        }
    }

    fn read(&self, buffer: &mut [u8]) -> usize {
        let mut fds = [PollFd::new(&self.port, PollFlags::IN)];
        while poll(&mut fds, None).is_err() {}
        rustix::io::read(&self.port, buffer).unwrap_or(0)
    }
}

fn open_slave(name: &str) -> OwnedFd {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(name, flags, Mode::empty()).expect("the pseudo-terminal can be opened")
}

/// How much to do: all of it when run by `cargo bench`, a taste when run by `cargo test`.
pub(crate) fn count(bench: usize, test: usize) -> usize {
    if std::env::args().any(|argument| argument == "--bench") {
        bench
    } else {
        test
    }
}
