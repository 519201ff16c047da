//! Ports and waiting on Unix.

mod open;
mod transport;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod waiter_epoll;

pub(crate) use open::{PORT_EXAMPLE, open_serial};
pub(crate) use transport::Transport;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use waiter_epoll::EpollWaiter as PlatformWaiter;
