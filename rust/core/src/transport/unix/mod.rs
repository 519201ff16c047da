//! Ports and waiting on Unix.

mod open;
mod transport;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
mod waiter_epoll;

pub(crate) use open::{PORT_EXAMPLE, open_serial};
pub(crate) use transport::Transport;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
pub(crate) use waiter_epoll::{EpollWaiter as PlatformWaiter, WaiterSet};
