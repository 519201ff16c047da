//! Waiting on macOS and FreeBSD: a kqueue for the reader thread, and one for the leader.
//!
//! Compiled and type-checked only: no such system has run it so far.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::kqueue::{
    Event, EventFilter, EventFlags, UserDefinedFlags, UserFlags, kevent_timespec, kqueue,
};
use rustix::io::Errno;

use super::Transport;
use crate::transport::{Interest, Waiter};

const TIMER: isize = 0;
const WAKE: isize = 0;

#[derive(Debug)]
pub(crate) struct KqueueWaiter {
    reader: OwnedFd,
    leader: OwnedFd,
}

impl KqueueWaiter {
    pub(crate) fn wait_as_reader(&self) -> io::Result<()> {
        Ok(wait(&self.reader, None)?)
    }
}

impl Waiter for KqueueWaiter {
    fn new(port: &Transport) -> io::Result<Self> {
        let waiter = Self {
            reader: kqueue()?,
            leader: kqueue()?,
        };
        for queue in [&waiter.reader, &waiter.leader] {
            // It is reset once it has ended a wait.
            let flags = EventFlags::ADD | EventFlags::CLEAR;
            change(queue, &[wake_event(flags, UserFlags::empty())])?;
        }
        waiter.adopt(port)?;
        Ok(waiter)
    }

    fn set_interest(&self, port: &Transport, interest: Interest) -> io::Result<()> {
        Ok(change(&self.reader, &port_events(port, interest))?)
    }

    fn forget(&self, port: &Transport) {
        for queue in [&self.reader, &self.leader] {
            for filter in filters(port) {
                // The leader may never have waited for it.
                let _ = change(queue, &[event(filter, EventFlags::DELETE)]);
            }
        }
    }

    fn adopt(&self, port: &Transport) -> io::Result<()> {
        self.set_interest(port, Interest::NONE)
    }

    fn set_reader_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        let (timer, flags) = match deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                (Some(left), EventFlags::ADD | EventFlags::ONESHOT)
            }
            None => (None, EventFlags::DELETE),
        };
        let timer = EventFilter::Timer {
            ident: TIMER,
            timer: timer.map(whole_milliseconds),
        };
        match change(&self.reader, &[event(timer, flags)]) {
            // There was none to delete.
            Err(Errno::NOENT) if deadline.is_none() => Ok(()),
            result => Ok(result?),
        }
    }

    fn wake_reader(&self) {
        wake(&self.reader);
    }

    fn wait_as_leader(
        &self,
        port: &Transport,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        change(&self.leader, &port_events(port, interest))?;
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        Ok(wait(&self.leader, left)?)
    }

    fn wake_leader(&self) {
        wake(&self.leader);
    }
}

fn filters(port: &Transport) -> [EventFilter; 2] {
    let port = port.as_fd().as_raw_fd();
    [EventFilter::Read(port), EventFilter::Write(port)]
}

fn port_events(port: &Transport, interest: Interest) -> [Event; 2] {
    let [read, write] = filters(port);
    let flags = |wanted| {
        EventFlags::ADD
            | if wanted {
                EventFlags::ENABLE
            } else {
                EventFlags::DISABLE
            }
    };
    [
        event(read, flags(interest.read)),
        event(write, flags(interest.write)),
    ]
}

fn wake_event(flags: EventFlags, user: UserFlags) -> Event {
    let filter = EventFilter::User {
        ident: WAKE,
        flags: user,
        user_flags: UserDefinedFlags::new(0),
    };
    event(filter, flags)
}

fn event(filter: EventFilter, flags: EventFlags) -> Event {
    Event::new(filter, flags, ptr::null_mut())
}

fn wake(queue: &OwnedFd) {
    // It was added with the queue, which is open: there is nothing that could fail.
    let _ = change(
        queue,
        &[wake_event(EventFlags::empty(), UserFlags::TRIGGER)],
    );
}

/// Without room for events, so that a change that is refused is an error here.
fn change(queue: &OwnedFd, events: &[Event]) -> rustix::io::Result<()> {
    loop {
        // SAFETY: the descriptors are open: the engine calls `forget` before it closes a port.
        let done = unsafe {
            kevent_timespec(
                queue,
                events,
                &mut [MaybeUninit::<Event>::uninit(); 0],
                Some(&Timespec::default()),
            )
        };
        match done {
            Err(Errno::INTR) => {}
            result => return result.map(|_| ()),
        }
    }
}

fn wait(queue: &OwnedFd, timeout: Option<Duration>) -> rustix::io::Result<()> {
    let timeout = timeout.map(|left| Timespec {
        tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    });
    let mut events = [MaybeUninit::uninit(); 4];
    // SAFETY: as in `change`.
    match unsafe { kevent_timespec(queue, &[], &mut events, timeout.as_ref()) } {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Rounded up: rustix takes the part below a millisecond from a timer, and a timer that ends early
/// is set again and again.
fn whole_milliseconds(left: Duration) -> Duration {
    let milliseconds = left.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}
