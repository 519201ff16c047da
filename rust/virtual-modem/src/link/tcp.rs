//! A serial line behind a TCP port, raw, as a serial device server offers it.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::fd::{AsFd, BorrowedFd};

use super::{Heard, read_stream, write_stream};
use crate::StartError;

/// A listener and the one client it serves; the next one waits until this one goes.
#[derive(Debug)]
pub(crate) struct TcpLink {
    listener: TcpListener,
    address: SocketAddr,
    client: Option<TcpStream>,
}

impl TcpLink {
    pub(super) fn listen(address: SocketAddr) -> Result<Self, StartError> {
        let listen = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self {
                listener,
                address,
                client: None,
            })
        };
        listen().map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::AddressInUse(address),
            _ => StartError::Listen { address, source },
        })
    }

    pub(super) fn name(&self) -> String {
        format!("tcp://{}", self.address)
    }

    pub(super) fn data_fd(&self) -> Option<BorrowedFd<'_>> {
        self.client.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn presence_fd(&self) -> Option<BorrowedFd<'_>> {
        self.client.is_none().then(|| self.listener.as_fd())
    }

    pub(super) fn handle_presence(&mut self) {
        if self.client.is_some() {
            return;
        }
        let accept = || {
            let (stream, _) = self.listener.accept()?;
            stream.set_nonblocking(true)?;
            // Split writes have to arrive split, and answers at once.
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(stream)
        };
        // A client that went before it was served is no event.
        self.client = accept().ok();
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Heard {
        let Some(stream) = &mut self.client else {
            return Heard::Nothing;
        };
        let heard = read_stream(stream, buffer);
        if heard == Heard::Gone {
            self.client = None;
        }
        heard
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        match &mut self.client {
            Some(stream) => write_stream(stream, bytes),
            None => bytes.len(),
        }
    }
}
