//! The module with its link and its socket.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use rustix::event::PollFlags;
use rustix::fd::{BorrowedFd, OwnedFd};

use super::Ready;
use crate::TranscriptEntry;
use crate::link::{Heard, Link};
use crate::local_stream::LocalStream;
use crate::module::{Module, NetworkAction};
use crate::mqtt_client::{Socket, SocketState, TlsPolicy};
use crate::replay::Player;

/// Bytes for a host that does not read after which the module stops reading from the broker.
const ENOUGH: usize = 256 * 1024;
/// Bytes for a host that does not read after which more are lost, as on a line without flow control.
const TOO_MUCH: usize = 1024 * 1024;
/// Bytes of the host taken in one turn.
const PORTION: usize = 4096;

/// Which broker a connection goes to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The one that `AT+MQTTCFG` names.
    Cfg,
    /// This one, independent of `AT+MQTTCFG`.
    Fixed {
        host: String,
        port: u16,
        /// Whether it speaks TLS where `AT+MQTTCFG` asks for it.
        tls: bool,
    },
}

/// Everything the modem's thread owns.
pub(crate) struct Engine {
    pub(crate) module: Module,
    /// Speaks in the module's place.
    player: Option<Player>,
    pub(crate) link: Link,
    target: Target,
    socket: Option<Connection>,
    /// Connections given up while the network was cut: their peers notice when it is restored.
    silent: Vec<OwnedFd>,
    cut: bool,
    /// What the link has not taken yet.
    outgoing: VecDeque<u8>,
    dropped: u64,
    buffer: Vec<u8>,
    stopped: bool,
}

struct Connection {
    socket: Socket,
    /// The module knows that it is open.
    announced: bool,
}

impl Engine {
    pub(crate) fn new(module: Module, player: Option<Player>, link: Link, target: Target) -> Self {
        Self {
            module,
            player,
            link,
            target,
            socket: None,
            silent: Vec::new(),
            cut: false,
            outgoing: VecDeque::new(),
            dropped: 0,
            buffer: vec![0; PORTION],
            stopped: false,
        }
    }

    // ---- what other threads ask for

    pub(crate) fn connect(&mut self) -> io::Result<LocalStream> {
        let host = self.link.connect()?;
        self.outgoing.clear();
        if let Some(player) = &mut self.player {
            player.rewind();
        }
        Ok(host)
    }

    pub(crate) fn set_cut(&mut self, now: Instant, cut: bool) {
        if cut {
            self.module.cut_network(now);
        } else {
            self.module.restore_network(now);
        }
        self.follow_cut();
    }

    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn transcript(&self) -> Vec<TranscriptEntry> {
        match &self.player {
            Some(player) => player.transcript(),
            None => self.module.transcript(),
        }
    }

    pub(crate) fn inject(&mut self, now: Instant, bytes: &[u8]) {
        match &mut self.player {
            Some(player) => player.inject(bytes),
            None => self.module.inject(now, bytes),
        }
    }

    pub(crate) fn differences(&self) -> Vec<String> {
        let player = self.player.as_ref();
        player.map_or_else(Vec::new, Player::differences)
    }

    // ---- one turn of the thread

    /// Does everything that can be done now.
    pub(super) fn drive(&mut self, now: Instant) {
        if self.module.poll_timeout().is_some_and(|at| at <= now) {
            self.module.handle_timeout(now);
        }
        loop {
            self.follow_cut();
            let moved = self.act(now) | self.look_at_socket(now);
            if !moved {
                break;
            }
        }
        self.speak(now);
        // A reboot in the middle of what is said, and more like it.
        self.follow_cut();
        while self.act(now) {}
    }

    pub(super) fn handle_ready(&mut self, now: Instant, ready: Ready) {
        if ready.presence && self.link.handle_presence() {
            if let Some(player) = &mut self.player {
                player.rewind();
            }
        }
        if ready.data {
            self.flush();
            self.hear(now);
        }
        if ready.socket {
            if let Some(connection) = &mut self.socket {
                connection.socket.handle_ready();
            }
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match &self.player {
            Some(player) => player.poll_timeout(),
            None => self.module.poll_timeout(),
        }
    }

    pub(super) fn presence_source(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        self.link.presence_fd().map(|fd| (fd, PollFlags::IN))
    }

    pub(super) fn data_source(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let mut flags = PollFlags::empty();
        // A host that does not wait for answers waits for them now.
        let hears = self.module.serial_backlog() < ENOUGH;
        flags.set(PollFlags::IN, hears);
        flags.set(PollFlags::OUT, !self.outgoing.is_empty());
        self.link.data_fd().map(|fd| (fd, flags))
    }

    pub(super) fn socket_source(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let socket = &self.socket.as_ref()?.socket;
        let waiting = self.outgoing.len() + self.module.serial_backlog();
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, socket.wants_read() && waiting < ENOUGH);
        flags.set(PollFlags::OUT, socket.wants_write());
        // With nothing to wait for, poll would report an error forever.
        (!flags.is_empty()).then_some(())?;
        socket.fd().map(|fd| (fd, flags))
    }

