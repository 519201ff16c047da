//! A port in memory.

#[cfg(windows)]
use std::net::TcpStream as Socket;
#[cfg(unix)]
use std::os::unix::net::UnixStream as Socket;

/// One end of an in-process connection that stands in for a serial port.
///
/// It is made from a connected [`UnixStream`](std::os::unix::net::UnixStream), on Windows from a
/// [`TcpStream`](std::net::TcpStream); the other end belongs to the program that plays the module,
/// usually a virtual modem. Opening a modem on the stream switches it to non-blocking mode.
///
/// ```
/// use m531x_core::{Modem, ModemOptions, Stream};
/// use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
///
/// let module = VirtualModem::start(VirtualModemOptions {
///     link: LinkChoice::Memory,
///     ..VirtualModemOptions::default()
/// })?;
/// let modem = Modem::open_stream(Stream::from(module.connect()?), ModemOptions::default())?;
/// println!("{:?}", modem.info()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Stream {
    pub(super) socket: Socket,
}

impl From<Socket> for Stream {
    fn from(socket: Socket) -> Self {
        Self { socket }
    }
}
