//! Waiting on Linux: epoll for the reader thread, ppoll for the leader.
//!
//! A modem has an epoll set of its port, an eventfd and a timerfd, and the reader thread sleeps in
//! `epoll_wait` on the sets of all modems. Each can be changed by another thread without waking it: that is
//! what makes it free for a caller to take the port over (one `epoll_ctl`) and to move the reader's
//! deadline (one `timerfd_settime`).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::Transport;
use crate::transport::{Interest, Waiter};

const PORT: u64 = 0;
const WAKE: u64 = 1;
const TIMER: u64 = 2;

/// The number of no modem: the reader thread is to end.
const END: u64 = u64::MAX;

/// So many modems are looked up with one system call.
const AT_ONCE: usize = 64;

#[derive(Debug)]
pub(crate) struct EpollWaiter {
    epoll: OwnedFd,
    reader_wake: OwnedFd,
    leader_wake: OwnedFd,
    timer: OwnedFd,
}

impl Waiter for EpollWaiter {
    fn new(port: &Transport) -> io::Result<Self> {
        let waiter = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            reader_wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            leader_wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            timer: timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
            )?,
        };
        epoll::add(
            &waiter.epoll,
            port,
            EventData::new_u64(PORT),
            flags(Interest::NONE),
        )?;
        epoll::add(
            &waiter.epoll,
            &waiter.reader_wake,
            EventData::new_u64(WAKE),
            EventFlags::IN,
        )?;
        epoll::add(
            &waiter.epoll,
            &waiter.timer,
            EventData::new_u64(TIMER),
            EventFlags::IN,
        )?;
        Ok(waiter)
    }

    fn set_interest(&self, port: &Transport, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(
            &self.epoll,
            port,
            EventData::new_u64(PORT),
            flags(interest),
        )?)
    }

    fn forget(&self, port: &Transport) {
        let _ = epoll::delete(&self.epoll, port);
    }

    fn adopt(&self, port: &Transport) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            port,
            EventData::new_u64(PORT),
            flags(Interest::NONE),
        )?)
    }

    fn set_reader_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        let it_value = match deadline {
            None => Timespec::default(),
            Some(deadline) => timespec_until(deadline, Instant::now()),
        };
        let value = Itimerspec {
            it_interval: Timespec::default(),
            it_value,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &value)?;
        Ok(())
    }

    fn wake_reader(&self) {
        signal(&self.reader_wake);
    }

    fn wait_as_leader(
        &self,
        port: &Transport,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let mut port_flags = PollFlags::empty();
        port_flags.set(PollFlags::IN, interest.read);
        port_flags.set(PollFlags::OUT, interest.write);
        let port = port.as_fd();
        let mut fds = [
            PollFd::from_borrowed_fd(port, port_flags),
            PollFd::new(&self.leader_wake, PollFlags::IN),
        ];
        let timeout = deadline.map(|deadline| timespec_until(deadline, Instant::now()));
        match poll(&mut fds, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        if !fds[1].revents().is_empty() {
            clear(&self.leader_wake);
        }
        Ok(())
    }

    fn wake_leader(&self) {
        signal(&self.leader_wake);
    }
}

impl EpollWaiter {
    /// Looks what has ended the reader's wait, so that it does not end the next one too.
    pub(crate) fn take_wakes(&self) -> io::Result<()> {
        let mut events = [const { MaybeUninit::uninit() }; 3];
        match epoll::wait(&self.epoll, &mut events, Some(&Timespec::default())) {
            Err(Errno::INTR) => {}
            result => {
                for event in result?.0 {
                    match event.data.u64() {
                        WAKE => clear(&self.reader_wake),
                        TIMER => clear(&self.timer),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// The waiters of many modems, on which one reader thread sleeps.
#[derive(Debug)]
pub(crate) struct WaiterSet {
    epoll: OwnedFd,
    wake: OwnedFd,
}

impl WaiterSet {
    pub(crate) fn new() -> io::Result<Self> {
        let set = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        };
        epoll::add(
            &set.epoll,
            &set.wake,
            EventData::new_u64(END),
            EventFlags::IN,
        )?;
        Ok(set)
    }

    /// Has `wait` give this number when something has come up for the reader of this waiter.
    pub(crate) fn add(&self, waiter: &EpollWaiter, number: u64) -> io::Result<()> {
        let data = EventData::new_u64(number);
        Ok(epoll::add(
            &self.epoll,
            &waiter.epoll,
            data,
            EventFlags::IN,
        )?)
    }

    pub(crate) fn remove(&self, waiter: &EpollWaiter) {
        let _ = epoll::delete(&self.epoll, &waiter.epoll);
    }

    /// Appends the numbers of those for which something has come up; false once [`end`](Self::end) was
    /// called. It may return for no reason, and does after a signal.
    pub(crate) fn wait(&self, ready: &mut Vec<u64>) -> io::Result<bool> {
        let mut events = [const { MaybeUninit::uninit() }; AT_ONCE];
        match epoll::wait(&self.epoll, &mut events, None) {
            Err(Errno::INTR) => {}
            result => ready.extend(result?.0.iter().map(|event| event.data.u64())),
        }
        Ok(!ready.contains(&END))
    }

    /// Ends every wait from now on.
    pub(crate) fn end(&self) {
        signal(&self.wake);
    }
}

fn flags(interest: Interest) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN, interest.read);
    flags.set(EventFlags::OUT, interest.write);
    if flags.is_empty() {
        // epoll reports a hang-up even to those who asked for nothing: once is enough.
        flags = EventFlags::ONESHOT;
    }
    flags
}

/// Never zero: a timerfd set to zero is disarmed, and a deadline in the past is due at once.
fn timespec_until(deadline: Instant, now: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(now);
    Timespec {
        tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: left
            .subsec_nanos()
            .max(u32::from(left.as_secs() == 0))
            .into(),
    }
}

fn signal(event: &OwnedFd) {
    // The only failure of a non-blocking eventfd is a full counter, which wakes as well.
    let _ = rustix::io::write(event, &1u64.to_ne_bytes());
}

fn clear(event: &OwnedFd) {
    let mut count = [0u8; 8];
    let _ = rustix::io::read(event, &mut count);
}
