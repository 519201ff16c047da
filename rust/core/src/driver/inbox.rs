//! Taking messages and events from the mailbox, for every front.

use std::fmt;
use std::time::Duration;

use super::Overflow;
use super::engine::{Engine, closed};
use super::mailbox::{Limits, Mailbox, Select, Taken, Untaken, weight};
use crate::{Error, ErrorCode, Event, Incoming, Message};

/// A batch ends with the entry that makes it so large: what it holds counts nowhere.
const LARGEST_BATCH: u64 = 1 << 20;

/// The mailbox of a modem, for a front end of another language that has a dispatcher, a descriptor or an
/// event loop of its own; [`Modem::inbox`](super::Modem::inbox) gives it.
///
/// A Rust program receives by [`Modem::recv`](super::Modem::recv), or by the callback of [`Modem::on_incoming`](super::Modem::on_incoming).
///
/// ```
/// use std::time::Duration;
/// # use m531x_core::{ConnectOptions, Modem, ModemOptions, PublishOptions, Stream, SubscribeOptions};
/// # use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
/// # let module = VirtualModem::start(VirtualModemOptions {
/// #     link: LinkChoice::Memory,
/// #     ..VirtualModemOptions::default()
/// # })?;
/// # let modem = Modem::open_stream(Stream::from(module.connect()?), ModemOptions::default())?;
/// # modem.connect(ConnectOptions::new("broker.example", "meter-17"))?;
/// let inbox = modem.inbox();
/// inbox.route("meters/+", false); // read by itself, not by a callback
/// modem.subscribe("meters/+", SubscribeOptions::default())?;
/// modem.publish("meters/17", b"21.5", PublishOptions::default())?;
/// let message = inbox.recv_message_of(Some("meters/+"), Some(Duration::from_secs(10)))?;
/// assert_eq!(message.unwrap().topic, "meters/17");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Inbox<'a> {
    engine: &'a Engine,
}

