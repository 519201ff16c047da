//! Ports and waiting on Windows: overlapped I/O, one event for each direction.
//!
//! A readiness as Unix knows it does not exist for a COM port, so one read is always under way, into
//! memory of this module; its event is the readiness. Writes are overlapped as well: on a synchronous
//! handle a write would wait behind the read.

mod device;
mod event;
mod open;
mod operation;
mod receiver;
mod sender;
mod transport;
mod waiter;

pub(crate) use open::{PORT_EXAMPLE, open_serial};
pub(crate) use transport::Transport;
pub(crate) use waiter::EventWaiter as PlatformWaiter;
