//! The outbox's thread: accepts, sends, removes.

mod exactly_once;
mod room;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::note::{Keep, Note, Skipped};
use super::publisher::Publisher;
use super::send_order::{SendOrder, SendResult};
use super::store::Store;
use super::{Link, OutboxOptions, OutboxStats, StoredMessage};
use crate::session::{OperationId, Outcome, Request, RequestKind};
use crate::{Error, ErrorCode, EventKind};

/// So many are committed together at most, or the first of them would wait for long.
const MOST_TOGETHER: usize = 1024;

/// A file that could not be read or written is tried again after this time.
const REPAIR_PAUSE: Duration = Duration::from_secs(10);

pub(super) struct Worker {
    publisher: Arc<dyn Publisher>,
    store: Store,
    options: OutboxOptions,
    stats: Arc<Mutex<OutboxStats>>,
    order: SendOrder,
    link: Link,
    skipped: Skipped,
    sending: HashMap<OperationId, u64>,
    waiters: HashMap<u64, Waiter>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Acknowledged, but the file still has them.
    unremoved: Vec<u64>,
    /// An earlier process has left publishes of QoS 2 unfinished at the broker.
    inherited: bool,
    /// Dropped and not reported yet.
    dropped: u64,
    /// The file fails, which was reported.
    failing: bool,
    /// When it is tried again.
    repair_at: Option<Instant>,
}

/// A caller wants to know the end.
struct Waiter {
    since: Instant,
    deadline: Option<Instant>,
    needs_connection: bool,
}

impl Worker {
    pub(super) fn new(
        publisher: Arc<dyn Publisher>,
        store: Store,
        options: OutboxOptions,
        stats: Arc<Mutex<OutboxStats>>,
        skipped: Skipped,
    ) -> Self {
        let worker = Self {
            publisher,
            inherited: store.unfinished(),
            store,
            stats,
            order: SendOrder::new(options.in_flight),
            options,
            link: Link::default(),
            skipped,
            sending: HashMap::new(),
            waiters: HashMap::new(),
            deadlines: BTreeSet::new(),
            unremoved: Vec::new(),
            dropped: 0,
            failing: false,
            repair_at: None,
        };
        worker.publish_stats(|_| ());
        worker
    }