impl<'a> Inbox<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// Makes one [`recv`](super::Modem::recv) or [`recv_batch`](super::Modem::recv_batch) return with nothing: one
    /// that waits, or else the next that would wait.
    ///
    /// This is for a receiving thread that also has other work, which has just come up.
    pub fn wake_receiver(&self) {
        self.engine.mailbox().wake();
    }

    /// Wakes a receiver, as [`wake_receiver`](Self::wake_receiver) does, after every line on the port
    /// from now on that is kept for [`trace`](super::Modem::trace).
    pub fn wake_receiver_for_trace(&self) {
        self.engine.wake_for_trace();
    }

    /// Has `signal` called whenever a message or event has come, and once none can follow.
    ///
    /// This is for event loops: `signal` notifies the loop, and the loop fetches what is there by
    /// [`recv_batch`](super::Modem::recv_batch) with no time to wait. It runs on the thread that reads the
    /// port, ahead of everything else there, and so must neither wait nor use the modem.
    pub fn on_receivable(&self, signal: impl Fn() + Send + Sync + 'static) {
        let signal = move |waits: bool| {
            if waits {
                signal();
            }
        };
        self.engine
            .mailbox()
            .add_signal(Select::ANY, Box::new(signal));
    }

    /// Has messages that match this filter wait for [`recv_called`](Self::recv_called), or else for
    /// [`recv_message_of`](Self::recv_message_of), from now on; one that no such filter matches goes
    /// where [`set_called`](Self::set_called) says. A message that matches several waits once, and is
    /// for a callback if one of them is.
    pub fn route(&self, filter: &str, called: bool) {
        self.engine.mailbox().route(filter, called);
        self.engine.after_receiving();
    }

    /// Adds a further reader of a filter, who gets a copy of each message that matches it, also if a
    /// callback takes it. What it returns stands for the filter in
    /// [`recv_message_of`](Self::recv_message_of) and [`unroute`](Self::unroute). With `called`, the filter
    /// itself is [routed](Self::route) to a callback at the same time: an earlier reader of it goes on with
    /// the copies, and neither misses a message nor gets one twice.
    pub fn route_copy(&self, filter: &str, called: bool) -> String {
        self.engine.mailbox().route_copy(filter, called)
    }

    /// Has those who wait in [`recv_message_since`](Self::recv_message_since) return: nothing more will come
    /// for them.
    pub fn end_reads(&self) {
        self.engine.mailbox().end_reads();
    }

    /// How often [`end_reads`](Self::end_reads) was called.
    pub fn reads_ended(&self) -> u64 {
        self.engine.mailbox().reads_ended()
    }

    /// Forgets the filter; what waits for its readers can still be received, but for copies. Those who wait
    /// for messages of it return.
    pub fn unroute(&self, filter: &str) {
        self.engine.mailbox().unroute(filter);
    }

    /// Has messages, or events, wait for [`recv_called`](Self::recv_called) from now on, or else for
    /// those who receive; `None` changes nothing.
    pub fn set_called(&self, messages: Option<bool>, events: Option<bool>) {
        let mailbox = self.engine.mailbox();
        if let Some(called) = messages {
            mailbox.set_called(Select::MESSAGES, called);
        }
        if let Some(called) = events {
            mailbox.set_called(Select::EVENTS, called);
        }
        self.engine.after_receiving();
    }

    /// As [`recv_batch`](super::Modem::recv_batch), for what is to be given to callbacks.
    ///
    /// # Errors
    ///
    /// As for [`recv`](super::Modem::recv).
    pub fn recv_called(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        self.take_batch(Select::CALLED, max, timeout, out)
    }

    /// Waits for the oldest message of a [routed](Self::route) filter, or with `None` for any that no
    /// callback takes; `Ok(None)` when the time has elapsed. Also after a close, for as long as some
    /// are left.
    ///
    /// # Errors
    ///
    /// As for [`recv`](super::Modem::recv); [`ErrorCode::Closed`](crate::ErrorCode::Closed) if the filter is
    /// no longer routed.
    pub fn recv_message_of(
        &self,
        filter: Option<&str>,
        timeout: Option<Duration>,
    ) -> Result<Option<Message>, Error> {
        self.take_message(filter, timeout, None)
    }

    /// As [`recv_message_of`](Self::recv_message_of), for one who began to read when
    /// [`reads_ended`](Self::reads_ended) gave `since`.
    ///
    /// # Errors
    ///
    /// As there, and [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled) if
    /// [`end_reads`](Self::end_reads) was called since, and nothing is left.
    pub fn recv_message_since(
        &self,
        since: u64,
        filter: Option<&str>,
        timeout: Option<Duration>,
    ) -> Result<Option<Message>, Error> {
        self.take_message(filter, timeout, Some(since))
    }

    /// Gives back a message that no callback took: it waits for those who receive.
    pub fn give_back(&self, message: Message) {
        self.engine.mailbox().give_back(message);
    }

    /// Waits for the next message and has `look` see it; if it returns an error, the message stays
    /// the next one. `Ok(None)` when the time has elapsed.
    ///
    /// # Errors
    ///
    /// Those of `look`, and as for [`recv`](super::Modem::recv).
    pub fn recv_message<T>(
        &self,
        timeout: Option<Duration>,
        look: impl FnOnce(&Message) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let look = |incoming: &Incoming| match incoming {
            Incoming::Message(message) => look(message).map(Some),
            Incoming::Event(_) => Ok(None),
        };
        let taken = self.take(|mailbox| mailbox.take_if(Select::MESSAGES, timeout, look))?;
        Ok(taken.and_then(|(seen, _)| seen))
    }

    /// As [`recv_message`](Self::recv_message), for events of some kinds: bit `1 << kind as u32` of
    /// `kinds` for each. Those of other kinds wait on.
    ///
    /// # Errors
    ///
    /// Those of `look`, and as for [`recv`](super::Modem::recv).
    pub fn recv_event<T>(
        &self,
        kinds: u32,
        timeout: Option<Duration>,
        look: impl FnOnce(&Event) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.take(|mailbox| mailbox.take_event(kinds, timeout, look))
    }

    /// As [`recv_message`](Self::recv_message), for messages and events alike, in the order of the wire.
    ///
    /// # Errors
    ///
    /// Those of `look`, and as for [`recv`](super::Modem::recv).
    pub fn recv_with<T>(
        &self,
        timeout: Option<Duration>,
        look: impl FnOnce(&Incoming) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let taken = self.take(|mailbox| mailbox.take_if(Select::READ, timeout, look))?;
        Ok(taken.map(|(seen, _)| seen))
    }

    /// Forgets the event [`Done`](crate::EventKind::Done) of an operation that was waited for in
    /// another way.
    pub fn forget_end(&self, token: u32) {
        self.engine.mailbox().forget_end(token);
    }

    /// Has `signal` called with `true` whenever a message or event waits for a receiver, with `false`
    /// when the last was taken: what is readable, for a descriptor.
    ///
    /// It runs under a lock, as that of [`on_receivable`](Self::on_receivable).
    pub fn on_readable(&self, signal: impl Fn(bool) + Send + Sync + 'static) {
        self.engine
            .mailbox()
            .add_signal(Select::READ.or(Select::COPIES), Box::new(signal));
    }

    /// Has `observer` called with every event that comes from now on, before any program takes it, and with an event that
    /// counts what was dropped, a second after the first drop of a burst and every ten seconds while it lasts: for a log.
    ///
    /// It runs under a lock, as the signal of [`on_receivable`](Self::on_receivable).
    pub fn on_event_seen(&self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.engine.mailbox().set_observer(Box::new(observer));
    }

    /// Whether the port is a serial line, with DTR and RTS and without flow control: with
    /// [`Overflow::Block`] bytes are lost there while the port is not read.
    pub fn is_serial_line(&self) -> bool {
        self.engine.is_serial_line()
    }

    /// How many messages may wait for each consumer, how many bytes in all, and what happens to more.
    pub fn queue_limits(&self) -> (usize, u64, Overflow) {
        let limits = self.engine.mailbox().limits();
        (limits.messages, limits.bytes, limits.overflow)
    }

    /// Sets what [`queue_limits`](Self::queue_limits) gives; it holds from the next message on.
    pub fn set_queue_limits(&self, messages: usize, bytes: u64, overflow: Overflow) {
        self.engine.set_queue_limits(Limits {
            messages: messages.max(1),
            bytes: bytes.max(1),
            overflow,
        });
    }
}

