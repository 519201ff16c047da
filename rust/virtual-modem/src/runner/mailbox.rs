//! How other threads speak to the modem's thread.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Engine;
use crate::TranscriptEntry;
use crate::local_stream::LocalStream;

type Task = Box<dyn FnOnce(&mut Engine, Instant) + Send>;

/// Tasks for the modem's thread.
#[derive(Debug)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    wake: LocalStream,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    /// What remains of a modem that has ended.
    remains: Option<Vec<TranscriptEntry>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("tasks", &self.tasks.len())
            .field("closed", &self.remains.is_some())
            .finish()
    }
}

impl Mailbox {
    /// `wake` is the end whose peer the modem's thread waits on.
    pub(crate) fn new(wake: LocalStream) -> Self {
        Self {
            state: Mutex::default(),
            wake,
        }
    }

    /// Has the modem's thread do this, and waits until it is done; `None` once the modem has ended.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Engine, Instant) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = mpsc::channel();
        {
            let mut state = self.lock();
            if state.remains.is_some() {
                return None;
            }
            state.tasks.push_back(Box::new(move |engine, now| {
                // The asking thread waits below, so the answer is always taken.
                let _ = reply.send(task(engine, now));
            }));
        }
        // A full stream wakes just as well.
        let _ = (&self.wake).write(&[1]);
        answer.recv().ok()
    }

    /// The transcript of a modem that has ended.
    pub(crate) fn remains(&self) -> Vec<TranscriptEntry> {
        self.lock().remains.clone().unwrap_or_default()
    }

    /// Does what other threads have asked for; what they ask meanwhile waits for the next turn, lest a
    /// busy thread keeps the modem from its own work.
    pub(super) fn obey(&self, engine: &mut Engine) {
        let tasks = std::mem::take(&mut self.lock().tasks);
        for task in tasks {
            task(engine, Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No panic leaves anything half-done under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the mailbox with the thread, even one that panicked: no caller waits for a dead thread.
pub(super) struct Closing<'a> {
    mailbox: &'a Arc<Mailbox>,
    remains: Vec<TranscriptEntry>,
}

impl<'a> Closing<'a> {
    pub(super) fn new(mailbox: &'a Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            remains: Vec::new(),
        }
    }

    pub(super) fn keep(&mut self, transcript: Vec<TranscriptEntry>) {
        self.remains = transcript;
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.mailbox.lock();
        state.remains = Some(std::mem::take(&mut self.remains));
        let unheard = std::mem::take(&mut state.tasks);
        drop(state);
        drop(unheard);
    }
}

/// Takes the wake-ups that have been noticed.
pub(super) fn drain(mut wake: &LocalStream) {
    let mut buffer = [0; 64];
    while matches!(wake.read(&mut buffer), Ok(count) if count == buffer.len()) {}
}
