//! Waiting as the model checker sees it: one lock, one condition, and a look at the real socket, which
//! never blocks. Time stands still.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::PoisonError;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::driver::sync::{Condvar, Mutex, MutexGuard};
use crate::transport::{Interest, Transport, Waiter};

pub(crate) struct ModelWaiter {
    state: Mutex<State>,
    /// Something changed: a socket, an interest, a wake-up.
    changed: Condvar,
}

struct State {
    /// The port's socket, while there is one.
    port: Option<OwnedFd>,
    interest: Interest,
    wake_reader: bool,
    wake_leader: bool,
}

impl ModelWaiter {
    /// Waits until there is something to read from `socket`; for the threads of a model.
    pub(super) fn wait_until_readable(&self, socket: impl AsFd) {
        let read = Interest {
            read: true,
            write: false,
        };
        self.wait(|_| is_ready(socket.as_fd(), read));
    }

    /// To be called by a thread of a model that wrote to a socket.
    pub(super) fn notify(&self) {
        self.change(|_| ());
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait(&self, mut done: impl FnMut(&mut State) -> bool) {
        // What this thread wrote before, another may wait for.
        self.notify();
        let mut state = self.lock();
        while !done(&mut state) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelWaiter {
    pub(crate) fn wait_as_reader(&self) -> io::Result<()> {
        self.wait(|state| {
            let woken = std::mem::take(&mut state.wake_reader);
            woken
                || state
                    .port
                    .as_ref()
                    .is_some_and(|port| is_ready(port.as_fd(), state.interest))
        });
        Ok(())
    }
}

impl Waiter for ModelWaiter {
    fn new(port: &Transport) -> io::Result<Self> {
        Ok(Self {
            state: Mutex::new(State {
                port: Some(port.as_fd().try_clone_to_owned()?),
                interest: Interest::NONE,
                wake_reader: false,
                wake_leader: false,
            }),
            changed: Condvar::new(),
        })
    }

    fn set_interest(&self, _port: &Transport, interest: Interest) -> io::Result<()> {
        self.change(|state| state.interest = interest);
        Ok(())
    }

    fn forget(&self, _port: &Transport) {
        self.change(|state| state.port = None);
    }

    fn adopt(&self, port: &Transport) -> io::Result<()> {
        let port = port.as_fd().try_clone_to_owned()?;
        self.change(|state| {
            state.port = Some(port);
            state.interest = Interest::NONE;
        });
        Ok(())
    }

    fn set_reader_deadline(&self, _deadline: Option<Instant>) -> io::Result<()> {
        self.notify();
        Ok(())
    }

    fn wake_reader(&self) {
        self.change(|state| state.wake_reader = true);
    }

    fn wait_as_leader(
        &self,
        port: &Transport,
        interest: Interest,
        _deadline: Option<Instant>,
    ) -> io::Result<()> {
        self.wait(|state| {
            std::mem::take(&mut state.wake_leader) || is_ready(port.as_fd(), interest)
        });
        Ok(())
    }

    fn wake_leader(&self) {
        self.change(|state| state.wake_leader = true);
    }
}

fn is_ready(socket: BorrowedFd<'_>, interest: Interest) -> bool {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.read);
    flags.set(PollFlags::OUT, interest.write);
    let mut sockets = [PollFd::from_borrowed_fd(socket, flags)];
    poll(&mut sockets, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
        && sockets[0].revents().intersects(flags)
}
