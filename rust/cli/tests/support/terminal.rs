//! A command on a pseudo terminal.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use m531x_test_support::pty::Pty;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use super::{Running, send};

/// A command on a terminal, and everything it has printed.
pub struct Terminal {
    master: OwnedFd,
    pub child: Running,
    shown: Arc<Mutex<String>>,
    /// What was looked at already.
    seen: usize,
    /// Reads what is printed, until its end of this pipe is all there is.
    reader: Option<(OwnedFd, JoinHandle<()>)>,
}

impl Terminal {
    pub fn start(mut command: Command, state: &Path) -> Self {
        let Pty { master, slave, .. } = Pty::open();
        let size = rustix::termios::Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        let child = command
            .env("TERM", "xterm")
            .env("XDG_STATE_HOME", state)
            .env_remove("NO_COLOR")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        let child = Running(child);
        let shown = Arc::new(Mutex::new(String::new()));
        let (reading, growing) = (master.try_clone().unwrap(), Arc::clone(&shown));
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let mut ends = [
                    PollFd::new(&stopped, PollFlags::IN),
                    PollFd::new(&reading, PollFlags::IN),
                ];
                poll(&mut ends, None).unwrap();
                if !ends[0].revents().is_empty() {
                    return;
                }
                let Ok(count @ 1..) = rustix::io::read(&reading, &mut buffer) else {
                    return;
                };
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                growing.lock().unwrap().push_str(&text);
            }
        });
        Self {
            master,
            child,
            shown,
            seen: 0,
            reader: Some((stop, reader)),
        }
    }

    pub fn press(&self, keys: &str) {
        rustix::io::write(&self.master, keys.as_bytes()).unwrap();
    }

    /// Waits until this is shown, after what was waited for before; gives what stood ahead of it.
    pub fn wait_for(&mut self, what: &str) -> String {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let shown = self.shown.lock().unwrap().clone();
            if let Some(at) = shown[self.seen..].find(what) {
                let ahead = shown[self.seen..self.seen + at].to_owned();
                self.seen += at + what.len();
                return ahead;
            }
            assert!(
                Instant::now() < patience,
                "{what:?} never came: {:?}",
                &shown[self.seen..]
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the command has ended.
    pub fn end(mut self) -> Option<i32> {
        self.child.ended()
    }

    /// Closes the terminal, as whoever closes its window does, and waits until the command has ended.
    pub fn close(self) -> Option<i32> {
        self.hang_up().ended()
    }

    /// The same for a command that is stopped meanwhile, and so reads from a closed terminal.
    pub fn close_stopped(self) -> Option<i32> {
        send("STOP", &self.child.0);
        let mut child = self.hang_up();
        send("CONT", &child.0);
        child.ended()
    }

    fn hang_up(mut self) -> Running {
        let (stop, reader) = self.reader.take().unwrap();
        drop(stop);
        reader.join().unwrap();
        drop(self.master);
        self.child
    }
}
