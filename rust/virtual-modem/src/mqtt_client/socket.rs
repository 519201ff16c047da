//! The non-blocking socket below the MQTT client.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

use super::TlsPolicy;
use super::dial::{Dial, Progress};
use super::tls::TlsSession;

/// Bytes taken in one [`Socket::handle_ready`]: a fast broker must not keep the caller from the rest
/// of its work.
const READ_PORTION: usize = 64 * 1024;

/// Where a [`Socket`] is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Resolving the name, connecting, or shaking hands.
    Connecting,
    /// Bytes can pass.
    Open,
    /// Refused, unreachable, ended by the peer or by an error; says which.
    Closed(String),
}

/// A TCP connection, with TLS where asked for, that never blocks its caller.
///
/// Before each wait ask [`fd`](Self::fd), [`wants_read`](Self::wants_read) and
/// [`wants_write`](Self::wants_write) again (the descriptor changes between resolving and
/// connecting); after a wait that reported it call [`handle_ready`](Self::handle_ready), then take
/// [`read`](Self::read) and look at [`state`](Self::state), in this order: what the peer sent before
/// it ended the connection is still to be read.
pub struct Socket {
    host: String,
    port: u16,
    tls: Option<TlsPolicy>,
    stage: Stage,
    state: SocketState,
    received: Vec<u8>,
    unsent: Vec<u8>,
    cut: bool,
    name_unknown: bool,
}

#[derive(Debug)]
enum Stage {
    /// Nothing begun: the network is cut.
    Waiting,
    Dialling(Dial),
    Connected {
        stream: TcpStream,
        tls: Option<Box<TlsSession>>,
    },
    Over,
}

impl fmt::Debug for Socket {
    /// Without the bytes under way: a CONNECT among them holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("state", &self.state)
            .field("received", &self.received.len())
            .field("unsent", &self.unsent.len())
            .field("cut", &self.cut)
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// Begins to connect; errors show up in [`state`](Self::state). `tls` is `None` for plain TCP.
    pub fn start(host: &str, port: u16, tls: Option<TlsPolicy>) -> Self {
        let mut socket = Self::start_cut(host, port, tls);
        socket.set_cut(false);
        socket
    }

