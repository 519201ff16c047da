//! A port in memory.

#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// One end of an in-process connection that stands in for a serial port.
///
/// It is made from a connected [`UnixStream`]; the other end belongs to whatever plays the module,
/// usually a virtual modem. The stream is switched to non-blocking mode when a modem is opened on it.
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
    #[cfg(unix)]
    pub(super) socket: UnixStream,
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(socket: UnixStream) -> Self {
        Self { socket }
    }
}