    pub(super) fn run(mut self, notes: &Receiver<Note>) {
        loop {
            let note = match self.poll_timeout() {
                None => notes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => notes.recv_deadline(due),
            };
            let mut taken = Vec::new();
            match note {
                Ok(note) => {
                    taken.push(note);
                    taken.extend(notes.try_iter().take(MOST_TOGETHER));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let stop = self.take(taken);
            self.look_at_skipped(notes);
            self.send_due();
            self.look_at_unfinished();
            self.expire();
            if stop {
                self.give_up_waiting();
                return;
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let deadline = self.deadlines.first().map(|(due, _)| *due);
        let send_due = match self.repair_at {
            Some(repair) => Some(repair),
            None => self.order.poll_timeout(),
        };
        [deadline, send_due].into_iter().flatten().min()
    }

    /// Whether it was asked to stop.
    fn take(&mut self, notes: Vec<Note>) -> bool {
        let mut stop = false;
        let mut keeps = Vec::new();
        let mut sent = Vec::new();
        for note in notes {
            match note {
                Note::Keep(keep) => keeps.push(keep),
                Note::Ended(operation, outcome) => {
                    if let Some(id) = self.sending.remove(&operation) {
                        self.take_end(id, outcome, &mut sent);
                    }
                }
                Note::Link(link) => self.take_link(link),
                Note::Stop => stop = true,
            }
        }
        self.remove_sent(sent);
        if !keeps.is_empty() {
            self.accept(keeps);
        }
        stop
    }

    fn take_end(
        &mut self,
        id: u64,
        outcome: Result<Outcome, Error>,
        sent: &mut Vec<(u64, Outcome)>,
    ) {
        let now = Instant::now();
        let result = self.order.ended(now, id, outcome.as_ref().err());
        // A message that failed is tried again.
        if let (SendResult::Sent(suspect), Ok(outcome)) = (result, outcome) {
            sent.push((id, outcome));
            if let Some((suspect, why)) = suspect {
                self.set_aside(suspect, &Error::new(ErrorCode::PublishFailed, why));
            }
        }
    }

    /// Behind all notes, or an older change would count in the end.
    fn look_at_skipped(&mut self, notes: &Receiver<Note>) {
        let skipped = Arc::clone(&self.skipped);
        let mut skipped = skipped.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.is_empty() {
            return;
        }
        let link = skipped.take();
        drop(skipped);
        if let Some(link) = link {
            self.take_link(link);
        }
    }

    fn take_link(&mut self, link: Link) {
        self.order.connection(link.connected);
        self.link = link;
        if link.expected {
            return;
        }
        let hopeless = self.waiters.iter().filter(|(_, w)| w.needs_connection);
        let hopeless: Vec<u64> = hopeless.map(|(id, _)| *id).collect();
        for id in hopeless {
            self.finish(id, Err(not_connected()));
        }
    }

    /// The broker has these: they leave the file before any caller learns of it.
    fn remove_sent(&mut self, sent: Vec<(u64, Outcome)>) {
        if sent.is_empty() && (self.unremoved.is_empty() || self.repair_at.is_some()) {
            return;
        }
        self.unremoved.extend(sent.iter().map(|(id, _)| *id));
        match self.store.remove(&self.unremoved) {
            Ok(()) => self.unremoved.clear(),
            Err(error) => self.file_failed(&error),
        }
        self.publish_stats(|stats| stats.sent += sent.len() as u64);
        let now = Instant::now();
        for (id, outcome) in sent {
            let since = self.waiters.get(&id).map_or(now, |waiter| waiter.since);
            let outcome = match outcome {
                Outcome::Receipt(mut receipt) => {
                    receipt.elapsed = now.saturating_duration_since(since);
                    Outcome::Receipt(receipt)
                }
                other => other,
            };
            self.finish(id, Ok(outcome));
        }
    }

    /// Commits what fits together; what was committed has a place where its end is waited for before
    /// it can end.
    fn commit(&mut self, batch: &mut Vec<(StoredMessage, Keep)>) {
        if batch.is_empty() {
            return;
        }
        let messages: Vec<&StoredMessage> = batch.iter().map(|(message, _)| message).collect();
        if let Err(error) = self.store.append(&messages) {
            for (_, keep) in batch.drain(..) {
                let _ = keep.accepted.send(Err(error.clone()));
            }
            return;
        }
        self.publish_stats(|stats| stats.stored += messages.len() as u64);
        for (message, keep) in batch.drain(..) {
            let now = Instant::now();
            let deadline = keep.timeout.and_then(|timeout| now.checked_add(timeout));
            self.deadlines
                .extend(deadline.map(|deadline| (deadline, message.id)));
            let waiter = Waiter {
                since: now,
                deadline,
                needs_connection: keep.needs_connection,
            };
            self.waiters.insert(message.id, waiter);
            self.publisher.begin_stored(message.id);
            let _ = keep.accepted.send(Ok(message.id));
            if keep.needs_connection && !self.link.expected {
                self.finish(message.id, Err(not_connected()));
            }
        }
    }

    /// Sends what may be sent now.
    fn send_due(&mut self) {
        let now = Instant::now();
        if self.repair_at.is_some_and(|at| at > now) {
            return;
        }
        self.repair_at = None;
        while let Some(after) = self.order.wants(now) {
            match self.next_to_send(after) {
                Ok(Some(message)) => self.send(now, message),
                Ok(None) if self.order.found_nothing(now) => {}
                Ok(None) => break,
                Err(error) => self.file_failed(&error),
            }
            if self.repair_at.is_some() {
                return;
            }
        }
        self.failing = false;
    }

    fn next_to_send(&self, mut after: u64) -> Result<Option<StoredMessage>, Error> {
        loop {
            let message = self.store.next(after)?;
            match &message {
                Some(found) if self.order.skips(found.id) || self.unremoved.contains(&found.id) => {
                    after = found.id;
                }
                _ => return Ok(message),
            }
        }
    }

    fn send(&mut self, now: Instant, message: StoredMessage) {
        let id = message.id;
        let qos = match self.qos_of(&message) {
            Ok(qos) => qos,
            Err(error) => return self.file_failed(&error),
        };
        let request = Request::new(RequestKind::Publish {
            topic: message.topic,
            payload: message.payload,
            qos,
            retain: message.retain,
        });
        match self.publisher.send_stored(request) {
            Ok(operation) => {
                self.sending.insert(operation, id);
                self.order.sent(id);
            }
            // This module will never take it: it was accepted for another one.
            Err(error) if error.code() == ErrorCode::InvalidArgument => {
                self.set_aside(id, &error);
            }
            Err(error) => {
                self.order.ended(now, id, Some(&error));
            }
        }
    }

    fn set_aside(&mut self, id: u64, why: &Error) {
        self.order.gone(id);
        if let Err(error) = self.store.set_aside(id, &why.to_string()) {
            self.file_failed(&error);
            return;
        }
        self.publish_stats(|_| ());
        let number = i64::try_from(id).unwrap_or(i64::MAX);
        self.publisher
            .report(EventKind::OutboxSetAside, number, why.to_string());
        let text = format!("{why}; it is set aside in the outbox as message {id}");
        self.finish(id, Err(Error::new(why.code(), text)));
    }

    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(&(due, id)) = self.deadlines.first() {
            if due > now {
                return;
            }
            self.deadlines.pop_first();
            let text = "the publish was not acknowledged within its time; it stays in the outbox \
                        and is sent when that is possible: do not publish it again";
            self.finish(id, Err(Error::new(ErrorCode::Timeout, text)));
        }
    }

    /// Reports the end of this message to the caller that waits for it.
    fn finish(&mut self, id: u64, outcome: Result<Outcome, Error>) {
        if let Some(waiter) = self.waiters.remove(&id) {
            if let Some(deadline) = waiter.deadline {
                self.deadlines.remove(&(deadline, id));
            }
            self.publisher.end_stored(id, outcome);
        }
    }

    fn give_up_waiting(&mut self) {
        let ids: Vec<u64> = self.waiters.keys().copied().collect();
        for id in ids {
            let text = "the outbox was closed; the message stays in it";
            self.finish(id, Err(Error::new(ErrorCode::Cancelled, text)));
        }
    }

    /// The file was whole when it was opened: reported once, and tried again.
    fn file_failed(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.failing, true) {
            self.publisher
                .report(EventKind::OutboxFailed, 0, error.to_string());
        }
        self.repair_at = Instant::now().checked_add(REPAIR_PAUSE);
    }

    fn publish_stats(&self, change: impl FnOnce(&mut OutboxStats)) {
        let contents = self.store.contents();
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.messages = contents.waiting;
        stats.bytes = contents.bytes;
        stats.set_aside = contents.set_aside;
        change(&mut stats);
    }
}

fn not_connected() -> Error {
    Error::new(
        ErrorCode::NotConnected,
        "there is no MQTT connection, and none is being made; the message is in the outbox and is \
         sent after the next connect: do not publish it again",
    )
}
