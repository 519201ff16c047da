//! One poll of the port by the thread that owns it: bytes in, timers, bytes out, results and messages handed on.

use std::io;
use std::time::{Instant, SystemTime};

use super::Engine;
use super::outbox::still_kept;
use super::state::{EngineState, Role};
use crate::driver::outbox::Link;
use crate::driver::ticket::Ticket;
use crate::transport::{Interest, Port, Waiter};
use crate::{Error, ErrorCode, Incoming};

impl Engine {
    /// Reads first: an answer that already waits in the operating system is not late.
    pub(super) fn poll_port(&self, state: &mut EngineState) {
        if state.end.is_some() {
            return;
        }
        if state.is_held_back() {
            return;
        }
        state.resume_clock();
        let now = state.now();
        if let Err(why) = read(state, now) {
            self.lose_port(state, &why);
            return;
        }
        if state.session.poll_timeout().is_some_and(|due| due <= now) {
            state.session.handle_timeout(now);
        }
        self.drain_session(state, now);
    }

    /// Fetches everything the session has to give after an input.
    pub(super) fn drain_session(&self, state: &mut EngineState, now: Instant) {
        while let Some(bytes) = state.session.poll_transmit(now) {
            state.unsent.extend_from_slice(&bytes);
        }
        let flushed = flush(state).and_then(|()| check_taken(state));
        self.dispatch_outputs(state);
        self.pass_on_password_request(state);
        if let Err(error) = flushed {
            self.lose_port(state, &error.to_string());
        }
    }

    /// Ends everything with `error`; the first end stays the reason.
    pub(super) fn end(&self, state: &mut EngineState, error: Error) {
        let tickets: Vec<_> = state.slots.keys().copied().collect();
        for ticket in tickets {
            if !state.has_outcome(ticket) {
                let error = if ticket.is_stored() {
                    still_kept(&error)
                } else {
                    error.clone()
                };
                state.complete(ticket, Err(error));
            }
        }
        let sending: Vec<_> = state.outbox_sending.drain().collect();
        if let Some(outbox) = &state.outbox {
            for id in sending {
                outbox.ended(id, Err(error.clone()));
            }
            outbox.link(Link::default());
        }
        state.unsent.clear();
        if state.closed || state.end.is_none() {
            state.end = Some(error);
        }
        if let Some(port) = state.port.take() {
            self.waiter.forget(&port);
        }
        if state.closed {
            state.jobs = None;
        }
        self.ended.notify_all();
        let arrival = SystemTime::now();
        while let Some(incoming) = next_event(state, arrival) {
            self.mailbox.push(incoming);
        }
        self.mailbox.finish(state.closed);
        state.wake_parked();
        self.waiter.wake_reader();
        if state.role == Role::Leader {
            self.waiter.wake_leader();
        }
    }

    /// The port is no longer usable; it is reopened if the caller has asked for that.
    pub(super) fn lose_port(&self, state: &mut EngineState, why: &str) {
        if state.end.is_some() {
            return;
        }
        if state.reopener.is_none() || !state.session.recovers() {
            self.lose_port_for_good(state, why);
        } else if state.port.is_some() {
            self.port_vanished(state, why);
        }
    }

    pub(super) fn lose_port_for_good(&self, state: &mut EngineState, why: &str) {
        if state.end.is_some() {
            return;
        }
        let now = state.now();
        state.session.handle_port_lost(now, why);
        self.dispatch_outputs(state);
        let error = Error::new(
            ErrorCode::Port,
            format!("the port is gone: {why}; check cable and power, then open it again"),
        );
        self.end(state, error);
    }

    /// Notifies the reader thread of what to sleep for, and until when.
    pub(super) fn sync_reader(&self, state: &mut EngineState) {
        if state.end.is_some() {
            return;
        }
        let reads = !state.is_backpressured();
        if reads {
            state.resume_clock();
        } else {
            state.pause_clock();
        }
        self.set_interest(
            state,
            Interest {
                read: reads,
                write: !state.unsent.is_empty(),
            },
        );
        let deadline = state.next_deadline();
        let keep = match (state.reader_deadline, deadline) {
            // Waking early once is cheaper than moving the timer with every command.
            (Some(set), Some(due)) => set <= due,
            (None, None) => true,
            _ => false,
        };
        if !keep {
            state.reader_deadline = deadline;
            if let Err(error) = self.waiter.set_reader_deadline(deadline) {
                self.lose_port(state, &error.to_string());
            }
        }
    }