impl Inbox<'_> {
    /// As [`Modem::recv`](super::Modem::recv), for other entries too.
    pub(super) fn recv(
        self,
        select: Select,
        timeout: Option<Duration>,
    ) -> Result<Option<Incoming>, Error> {
        let taken = self.take(|mailbox| mailbox.take_if(select, timeout, |_| Ok(())))?;
        Ok(taken.map(|((), entry)| entry.incoming))
    }

    /// As [`Modem::recv_batch`](super::Modem::recv_batch), for other entries too.
    pub(super) fn take_batch(
        self,
        select: Select,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        if max == 0 {
            return Ok(0);
        }
        let Some(first) = self.recv(select, timeout)? else {
            return Ok(0);
        };
        let mut bytes = weight(&first);
        out.push(first);
        let mut count = 1;
        if count < max && bytes < LARGEST_BATCH {
            self.engine.mailbox().take_more(select, |incoming| {
                bytes += weight(&incoming);
                out.push(incoming);
                count += 1;
                count < max && bytes < LARGEST_BATCH
            });
        }
        self.engine.after_receiving();
        Ok(count)
    }

    /// Also after the end, as long as there are some. With a number of `reads_ended` it stops waiting when the
    /// program ends what it reads.
    fn take_message(
        self,
        filter: Option<&str>,
        timeout: Option<Duration>,
        since: Option<u64>,
    ) -> Result<Option<Message>, Error> {
        let taken = self.engine.mailbox().take_message(filter, timeout, since);
        Ok(match self.taken(taken)?.map(|entry| entry.incoming) {
            Some(Incoming::Message(message)) => Some(message),
            Some(Incoming::Event(_)) | None => None,
        })
    }

    fn take<T>(
        self,
        take: impl FnOnce(&Mailbox) -> Result<Taken<T>, Error>,
    ) -> Result<Option<T>, Error> {
        if self.engine.is_closed() {
            return Err(closed());
        }
        self.taken(take(self.engine.mailbox())?)
    }

    /// What was taken, or why nothing was; there may be room again.
    fn taken<T>(self, taken: Taken<T>) -> Result<Option<T>, Error> {
        self.engine.after_receiving();
        let refused = |code, text: &str| Err(Error::new(code, text));
        match taken {
            Ok(taken) => Ok(Some(taken)),
            Err(Untaken::Nothing) => Ok(None),
            Err(Untaken::Cancelled) => {
                refused(ErrorCode::Cancelled, "the wait for a message was cancelled")
            }
            Err(Untaken::ReadsEnded) => refused(
                ErrorCode::Cancelled,
                "the connection was ended while messages were waited for",
            ),
            Err(Untaken::Unrouted) => refused(
                ErrorCode::Closed,
                "the subscription has ended; subscribe again",
            ),
            Err(Untaken::End) => Err(self.engine.why_ended()),
        }
    }
}

impl fmt::Debug for Inbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}
