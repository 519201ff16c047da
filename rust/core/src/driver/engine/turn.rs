//! One turn of whoever reads: bytes in, timers, bytes out, results and messages handed on.

use std::io;
use std::time::{Instant, SystemTime};

use super::Engine;
use super::kept::still_kept;
use super::shared::{Role, Shared};
use crate::driver::io::{Interest, Port, Waiter};
use crate::driver::outbox::Link;
use crate::{Error, ErrorCode};

impl Engine {
    /// Reads first: an answer that already waits in the operating system is not late.
    pub(super) fn turn(&self, shared: &mut Shared) {
        if shared.end.is_some() {
            return;
        }
        shared.thaw();
        let now = shared.now();
        if let Err(why) = read(shared, now) {
            self.lose_port(shared, &why);
            return;
        }
        if shared.session.poll_timeout().is_some_and(|due| due <= now) {
            shared.session.handle_timeout(now);
        }
        self.settle(shared, now);
    }

    /// Fetches everything the session has to give after it was told something.
    pub(super) fn settle(&self, shared: &mut Shared, now: Instant) {
        while let Some(bytes) = shared.session.poll_transmit(now) {
            shared.unsent.extend_from_slice(&bytes);
        }
        let flushed = flush(shared).and_then(|()| check_taken(shared));
        self.hand_on(shared);
        self.pass_on_password_request(shared);
        if let Err(error) = flushed {
            self.lose_port(shared, &error.to_string());
        }
    }

    /// Ends everything with `error`; the first end stays the reason.
    pub(super) fn end(&self, shared: &mut Shared, error: Error) {
        let ids: Vec<_> = shared.slots.keys().copied().collect();
        for id in ids {
            if !shared.has_outcome(id) {
                let error = if id.is_kept() {
                    still_kept(&error)
                } else {
                    error.clone()
                };
                shared.complete(id, Err(error));
            }
        }
        let sending: Vec<_> = shared.kept.sending.drain().collect();
        if let Some(outbox) = &shared.kept.outbox {
            for id in sending {
                outbox.ended(id, Err(error.clone()));
            }
            outbox.link(Link::default());
        }
        shared.unsent.clear();
        if shared.closed || shared.end.is_none() {
            shared.end = Some(error);
        }
        if let Some(port) = shared.port.take() {
            self.waiter.forget(&port);
        }
        if shared.closed {
            shared.jobs = None;
        }
        self.ended.notify_all();
        self.queue.finish();
        shared.wake_parked();
        self.waiter.wake_reader();
        if shared.role == Role::Leader {
            self.waiter.wake_leader();
        }
    }

    /// The port cannot be used any more; it is looked for if that was asked for.
    pub(super) fn lose_port(&self, shared: &mut Shared, why: &str) {
        if shared.end.is_some() {
            return;
        }
        if shared.lookout.is_none() || !shared.session.recovers() {
            self.lose_port_for_good(shared, why);
        } else if shared.port.is_some() {
            self.miss_port(shared, why);
        }
    }

    pub(super) fn lose_port_for_good(&self, shared: &mut Shared, why: &str) {
        if shared.end.is_some() {
            return;
        }
        let now = shared.now();
        shared.session.handle_port_lost(now, why);
        self.hand_on(shared);
        let error = Error::new(
            ErrorCode::Port,
            format!("the port is gone: {why}; check cable and power, then open it again"),
        );
        self.end(shared, error);
    }

    /// Tells the reader thread what to sleep for, and until when.
    pub(super) fn sync_reader(&self, shared: &mut Shared) {
        if shared.end.is_some() {
            return;
        }
        let hold_up = shared.session.idle() && self.queue.must_hold_up();
        if hold_up {
            shared.freeze();
        } else {
            shared.thaw();
        }
        self.set_interest(
            shared,
            Interest {
                read: !hold_up,
                write: !shared.unsent.is_empty(),
            },
        );
        let deadline = shared.next_deadline();
        let keep = match (shared.reader_deadline, deadline) {
            // Waking early once is cheaper than moving the timer with every command.
            (Some(set), Some(due)) => set <= due,
            (None, None) => true,
            _ => false,
        };
        if !keep {
            shared.reader_deadline = deadline;
            if let Err(error) = self.waiter.set_reader_deadline(deadline) {
                self.lose_port(shared, &error.to_string());
            }
        }
    }

    pub(super) fn set_interest(&self, shared: &mut Shared, interest: Interest) {
        let Some(port) = shared.port.as_ref() else {
            return;
        };
        if shared.interest == interest {
            return;
        }
        match self.waiter.set_interest(port, interest) {
            Ok(()) => shared.interest = interest,
            Err(error) => self.lose_port(shared, &error.to_string()),
        }
    }

    pub(super) fn hand_on(&self, shared: &mut Shared) {
        let now = shared.now();
        while let Some((id, outcome)) = shared.session.poll_completion(now) {
            match &shared.kept.outbox {
                Some(outbox) if shared.kept.sending.remove(&id) => outbox.ended(id, outcome),
                _ => shared.complete(id, outcome),
            }
        }
        self.log_lines(shared);
        shared.session.look_after_tape();
        let mut arrival = None;
        while let Some(mut incoming) = shared.session.poll_event() {
            incoming.stamp(*arrival.get_or_insert_with(SystemTime::now));
            self.queue.push(incoming);
        }
        shared.tell_outbox();
    }

    fn log_lines(&self, shared: &mut Shared) {
        let Some(log) = &mut shared.wire else { return };
        while let Some(line) = shared.session.poll_line() {
            log.add(line);
            if log.wakes_receiver {
                self.queue.wake();
            }
        }
    }
}

/// One read per turn: between two the queue's bound is looked at and callers get at the lock.
fn read(shared: &mut Shared, now: Instant) -> Result<(), String> {
    let Some(port) = &shared.port else {
        return Ok(());
    };
    match port.read(&mut shared.buffer) {
        Ok(0) => Err("the other side hung up".to_owned()),
        Ok(count) => {
            shared.session.handle_input(now, &shared.buffer[..count]);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// A port that takes nothing for as long as so many commands need is stuck.
fn check_taken(shared: &Shared) -> io::Result<()> {
    const MOST_UNSENT: usize = 64 * 1024;
    if shared.unsent.len() <= MOST_UNSENT {
        return Ok(());
    }
    let waiting = shared.unsent.len();
    Err(io::Error::other(format!(
        "it takes no bytes any more, {waiting} wait"
    )))
}

fn flush(shared: &mut Shared) -> io::Result<()> {
    let Some(port) = &shared.port else {
        return Ok(());
    };
    let mut sent = 0;
    let result = loop {
        if sent == shared.unsent.len() {
            break Ok(());
        }
        match port.write(&shared.unsent[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    shared.unsent.drain(..sent);
    result
}