    /// Like [`start`](Self::start) on a network that is cut: nothing is sent before
    /// [`set_cut(false)`](Self::set_cut).
    pub fn start_cut(host: &str, port: u16, tls: Option<TlsPolicy>) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls,
            stage: Stage::Waiting,
            state: SocketState::Connecting,
            received: Vec::new(),
            unsent: Vec::new(),
            cut: true,
            name_unknown: false,
        }
    }

    /// The descriptor is ready: connects, shakes hands, reads and writes as far as possible now.
    pub fn handle_ready(&mut self) {
        if !self.cut {
            self.advance();
        }
    }

    /// What has been received since the last call, possibly nothing.
    pub fn read(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }

    /// Queues bytes and sends what can be sent now; the rest goes with
    /// [`handle_ready`](Self::handle_ready). Ignored once closed.
    pub fn write(&mut self, bytes: &[u8]) {
        if matches!(self.stage, Stage::Over) {
            return;
        }
        self.unsent.extend_from_slice(bytes);
        if self.cut {
            return;
        }
        if let Err(error) = self.flush() {
            self.over(error.to_string());
        }
    }

    /// How many bytes wait for a peer that does not take them.
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Ends the connection at once.
    pub(crate) fn give_up(&mut self, why: &str) {
        self.over(why.to_owned());
    }

    /// Cuts the network below (`true`: nothing passes either way, the peer sees no end) or restores
    /// it. What was written meanwhile is then sent, as TCP would have sent it again.
    pub fn set_cut(&mut self, cut: bool) {
        self.cut = cut;
        if cut {
            return;
        }
        if matches!(self.stage, Stage::Waiting) {
            let begun = Dial::start(&self.host, self.port);
            self.dialled(begun);
        } else {
            self.advance();
        }
    }

    /// Ends the connection in order, after one more attempt to send what is unsent. Does nothing to
    /// a closed one. On a cut network use [`abandon`](Self::abandon).
    pub fn close(&mut self) {
        if !self.cut {
            // The peer may have gone already; closing is all that is left either way.
            let _ = self.flush();
            if let Stage::Connected { stream, tls } = &mut self.stage {
                if let Some(tls) = tls {
                    tls.close(stream);
                }
                let _ = stream.shutdown(Shutdown::Write);
            }
        }
        self.over("closed on this side".to_owned());
    }

    /// Gives up the connection without notifying the peer: while the returned descriptor is kept
    /// the peer sees silence, not an end.
    pub fn abandon(self) -> Option<OwnedFd> {
        match self.stage {
            Stage::Waiting | Stage::Over => None,
            Stage::Dialling(dial) => dial.into_stream().map(OwnedFd::from),
            Stage::Connected { stream, .. } => Some(stream.into()),
        }
    }

    /// The descriptor to wait on, `None` while there is nothing to wait for (closed, or cut).
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.stage {
            _ if self.cut => None,
            Stage::Waiting | Stage::Over => None,
            Stage::Dialling(dial) => Some(dial.fd()),
            Stage::Connected { stream, .. } => Some(stream.as_fd()),
        }
    }

    /// Whether to wait for the descriptor to become readable.
    pub fn wants_read(&self) -> bool {
        match &self.stage {
            Stage::Waiting | Stage::Over => false,
            Stage::Dialling(dial) => dial.wants_read(),
            Stage::Connected { .. } => true,
        }
    }

    /// Whether to wait for the descriptor to become writable.
    pub fn wants_write(&self) -> bool {
        match &self.stage {
            Stage::Waiting | Stage::Over => false,
            Stage::Dialling(dial) => !dial.wants_read(),
            Stage::Connected { tls: None, .. } => !self.unsent.is_empty(),
            Stage::Connected { tls: Some(tls), .. } => {
                tls.wants_write() || (!tls.is_handshaking() && !self.unsent.is_empty())
            }
        }
    }

    /// Where the connection is.
    pub fn state(&self) -> &SocketState {
        &self.state
    }

    /// Whether it is closed because the host's name has no address.
    pub fn is_name_unknown(&self) -> bool {
        self.name_unknown
    }

    /// Whether written bytes still wait to be handed to the kernel.
    pub fn has_unsent(&self) -> bool {
        let in_tls = match &self.stage {
            Stage::Connected { tls: Some(tls), .. } => tls.wants_write(),
            _ => false,
        };
        in_tls || !self.unsent.is_empty()
    }

    fn advance(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Dialling(dial) => self.dialled(dial.advance()),
            other => self.stage = other,
        }
        if let Err(error) = self.receive().and_then(|()| self.flush()) {
            self.over(error.to_string());
        }
    }

    fn dialled(&mut self, progress: io::Result<Progress>) {
        match progress {
            Ok(Progress::Pending(dial)) => self.stage = Stage::Dialling(dial),
            Ok(Progress::Connected(stream)) => {
                let session = match &self.tls {
                    None => Ok(None),
                    Some(policy) => {
                        TlsSession::new(&self.host, policy).map(|tls| Some(Box::new(tls)))
                    }
                };
                match session {
                    Ok(tls) => {
                        if tls.is_none() {
                            self.state = SocketState::Open;
                        }
                        self.stage = Stage::Connected { stream, tls };
                    }
                    Err(why) => self.over(why),
                }
            }
            Err(error) => {
                self.name_unknown = error.kind() == ErrorKind::NotFound;
                self.over(format!("{}:{}: {error}", self.host, self.port));
            }
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut taken = 0;
        while taken < READ_PORTION {
            let Stage::Connected { stream, tls } = &mut self.stage else {
                return Ok(());
            };
            let read = match tls {
                Some(tls) => tls.read(stream, &mut self.received),
                None => read_plain(stream, &mut self.received),
            };
            match read {
                Ok(Some(count)) => taken += count,
                Ok(None) => {
                    self.over("the broker closed the connection".to_owned());
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if let Stage::Connected { tls: Some(tls), .. } = &self.stage {
            if !tls.is_handshaking() {
                self.state = SocketState::Open;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Stage::Connected { stream, tls } = &mut self.stage else {
            return Ok(());
        };
        let done = match tls {
            Some(tls) => flush_tls(tls, stream, &mut self.unsent),
            None => flush_plain(stream, &mut self.unsent),
        };
        match done {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            done => done,
        }
    }

    fn over(&mut self, why: String) {
        self.stage = Stage::Over;
        self.unsent = Vec::new();
        if !matches!(self.state, SocketState::Closed(_)) {
            self.state = SocketState::Closed(why);
        }
    }
}

fn read_plain(stream: &mut TcpStream, out: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut portion = [0; 16 * 1024];
    let count = stream.read(&mut portion)?;
    out.extend_from_slice(&portion[..count]);
    Ok((count > 0).then_some(count))
}

fn flush_plain(stream: &mut TcpStream, unsent: &mut Vec<u8>) -> io::Result<()> {
    while !unsent.is_empty() {
        match stream.write(unsent) {
            Ok(count) => drop(unsent.drain(..count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn flush_tls(tls: &mut TlsSession, stream: &mut TcpStream, unsent: &mut Vec<u8>) -> io::Result<()> {
    tls.flush(stream)?;
    while !tls.is_handshaking() && !unsent.is_empty() {
        let taken = tls.write(unsent)?;
        unsent.drain(..taken);
        tls.flush(stream)?;
    }
    Ok(())
}
