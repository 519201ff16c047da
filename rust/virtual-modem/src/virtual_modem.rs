//! The handle of a running virtual modem.

use std::io;
use std::os::unix::net::UnixStream;

use crate::{StartError, TranscriptEntry, VirtualModemOptions};

/// A running virtual modem; every method takes `&self` and may be called from any thread.
///
/// It runs on one thread of its own, which sleeps while nothing happens, and stops when the value is
/// dropped or [`close`](Self::close)d.
#[derive(Debug)]
pub struct VirtualModem;

#[expect(unused_variables, clippy::unused_self, reason = "bodies come next")]
impl VirtualModem {
    /// Starts a modem; it takes commands as soon as this returns.
    pub fn start(options: VirtualModemOptions) -> Result<Self, StartError> {
        todo!()
    }

    /// Where the host finds the serial port: the path of the link or of the terminal,
    /// `tcp://127.0.0.1:PORT`, or `memory`.
    pub fn port(&self) -> String {
        todo!()
    }

    /// The broker as `host:port`; `cfg` if `AT+MQTTCFG` decides.
    pub fn broker(&self) -> String {
        todo!()
    }

    /// The seed that identity and faults are drawn from: pass it again to repeat the run.
    pub fn seed(&self) -> u64 {
        todo!()
    }

    /// The host's end of an in-memory link; an end taken before is closed.
    ///
    /// # Errors
    ///
    /// `Unsupported` on any other link, `NotConnected` after `close`.
    pub fn connect(&self) -> io::Result<UnixStream> {
        todo!()
    }

    /// What passed on the serial port so far, without passwords; the last 10 000 lines.
    pub fn transcript(&self) -> Vec<TranscriptEntry> {
        todo!()
    }

    /// Bytes the host gets as if the module had said them.
    pub fn inject(&self, bytes: &[u8]) {
        todo!()
    }

    /// Reboots the module: its state is lost, its banner printed.
    pub fn reboot(&self) {
        todo!()
    }

    /// Cuts the radio: nothing passes to or from the broker, and neither side is told.
    pub fn cut_network(&self) {
        todo!()
    }

    /// Undoes [`cut_network`](Self::cut_network).
    pub fn restore_network(&self) {
        todo!()
    }

    /// Puts the module to sleep: the first bytes the host sends are lost and wake it.
    pub fn sleep(&self) {
        todo!()
    }

    /// Bytes the module said and could not keep, because the host did not read: more than 1 MiB waited.
    pub fn dropped_bytes(&self) -> u64 {
        todo!()
    }

    /// Stops the modem: connections end, the link goes; harmless when repeated.
    pub fn close(&self) {
        todo!()
    }
}
