//! Names to addresses to a connected stream on Windows, without ever blocking the caller.
//!
//! A thread resolves and connects: before Windows 10 2004 `WSAPoll` does not report a connection that failed.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;

use m531x_threads::spawn_thread;
use rustix::fd::{AsFd, BorrowedFd};

use crate::local_stream::{self, LocalStream};

/// A connection being made by a thread, which drops its end of `wake` when done.
#[derive(Debug)]
pub(super) struct Dial {
    wake: LocalStream,
    answer: mpsc::Receiver<io::Result<TcpStream>>,
}

/// What a [`Dial`] has come to.
pub(super) enum Progress {
    Pending(Dial),
    Connected(TcpStream),
}

impl Dial {
    pub(super) fn start(host: &str, port: u16) -> io::Result<Progress> {
        let (wake, done) = local_stream::pair()?;
        let (sender, answer) = mpsc::channel();
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let name = bare.unwrap_or(host).to_owned();
        spawn_thread("m531x-dial", move || {
            // The receiver is gone if the connection has been given up meanwhile.
            let _ = sender.send(connect(&name, port));
            drop(done);
        })?;
        Ok(Progress::Pending(Self { wake, answer }))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Whether to wait for readable (else for writable).
    #[expect(clippy::unused_self, reason = "elsewhere it depends on the stage")]
    pub(super) fn wants_read(&self) -> bool {
        true
    }

    /// Takes the connection if it is made by now.
    pub(super) fn advance(self) -> io::Result<Progress> {
        match self.answer.try_recv() {
            Ok(made) => made.map(Progress::Connected),
            Err(mpsc::TryRecvError::Empty) => Ok(Progress::Pending(self)),
            Err(mpsc::TryRecvError::Disconnected) => {
                Err(io::Error::other("the thread that connects gave no answer"))
            }
        }
    }

    /// The stream, so that the caller can keep it silent: its thread still has it.
    #[expect(clippy::unused_self, reason = "elsewhere there is one")]
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        None
    }
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    // This kind means the name; connecting has no such error.
    let unknown = |error| io::Error::new(io::ErrorKind::NotFound, error);
    let addresses = (host, port).to_socket_addrs().map_err(unknown)?;
    let mut last = io::Error::other("the name has no address");
    for address in addresses {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
