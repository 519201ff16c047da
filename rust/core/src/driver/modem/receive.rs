//! Receiving messages and events.

use std::time::Duration;

use super::{Modem, with_dispatcher};
use crate::driver::dispatcher::{Handler, HandlerKind, Job};
use crate::driver::mailbox::{Limits, Select};
use crate::driver::{Overflow, Stats, TraceEntry};
use crate::{Error, Event, Incoming, Message};

impl Modem {
    /// Waits for the next message or event, in wire order; `Ok(None)` when the time has elapsed.
    ///
    /// `None` waits indefinitely, zero does not wait.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled), [`ErrorCode::Closed`](crate::ErrorCode::Closed), and [`ErrorCode::Port`](crate::ErrorCode::Port) once the port is
    /// gone and everything that arrived before was received.
    pub fn recv(&self, timeout: Option<Duration>) -> Result<Option<Incoming>, Error> {
        self.engine().recv(Select::READ, timeout)
    }

    /// Waits for at least one message or event, appends up to `max` to `out`, and returns how many;
    /// 0 when the time has elapsed.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv); nothing was appended then.
    pub fn recv_batch(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        self.engine().recv_batch(Select::READ, max, timeout, out)
    }

    /// Makes one [`recv`](Self::recv) or [`recv_batch`](Self::recv_batch) return with nothing: one
    /// that waits, or else the next that would wait.
    ///
    /// This is for a receiving thread that also has other work, which has just come up.
    pub fn wake_receiver(&self) {
        self.engine().mailbox().wake();
    }

    /// The last lines on the port from an entry's number on, oldest first, passwords and PINs shown as `***`;
    /// empty unless the modem was opened with [`ModemOptions::trace`].
    ///
    /// [`ModemOptions::trace`]: crate::ModemOptions::trace
    pub fn trace(&self, since: u64) -> Vec<TraceEntry> {
        self.engine().trace(since)
    }

    /// Wakes a receiver, as [`wake_receiver`](Self::wake_receiver) does, after every line on the port
    /// from now on that is kept for [`trace`](Self::trace).
    pub fn wake_receiver_for_trace(&self) {
        self.engine().wake_for_trace();
    }

    /// Has `signal` called whenever a message or event has come, and when none will come any more.
    ///
    /// This is for event loops: `signal` notifies the loop, and the loop fetches what is there by
    /// [`recv_batch`](Self::recv_batch) with no time to wait. It runs on the thread that reads the
    /// port, ahead of everything else there, and so must neither wait nor use the modem.
    pub fn on_receivable(&self, signal: impl Fn() + Send + Sync + 'static) {
        let signal = move |waits: bool| {
            if waits {
                signal();
            }
        };
        self.engine()
            .mailbox()
            .add_signal(Select::ANY, Box::new(signal));
    }

    /// Has every message and event given to `callback` on the dispatcher thread, in wire order,
    /// instead of waiting for [`recv`](Self::recv). A second call replaces the callback.
    ///
    /// No lock is held meanwhile: the callback may call anything, [`close`](Self::close) included.
    /// If it panics, that is counted in [`stats`](Self::stats) and the next message is delivered.
    /// A handle that it keeps holds the modem open until the program calls `close`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Closed`](crate::ErrorCode::Closed), or [`ErrorCode::Internal`](crate::ErrorCode::Internal) if no thread can be started.
    pub fn on_incoming(
        &self,
        mut callback: impl FnMut(Incoming) + Send + 'static,
    ) -> Result<(), Error> {
        let handler: Handler = Box::new(move |incoming| {
            callback(incoming);
            None
        });
        let job = Job::SetHandler(HandlerKind::All, Some(handler));
        with_dispatcher(self.engine(), &self.handle.dispatcher, |dispatcher| {
            dispatcher.send(job);
        })
    }

    /// Has every message from now on given to `callback` on the dispatcher thread instead of waiting
    /// for a receiver; `None` has those that no callback has taken wait again. What waits already
    /// stays there, and so does a message that the callback gives back. If events have a callback too,
    /// both are called on the same thread, in the order of the wire.
    ///
    /// # Errors
    ///
    /// As for [`on_incoming`](Self::on_incoming), whose rules hold for the callback.
    pub fn on_messages(
        &self,
        callback: Option<impl FnMut(Message) -> Option<Message> + Send + 'static>,
    ) -> Result<(), Error> {
        let handler = callback.map(|mut callback| -> Handler {
            Box::new(move |incoming| match incoming {
                Incoming::Message(message) => callback(message).map(Incoming::Message),
                Incoming::Event(_) => Some(incoming),
            })
        });
        self.set_handler(HandlerKind::Messages, Select::MESSAGES, handler)
    }

    /// As [`on_messages`](Self::on_messages), for events.
    ///
    /// # Errors
    ///
    /// As for [`on_incoming`](Self::on_incoming), whose rules hold for the callback.
    pub fn on_events(
        &self,
        callback: Option<impl FnMut(Event) -> Option<Event> + Send + 'static>,
    ) -> Result<(), Error> {
        let handler = callback.map(|mut callback| -> Handler {
            Box::new(move |incoming| match incoming {
                Incoming::Event(event) => callback(event).map(Incoming::Event),
                Incoming::Message(_) => Some(incoming),
            })
        });
        self.set_handler(HandlerKind::Events, Select::EVENTS, handler)
    }

