//! Waiting on Windows: the port's two events, one event to wake each sleeper, and a timer.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use windows_sys::Win32::Foundation::HANDLE;

use super::Transport;
use super::event::{Event, Timer, wait_any};
use crate::transport::{Interest, Waiter};

#[derive(Debug)]
pub(crate) struct EventWaiter {
    reader_wake: Event,
    leader_wake: Event,
    timer: Timer,
    /// A wait under way does not see a change of what it waits for: this has it begin anew.
    changed: Event,
    reader: Mutex<Reader>,
}

#[derive(Debug)]
struct Reader {
    /// `None` while there is no port.
    port: Option<Readiness>,
    interest: Interest,
    deadline: Option<Instant>,
}

/// The events of a port, kept open for a wait that is under way while the port is closed.
#[derive(Clone, Debug)]
struct Readiness {
    readable: Arc<Event>,
    writable: Arc<Event>,
}

impl EventWaiter {
    pub(crate) fn wait_as_reader(&self) -> io::Result<()> {
        let mut handles = Vec::with_capacity(5);
        loop {
            handles.clear();
            handles.extend([
                self.reader_wake.handle(),
                self.changed.handle(),
                self.timer.handle(),
            ]);
            let (port, interest) = {
                let reader = self.reader();
                (reader.port.clone(), reader.interest)
            };
            if let Some(port) = &port {
                port.add(interest, &mut handles);
            }
            match wait_any(&handles, None)? {
                Some(1) => {}
                Some(2) => {
                    let reader = self.reader();
                    if reader.deadline.is_some_and(|due| due <= Instant::now()) {
                        return Ok(());
                    }
                    // The system's clock ticks coarsely: the timer may be early.
                    self.set_timer(&reader)?;
                }
                _ => return Ok(()),
            }
        }
    }
}

impl Waiter for EventWaiter {
    fn new(port: &Transport) -> io::Result<Self> {
        Ok(Self {
            reader_wake: Event::for_one_wait()?,
            leader_wake: Event::for_one_wait()?,
            timer: Timer::new()?,
            changed: Event::for_one_wait()?,
            reader: Mutex::new(Reader {
                port: Some(Readiness::of(port)),
                interest: Interest::NONE,
                deadline: None,
            }),
        })
    }

    fn set_interest(&self, _port: &Transport, interest: Interest) -> io::Result<()> {
        self.reader().interest = interest;
        self.changed.set();
        Ok(())
    }

    fn forget(&self, _port: &Transport) {
        let mut reader = self.reader();
        reader.port = None;
        reader.interest = Interest::NONE;
        self.changed.set();
    }

    fn adopt(&self, port: &Transport) -> io::Result<()> {
        let mut reader = self.reader();
        reader.port = Some(Readiness::of(port));
        reader.interest = Interest::NONE;
        self.changed.set();
        Ok(())
    }

    fn set_reader_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        let mut reader = self.reader();
        reader.deadline = deadline;
        self.set_timer(&reader)
    }

    fn wake_reader(&self) {
        self.reader_wake.set();
    }

    fn wait_as_leader(
        &self,
        port: &Transport,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let port = Readiness::of(port);
        let mut handles = Vec::with_capacity(3);
        handles.push(self.leader_wake.handle());
        port.add(interest, &mut handles);
        wait_any(&handles, deadline)?;
        Ok(())
    }

    fn wake_leader(&self) {
        self.leader_wake.set();
    }
}

impl EventWaiter {
    fn set_timer(&self, reader: &Reader) -> io::Result<()> {
        let Some(deadline) = reader.deadline else {
            self.timer.clear();
            return Ok(());
        };
        self.timer
            .set(deadline.saturating_duration_since(Instant::now()))
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readiness {
    fn of(port: &Transport) -> Self {
        Self {
            readable: port.readable(),
            writable: port.writable(),
        }
    }

    fn add(&self, interest: Interest, handles: &mut Vec<HANDLE>) {
        if interest.read {
            handles.push(self.readable.handle());
        }
        if interest.write {
            handles.push(self.writable.handle());
        }
    }
}
