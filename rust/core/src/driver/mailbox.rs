//! The one bounded queue between the port and whoever receives.

use std::sync::atomic::{self, Ordering};
use std::sync::{OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::Overflow;
use super::sync::channel::{self, Receiver, Sender, TryRecvError, select};
use super::sync::{AtomicBool, AtomicU64, Mutex};
use crate::{Error, ErrorCode, Event, EventKind, Incoming};

/// Messages that wait may have so many bytes, whatever their number; a queue that was asked to hold more
/// may have a kilobyte for each.
const MOST_BYTES: u64 = 16 << 20;
const BYTES_EACH: u64 = 1 << 10;
/// With [`Overflow::Block`] a command in flight is not held up: so much may come on top until it is
/// answered. Then the newest is dropped.
const MORE_BYTES: u64 = 16 << 20;
/// What an entry takes besides its texts and payload.
const ENTRY: u64 = 200;

/// Filled under the engine's lock, so entries keep the order of the wire; drained by any thread.
///
/// The channel itself has no bound: the bound is counted here, because what happens at it depends
/// on the policy and on whether a command is in flight.
pub(super) struct Mailbox {
    sender: Mutex<Option<Sender<Incoming>>>,
    receiver: Receiver<Incoming>,
    /// Receivers that block also wait on this; replacing the pair wakes them all.
    cancel: Mutex<(Sender<()>, Receiver<()>)>,
    /// Holds one token from [`Mailbox::wake`] until a receiver that would wait takes it.
    woken: (Sender<()>, Receiver<()>),
    bound: usize,
    /// Of everything that waits, and how many may be. No thread waits for another by it, so a model need not try
    /// its every order.
    bytes: atomic::AtomicU64,
    most_bytes: u64,
    overflow: Overflow,
    dropped_total: AtomicU64,
    /// Dropped, but not yet told by an event.
    dropped_untold: AtomicU64,
    /// The port is not being read because of this queue; whoever drains it says so to the engine.
    backpressured: AtomicBool,
    /// For a receiver that does not wait here but in a loop of its own.
    signal: OnceLock<Signal>,
}

pub(super) type Signal = Box<dyn Fn() + Send + Sync>;

impl Mailbox {
    pub(super) fn new(bound: usize, overflow: Overflow) -> Self {
        let (sender, receiver) = channel::unbounded();
        Self {
            sender: Mutex::new(Some(sender)),
            receiver,
            cancel: Mutex::new(channel::bounded(0)),
            woken: channel::bounded(1),
            bound: bound.max(1),
            bytes: atomic::AtomicU64::new(0),
            most_bytes: MOST_BYTES.max(BYTES_EACH.saturating_mul(bound as u64)),
            overflow,
            dropped_total: AtomicU64::new(0),
            dropped_untold: AtomicU64::new(0),
            backpressured: AtomicBool::new(false),
            signal: OnceLock::new(),
        }
    }

    /// Adds one entry, or drops one, as the policy says.
    pub(super) fn push(&self, incoming: Incoming) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else {
            return;
        };
        match self.overflow {
            Overflow::DropNewest if self.is_full() && !is_last_word(&incoming) => {
                self.count_dropped();
                return;
            }
            Overflow::Block if self.is_overfull() && !is_last_word(&incoming) => {
                self.count_dropped();
                return;
            }
            // The gap is where the dropped entries would have been: ahead of this one.
            Overflow::DropNewest | Overflow::Block => {
                if let Some(event) = self.take_dropped_event() {
                    self.send(sender, event);
                }
            }
            // The gap is ahead of the oldest that is left, where the next receiver finds the count.
            Overflow::DropOldest => {
                while self.is_full() {
                    let Ok(oldest) = self.receiver.try_recv() else {
                        break;
                    };
                    self.taken(&oldest);
                    self.count_dropped();
                }
            }
        }
        self.send(sender, incoming);
        self.signal();
    }

    fn send(&self, sender: &Sender<Incoming>, incoming: Incoming) {
        self.bytes.fetch_add(weight(&incoming), Ordering::Relaxed);
        let _ = sender.send(incoming);
    }

    /// Notified of every entry that was taken out.
    pub(super) fn taken(&self, incoming: &Incoming) {
        self.bytes.fetch_sub(weight(incoming), Ordering::Relaxed);
    }

    fn is_full(&self) -> bool {
        self.receiver.len() >= self.bound || self.bytes.load(Ordering::Relaxed) >= self.most_bytes
    }

    fn is_overfull(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= self.most_bytes.saturating_add(MORE_BYTES)
    }

    /// Nothing more will come; receivers get the rest, and then the end.
    pub(super) fn finish(&self) {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.signal();
    }

    /// Has `signal` called after every entry and at the end; the first that is set stays.
    pub(super) fn set_signal(&self, signal: Signal) -> bool {
        let set = self.signal.set(signal).is_ok();
        // What came before it was set has not been signalled.
        self.signal();
        set
    }

    fn signal(&self) {
        if let Some(signal) = self.signal.get() {
            signal();
        }
    }

    /// Wakes every thread that blocks in [`Mailbox::recv`].
    pub(super) fn cancel(&self) {
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = channel::bounded(0);
    }

    /// Makes one receiver return with nothing: one that waits, or else the next that would.
    pub(super) fn wake(&self) {
        // A full channel holds a token that nobody has taken yet; one is enough.
        let _ = self.woken.0.try_send(());
        self.signal();
    }

    pub(super) fn try_recv(&self) -> Received {
        if self.overflow == Overflow::DropOldest {
            if let Some(event) = self.take_dropped_event() {
                return Received::Entry(event);
            }
        }
        match self.receiver.try_recv() {
            Ok(entry) => {
                self.taken(&entry);
                Received::Entry(entry)
            }
            Err(end) => match self.take_dropped_event() {
                Some(event) => Received::Entry(event),
                None if end == TryRecvError::Disconnected => Received::End,
                None => Received::Nothing,
            },
        }
    }

    /// Waits for one entry; `None` waits for ever.
    pub(super) fn recv(&self, timeout: Option<Duration>) -> Received {
        match self.try_recv() {
            Received::Nothing => {}
            received => return received,
        }
        if timeout == Some(Duration::ZERO) {
            return Received::Nothing;
        }
        let cancelled = self
            .cancel
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .clone();
        // An `Instant` cannot hold every `Duration`: what is beyond it is for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let elapsed = deadline.map_or_else(channel::never, channel::at);
        select! {
            recv(self.receiver) -> entry => entry.map_or(Received::End, |entry| {
                self.taken(&entry);
                Received::Entry(entry)
            }),
            recv(cancelled) -> _ => Received::Cancelled,
            recv(self.woken.1) -> _ => Received::Nothing,
            recv(elapsed) -> _ => Received::Nothing,
        }
    }

    /// Whether the port must not be read until there is room.
    pub(super) fn is_backpressured(&self) -> bool {
        let apply_backpressure = self.overflow == Overflow::Block && self.is_full();
        self.backpressured
            .store(apply_backpressure, Ordering::SeqCst);
        // A receiver that emptied the mailbox before the store did not see the flag.
        if apply_backpressure && !self.is_full() {
            self.backpressured.store(false, Ordering::SeqCst);
            return false;
        }
        apply_backpressure
    }

    /// True once after backpressure, when there is room again; to be asked after receiving.
    pub(super) fn has_room_again(&self) -> bool {
        self.backpressured.load(Ordering::SeqCst)
            && self.receiver.len() <= self.bound / 2
            && self.bytes.load(Ordering::SeqCst) <= self.most_bytes / 2
            && self.backpressured.swap(false, Ordering::SeqCst)
    }

    pub(super) fn receiver(&self) -> &Receiver<Incoming> {
        &self.receiver
    }

    pub(super) fn limits(&self) -> (usize, Overflow) {
        (self.bound, self.overflow)
    }

    pub(super) fn len(&self) -> usize {
        self.receiver.len()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped_total.load(Ordering::Relaxed)
    }

    fn count_dropped(&self) {
        self.dropped_total.fetch_add(1, Ordering::Relaxed);
        self.dropped_untold.fetch_add(1, Ordering::Relaxed);
    }

    fn take_dropped_event(&self) -> Option<Incoming> {
        if self.dropped_untold.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let count = self.dropped_untold.swap(0, Ordering::Relaxed);
        if count == 0 {
            return None;
        }
        let mut event = Incoming::Event(Event::new(
            EventKind::Dropped,
            i64::try_from(count).unwrap_or(i64::MAX),
            format!("{count} messages or events were dropped: the queue was full"),
        ));
        event.stamp(SystemTime::now());
        Some(event)
    }
}

pub(super) enum Received {
    Entry(Incoming),
    Nothing,
    Cancelled,
    /// The modem was closed or its port is gone, and the mailbox is empty.
    End,
}

impl Received {
    /// What a caller of `recv` gets; `end` is why nothing more comes.
    pub(super) fn into_result(
        self,
        end: impl FnOnce() -> Error,
    ) -> Result<Option<Incoming>, Error> {
        match self {
            Self::Entry(entry) => Ok(Some(entry)),
            Self::Nothing => Ok(None),
            Self::Cancelled => Err(Error::new(
                ErrorCode::Cancelled,
                "the wait for a message was cancelled",
            )),
            Self::End => Err(end()),
        }
    }
}

/// How many bytes an entry takes, roughly.
pub(super) fn weight(incoming: &Incoming) -> u64 {
    let bytes = match incoming {
        Incoming::Message(message) => message.topic.len() + message.payload.len(),
        Incoming::Event(event) => event.text.len(),
    };
    ENTRY + bytes as u64
}

/// The port's loss comes once and is never dropped.
fn is_last_word(incoming: &Incoming) -> bool {
    matches!(incoming, Incoming::Event(event) if event.kind == EventKind::PortLost)
}