    // ---- the serial side

    fn hear(&mut self, now: Instant) {
        match self.link.read(&mut self.buffer) {
            Heard::Bytes(count) => {
                let bytes = &self.buffer[..count];
                match &mut self.player {
                    Some(player) => player.handle_serial(now, bytes),
                    None => self.module.handle_serial(now, bytes),
                }
            }
            Heard::Nothing => {}
            Heard::Gone => {
                self.outgoing.clear();
                if let Some(player) = &mut self.player {
                    player.rewind();
                }
            }
        }
    }

    fn speak(&mut self, now: Instant) {
        while let Some(bytes) = self.next_words(now) {
            let mut rest = bytes.as_slice();
            if self.outgoing.is_empty() {
                let taken = self.link.write(rest);
                rest = rest.get(taken..).unwrap_or_default();
            }
            let room = TOO_MUCH.saturating_sub(self.outgoing.len());
            let (kept, lost) = rest.split_at(room.min(rest.len()));
            self.outgoing.extend(kept);
            self.dropped += lost.len() as u64;
        }
    }

    fn next_words(&mut self, now: Instant) -> Option<Vec<u8>> {
        match &mut self.player {
            Some(player) => player.poll_serial(now),
            None => self.module.poll_serial(now),
        }
    }

    fn flush(&mut self) {
        while !self.outgoing.is_empty() {
            let (front, _) = self.outgoing.as_slices();
            let taken = self.link.write(front);
            if taken == 0 {
                return;
            }
            self.outgoing.drain(..taken.min(self.outgoing.len()));
        }
    }

    // ---- the network side

    /// Executes the module's requests; returns whether there were any.
    fn act(&mut self, now: Instant) -> bool {
        let mut acted = false;
        while let Some(action) = self.module.poll_network() {
            acted = true;
            match action {
                NetworkAction::Connect { host, port, tls } => self.dial(&host, port, tls),
                NetworkAction::Send(bytes) => {
                    if let Some(connection) = &mut self.socket {
                        connection.socket.write(&bytes);
                        if connection.socket.unsent() > TOO_MUCH {
                            connection
                                .socket
                                .give_up("the broker no longer takes bytes");
                        }
                    }
                }
                NetworkAction::Close => self.hang_up(),
            }
        }
        // What was written may have shown that the connection is over.
        acted | self.look_at_socket(now)
    }

    fn dial(&mut self, host: &str, port: u16, tls: bool) {
        self.hang_up();
        let (host, port, tls) = match &self.target {
            Target::Cfg => (host, port, tls),
            Target::Fixed {
                host,
                port,
                tls: speaks_tls,
            } => (host.as_str(), *port, tls && *speaks_tls),
        };
        let tls = tls.then(TlsPolicy::default);
        let socket = if self.cut {
            Socket::start_cut(host, port, tls)
        } else {
            Socket::start(host, port, tls)
        };
        self.socket = Some(Connection {
            socket,
            announced: false,
        });
    }

    fn hang_up(&mut self) {
        if let Some(mut connection) = self.socket.take() {
            if self.cut {
                self.silent.extend(connection.socket.abandon());
            } else {
                connection.socket.close();
            }
        }
    }

    /// Reports the state of its connection to the module; returns whether there was a report.
    fn look_at_socket(&mut self, now: Instant) -> bool {
        let Some(connection) = &mut self.socket else {
            return false;
        };
        let mut reported = false;
        let state = connection.socket.state().clone();
        if state != SocketState::Connecting && !connection.announced {
            if let SocketState::Closed(why) = state {
                let name_unknown = connection.socket.is_name_unknown();
                self.socket = None;
                if name_unknown {
                    self.module.handle_name_unknown(now);
                } else {
                    self.module.handle_connect_failed(now, &why);
                }
                return true;
            }
            connection.announced = true;
            self.module.handle_connected(now);
            reported = true;
        }
        let bytes = connection.socket.read();
        if !bytes.is_empty() {
            self.module.handle_network_bytes(now, &bytes);
            reported = true;
        }
        if let SocketState::Closed(why) = connection.socket.state().clone() {
            self.socket = None;
            self.module.handle_network_lost(now, &why);
            reported = true;
        }
        reported
    }

    fn follow_cut(&mut self) {
        let cut = self.module.network_cut();
        if cut == self.cut {
            return;
        }
        self.cut = cut;
        if let Some(connection) = &mut self.socket {
            connection.socket.set_cut(cut);
        }
        if !cut {
            self.silent.clear();
        }
    }
}
