//! The non-blocking socket below the uplink.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::TlsPolicy;

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
/// Before each wait ask [`fd`](Self::fd) and [`wants_write`](Self::wants_write) again (the descriptor
/// changes between resolving and connecting); after a wait that reported it call
/// [`handle_ready`](Self::handle_ready), then look at [`state`](Self::state) and take
/// [`read`](Self::read).
#[derive(Debug)]
pub struct Socket;

#[expect(
    unused_variables,
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut
)]
impl Socket {
    /// Begins to connect; errors show up in [`state`](Self::state). `tls` is `None` for plain TCP.
    pub fn start(host: &str, port: u16, tls: Option<TlsPolicy>) -> Self {
        todo!()
    }

    /// Like [`start`](Self::start) on a network that is cut: nothing is sent before
    /// [`set_cut(false)`](Self::set_cut).
    pub fn start_cut(host: &str, port: u16, tls: Option<TlsPolicy>) -> Self {
        todo!()
    }

    /// The descriptor to wait on, `None` while there is nothing to wait for (closed, or cut).
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        todo!()
    }

    /// Whether to wait for the descriptor to become readable.
    pub fn wants_read(&self) -> bool {
        todo!()
    }

    /// Whether to wait for the descriptor to become writable.
    pub fn wants_write(&self) -> bool {
        todo!()
    }

    /// The descriptor is ready: connects, shakes hands, reads and writes as far as possible now.
    pub fn handle_ready(&mut self) {
        todo!()
    }

    /// Where the connection is.
    pub fn state(&self) -> &SocketState {
        todo!()
    }

    /// What has been received since the last call, possibly nothing.
    pub fn read(&mut self) -> Vec<u8> {
        todo!()
    }

    /// Queues bytes and sends what can be sent now; the rest goes with
    /// [`handle_ready`](Self::handle_ready).
    pub fn write(&mut self, bytes: &[u8]) {
        todo!()
    }

    /// Whether written bytes still wait for the peer.
    pub fn has_unsent(&self) -> bool {
        todo!()
    }

    /// Cuts the network below (`true`: nothing passes either way, the peer sees no end) or restores
    /// it.
    pub fn set_cut(&mut self, cut: bool) {
        todo!()
    }

    /// Gives up the connection without telling the peer: as long as the returned descriptor is kept
    /// the peer sees silence, not an end.
    pub fn abandon(self) -> Option<OwnedFd> {
        todo!()
    }

    /// Ends the connection in order, after one more attempt to send what is unsent.
    pub fn close(&mut self) -> io::Result<()> {
        todo!()
    }
}