    pub(super) fn set_interest(&self, state: &mut EngineState, interest: Interest) {
        let Some(port) = state.port.as_ref() else {
            return;
        };
        if state.interest == interest {
            return;
        }
        match self.waiter.set_interest(port, interest) {
            Ok(()) => state.interest = interest,
            Err(error) => self.lose_port(state, &error.to_string()),
        }
    }

    pub(super) fn dispatch_outputs(&self, state: &mut EngineState) {
        let now = state.now();
        while let Some((id, outcome)) = state.session.poll_completion(now) {
            match &state.outbox {
                Some(outbox) if state.outbox_sending.remove(&id) => outbox.ended(id, outcome),
                _ => state.complete(Ticket::Session(id), outcome),
            }
        }
        self.log_lines(state);
        state.session.look_after_recorder();
        let arrival = SystemTime::now();
        (state.blocked, state.report_at) = self.mailbox.fill(|| next_event(state, arrival));
        if !state.blocked {
            state.read_while_blocked = 0;
        } else if state.is_held_back() {
            self.fail_behind_full_mailbox(state, now);
        }
        state.notify_outbox();
    }

    /// The caller has taken entries from the mailbox: what the session kept back for want of room may
    /// come, and the port may be read again.
    pub(in crate::driver) fn after_receiving(&self) {
        if !self.mailbox.has_room_again() {
            return;
        }
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        self.dispatch_outputs(&mut state);
        match state.role {
            Role::Reader => self.sync_reader(&mut state),
            Role::Leader => self.waiter.wake_leader(),
            Role::Vacant => {}
        }
    }

    /// Nothing more is read before there is room, so that no answer can come.
    fn fail_behind_full_mailbox(&self, state: &mut EngineState, now: Instant) {
        let error = self.full_mailbox();
        let waiting: Vec<_> = state.slots.keys().copied().collect();
        for ticket in waiting {
            if let (false, Ticket::Session(id)) = (state.has_outcome(ticket), ticket) {
                state.session.abandon(now, id);
                state.complete(ticket, Err(error.clone()));
            }
        }
    }

    /// The error of an operation whose answer stands behind messages that no one takes.
    pub(super) fn full_mailbox(&self) -> Error {
        Error::new(
            ErrorCode::QueueFull,
            format!(
                "{}, and with overflow \"block\" the port is not read meanwhile: take them, or choose \
                 another policy",
                self.mailbox.fullest()
            ),
        )
    }

    fn log_lines(&self, state: &mut EngineState) {
        let Some(log) = &mut state.trace else { return };
        while let Some(line) = state.session.poll_line() {
            log.add(line);
            if log.wakes_receiver {
                self.mailbox.wake();
            }
        }
    }
}

/// One read per poll: between two, the bound of the mailbox is checked and callers get at the lock.
fn read(state: &mut EngineState, now: Instant) -> Result<(), String> {
    let Some(port) = &state.port else {
        return Ok(());
    };
    match port.read(&mut state.buffer) {
        Ok(0) => Err("the other side hung up".to_owned()),
        Ok(count) => {
            if state.blocked {
                state.read_while_blocked += count;
            }
            state.session.handle_input(now, &state.buffer[..count]);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The next message or event of the session, with the time.
fn next_event(state: &mut EngineState, arrival: SystemTime) -> Option<Incoming> {
    let mut incoming = state.session.poll_event()?;
    incoming.stamp(arrival);
    Some(incoming)
}

/// A port that takes nothing for as long as so many commands need is stuck.
fn check_taken(state: &EngineState) -> io::Result<()> {
    const MOST_UNSENT: usize = 64 * 1024;
    if state.unsent.len() <= MOST_UNSENT {
        return Ok(());
    }
    let waiting = state.unsent.len();
    Err(io::Error::other(format!(
        "it no longer takes bytes, {waiting} wait"
    )))
}

fn flush(state: &mut EngineState) -> io::Result<()> {
    let Some(port) = &state.port else {
        return Ok(());
    };
    let mut sent = 0;
    let result = loop {
        if sent == state.unsent.len() {
            break Ok(());
        }
        match port.write(&state.unsent[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    state.unsent.drain(..sent);
    result
}
