//! Receiving messages and events.

use std::time::Duration;

use super::{Modem, with_dispatcher};
use crate::driver::callbacks::{Handler, HandlerKind, Job};
use crate::driver::mailbox::Select;
use crate::driver::{Inbox, Stats, TraceEntry};
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
        self.inbox().recv(Select::READ, timeout)
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
        self.inbox().take_batch(Select::READ, max, timeout, out)
    }

    /// The last lines on the port from an entry's number on, oldest first, passwords and PINs shown as `***`;
    /// empty unless the modem was opened with [`ModemOptions::trace`].
    ///
    /// [`ModemOptions::trace`]: crate::ModemOptions::trace
    pub fn trace(&self, since: u64) -> Vec<TraceEntry> {
        self.engine().trace(since)
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

    /// The mailbox, for front ends with a dispatcher or an event loop of their own.
    pub fn inbox(&self) -> Inbox<'_> {
        Inbox::new(self.engine())
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }
}