    /// Has messages that match this filter wait for [`recv_called`](Self::recv_called), or else for
    /// [`recv_message_of`](Self::recv_message_of), from now on; one that no such filter matches goes
    /// where [`set_called`](Self::set_called) says. A message that matches several waits once, and is
    /// for a callback if one of them is.
    ///
    /// This and what follows is for a front end with a dispatcher of its own.
    pub fn route(&self, filter: &str, called: bool) {
        self.engine().mailbox().route(filter, called);
        self.engine().after_receiving();
    }

    /// Forgets the filter; what waits for its readers can still be received.
    pub fn unroute(&self, filter: &str) {
        self.engine().mailbox().unroute(filter);
    }

    /// Has messages, or events, wait for [`recv_called`](Self::recv_called) from now on, or else for
    /// those who receive; `None` changes nothing.
    pub fn set_called(&self, messages: Option<bool>, events: Option<bool>) {
        let mailbox = self.engine().mailbox();
        if let Some(called) = messages {
            mailbox.set_called(Select::MESSAGES, called);
        }
        if let Some(called) = events {
            mailbox.set_called(Select::EVENTS, called);
        }
        self.engine().after_receiving();
    }

    /// As [`recv_batch`](Self::recv_batch), for what is to be given to callbacks.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn recv_called(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        self.engine().recv_batch(Select::CALLED, max, timeout, out)
    }

    /// Waits for the oldest message of a [routed](Self::route) filter, or with `None` for any that no
    /// callback takes; `Ok(None)` when the time has elapsed. Also after a close, for as long as some
    /// are left.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn recv_message_of(
        &self,
        filter: Option<&str>,
        timeout: Option<Duration>,
    ) -> Result<Option<Message>, Error> {
        self.engine().recv_message_of(filter, timeout)
    }

    /// Gives back a message that no callback took: it waits for those who receive.
    pub fn give_back(&self, message: Message) {
        self.engine().mailbox().give_back(message);
    }

    fn set_handler(
        &self,
        kind: HandlerKind,
        select: Select,
        handler: Option<Handler>,
    ) -> Result<(), Error> {
        let called = handler.is_some();
        let engine = self.engine();
        with_dispatcher(engine, &self.handle.dispatcher, |dispatcher| {
            dispatcher.send(Job::SetHandler(kind, handler));
            engine.mailbox().set_called(select, called);
            // Where the next message goes there may be room.
            engine.after_receiving();
        })
    }

    /// Waits for the next message and has `look` see it; if it returns an error, the message stays
    /// the next one. `Ok(None)` when the time has elapsed.
    ///
    /// # Errors
    ///
    /// Those of `look`, and as for [`recv`](Self::recv).
    pub fn recv_message<T>(
        &self,
        timeout: Option<Duration>,
        look: impl FnOnce(&Message) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let look = |incoming: &Incoming| match incoming {
            Incoming::Message(message) => look(message).map(Some),
            Incoming::Event(_) => Ok(None),
        };
        let taken = self.engine().recv_if(Select::MESSAGES, timeout, look)?;
        Ok(taken.and_then(|(seen, _)| seen))
    }

    /// As [`recv_message`](Self::recv_message), for events of some kinds: bit `1 << kind as u32` of
    /// `kinds` for each. Those of other kinds wait on.
    ///
    /// # Errors
    ///
    /// Those of `look`, and as for [`recv`](Self::recv).
    pub fn recv_event<T>(
        &self,
        kinds: u32,
        timeout: Option<Duration>,
        look: impl FnOnce(&Event) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.engine().recv_event(kinds, timeout, look)
    }

    /// As [`recv_message`](Self::recv_message), for messages and events alike, in the order of the wire.
    ///
    /// # Errors
    ///
    /// Those of `look`, and as for [`recv`](Self::recv).
    pub fn recv_with<T>(
        &self,
        timeout: Option<Duration>,
        look: impl FnOnce(&Incoming) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let taken = self.engine().recv_if(Select::READ, timeout, look)?;
        Ok(taken.map(|(seen, _)| seen))
    }

    /// Forgets the event [`Done`](crate::EventKind::Done) of an operation that was waited for in
    /// another way.
    pub fn forget_end(&self, token: u32) {
        self.engine().mailbox().forget_end(token);
    }

    /// Has `signal` called with `true` whenever a message or event waits for a receiver, with `false`
    /// when the last was taken: what is readable, for a descriptor.
    ///
    /// It runs under a lock, as that of [`on_receivable`](Self::on_receivable).
    pub fn on_readable(&self, signal: impl Fn(bool) + Send + Sync + 'static) {
        self.engine()
            .mailbox()
            .add_signal(Select::READ, Box::new(signal));
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// Whether the port is a serial line, without flow control: with [`Overflow::Block`] bytes are lost
    /// there while the port is not read.
    pub fn is_serial_line(&self) -> bool {
        self.engine().is_serial_line()
    }

    /// How many messages may wait for each consumer, how many bytes in all, and what happens to more.
    pub fn queue_limits(&self) -> (usize, u64, Overflow) {
        let limits = self.engine().mailbox().limits();
        (limits.messages, limits.bytes, limits.overflow)
    }

    /// Sets what [`queue_limits`](Self::queue_limits) gives; it holds from the next message on.
    pub fn set_queue_limits(&self, messages: usize, bytes: u64, overflow: Overflow) {
        self.engine().set_queue_limits(Limits {
            messages: messages.max(1),
            bytes: bytes.max(1),
            overflow,
        });
    }
}
