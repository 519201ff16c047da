//! Ports and waiting on Unix.

mod open;
mod transport;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
mod waiter_epoll;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
mod waiter_kqueue;

pub(crate) use open::{PORT_EXAMPLE, open_serial};
pub(crate) use transport::Transport;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
pub(crate) use waiter_epoll::{EpollWaiter as PlatformWaiter, WaiterSet};
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
pub(crate) use waiter_kqueue::KqueueWaiter as PlatformWaiter;
