//! The seam between the engine and the operating system.
//!
//! The engine knows a [`Port`] that never blocks and a [`Waiter`] on which at most two threads sleep:
//! the reader thread, and one caller that leads. A platform provides one of each.

mod adapter;
mod line_settings;
pub(crate) mod open;
mod ports;
pub(crate) mod refusal;
mod reopener;
mod rfc2217;
mod stream;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::time::Instant;

pub(crate) use line_settings::LineSettings;
pub use ports::{PortInfo, ports};
pub(crate) use reopener::PortReopener;
pub use stream::Stream;

#[cfg(all(test, loom))]
pub(crate) use crate::driver::ModelWaiter as PlatformWaiter;
#[cfg(all(unix, not(all(test, loom))))]
pub(crate) use unix::PlatformWaiter;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
pub(crate) use unix::WaiterSet;
#[cfg(unix)]
pub(crate) use unix::{PORT_EXAMPLE, Transport, open_serial};
#[cfg(windows)]
pub(crate) use windows::{PORT_EXAMPLE, PlatformWaiter, Transport, open_serial};

/// Which readiness of the port ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Interest {
    pub(crate) const NONE: Self = Self {
        read: false,
        write: false,
    };
}

/// An open port; no call blocks.
pub(crate) trait Port {
    /// `WouldBlock` when nothing is there, 0 when the other side is gone.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// `WouldBlock` when nothing can be taken now.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// True for a serial device with a line behind it: neither a pseudo-terminal nor a socket.
    fn is_real_line(&self) -> bool;

    fn set_baudrate(&self, baudrate: u32) -> io::Result<()>;
}

/// Where the reader thread and the leader sleep.
///
/// A wait may end for no reason, and does after a signal. All methods may be called from any thread.
pub(crate) trait Waiter: Sized {
    /// Nothing of the port interests the reader at first.
    fn new(port: &Transport) -> io::Result<Self>;

    /// What ends the reader's wait, also one under way.
    fn set_interest(&self, port: &Transport, interest: Interest) -> io::Result<()>;

    /// To be called before the port is closed.
    fn forget(&self, port: &Transport);

    /// Takes another port in place of one that was forgotten; nothing of it interests the reader at
    /// first.
    fn adopt(&self, port: &Transport) -> io::Result<()>;

    /// When the reader's wait ends at the latest, also one under way.
    fn set_reader_deadline(&self, deadline: Option<Instant>) -> io::Result<()>;

    fn wake_reader(&self);

    fn wait_as_leader(
        &self,
        port: &Transport,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()>;

    /// Ends the leader's wait under way, or else the next one.
    fn wake_leader(&self);
}
