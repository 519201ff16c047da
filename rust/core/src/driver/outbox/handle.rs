//! The way to the outbox's thread.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use crossbeam_channel::{Sender, bounded, unbounded};

use super::note::{Keep, Note, Skipped};
use super::publisher::Publisher;
use super::store::Store;
use super::worker::Worker;
use super::{Link, OutboxOptions, OutboxStats, StoredMessage};
use crate::session::{OperationId, Outcome, Request, RequestKind};
use crate::{Error, ErrorCode};
use m531x_threads::spawn_thread;

/// Changes of the connection that the thread has not looked at may be so many; of those beyond it only the
/// last one counts.
const MOST_NOTES: usize = 1000;

/// An outbox file that no modem uses yet.
#[derive(Debug)]
pub(in crate::driver) struct Opened {
    store: Store,
    options: OutboxOptions,
}

impl Opened {
    pub(in crate::driver) fn open(options: &OutboxOptions) -> Result<Self, Error> {
        check(options)?;
        Ok(Self {
            store: Store::open(&options.path)?,
            options: options.clone(),
        })
    }

    /// Begins to send what is in it.
    pub(in crate::driver) fn attach(
        self,
        publisher: &Arc<impl Publisher + 'static>,
    ) -> Result<Arc<Outbox>, Error> {
        let (notes, receiver) = unbounded();
        let stats = Arc::default();
        let skipped = Skipped::default();
        let worker = Worker::new(
            Arc::clone(publisher) as Arc<dyn Publisher>,
            self.store,
            self.options,
            Arc::clone(&stats),
            Arc::clone(&skipped),
        );
        let thread =
            spawn_thread("m531x-outbox", move || worker.run(&receiver)).map_err(|error| {
                Error::new(
                    ErrorCode::OutOfResources,
                    format!("no thread can be started: {error}"),
                )
            })?;
        Ok(Arc::new(Outbox {
            notes,
            skipped,
            stats,
            thread: Mutex::new(Some(thread)),
        }))
    }
}

fn check(options: &OutboxOptions) -> Result<(), Error> {
    let refused = |text: String| Err(Error::new(ErrorCode::InvalidArgument, text));
    if options.max_messages == 0 || options.max_bytes == 0 {
        return refused("the outbox's limit is 0; at least one message has to fit".to_owned());
    }
    let most = OutboxOptions::MOST_IN_FLIGHT;
    if !(1..=most).contains(&options.in_flight) {
        return refused(format!(
            "the outbox's in_flight is {}; use 1 to {most}",
            options.in_flight
        ));
    }
    Ok(())
}

/// An outbox at work.
pub(in crate::driver) struct Outbox {
    notes: Sender<Note>,
    skipped: Skipped,
    stats: Arc<Mutex<OutboxStats>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Outbox {
    /// Accepts a publish, which has been checked, and gives its number: when this returns it is on the
    /// disk.
    pub(in crate::driver) fn keep(
        &self,
        request: Request,
        needs_connection: bool,
    ) -> Result<u64, Error> {
        let RequestKind::Publish {
            topic,
            payload,
            qos,
            retain,
        } = request.kind
        else {
            return Err(Error::new(
                ErrorCode::Internal,
                "only a publish can be kept in an outbox",
            ));
        };
        let (accepted, answer) = bounded(1);
        let keep = Keep {
            message: StoredMessage {
                id: 0,
                topic,
                payload,
                qos,
                retain,
                stored_at: SystemTime::now(),
                set_aside: None,
            },
            timeout: request.timeout,
            needs_connection,
            accepted,
        };
        // The thread ends when the modem is closed or has another outbox.
        let closed = || {
            Error::new(
                ErrorCode::Closed,
                "the outbox was closed; the publish was not accepted",
            )
        };
        self.notes.send(Note::Keep(keep)).map_err(|_| closed())?;
        answer.recv().map_err(|_| closed())?
    }

    /// An operation that the outbox has begun has ended.
    pub(in crate::driver) fn ended(&self, id: OperationId, outcome: Result<Outcome, Error>) {
        let _ = self.notes.send(Note::Ended(id, outcome));
    }

    pub(in crate::driver) fn link(&self, link: Link) {
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        if self.notes.len() < MOST_NOTES {
            *skipped = None;
            let _ = self.notes.send(Note::Link(link));
        } else {
            *skipped = Some(link);
        }
    }

    pub(in crate::driver) fn stats(&self) -> OutboxStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits what was handed over so far, closes the file and ends the thread.
    pub(in crate::driver) fn stop(&self) {
        let _ = self.notes.send(Note::Stop);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
