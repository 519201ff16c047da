//! Beginning and ending a recording.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::driver::recorder::{Recording, RecordingOptions, Status, Tape};
use crate::{Error, ErrorCode};

/// How much of the time that a close may take is spent on the rest of a recording.
const PATIENCE: Duration = Duration::from_millis(20);

impl Engine {
    pub(in crate::driver) fn start_recording(
        self: &Arc<Self>,
        options: &RecordingOptions,
    ) -> Result<Recording, Error> {
        let line = {
            let shared = self.lock();
            if let Some(end) = &shared.end {
                return Err(end.clone());
            }
            shared.line.clone()
        };
        if let Some(recording) = self.recording().filter(|found| !found.is_finished()) {
            return Err(busy(&recording));
        }
        // The disk is waited for without the lock.
        let model = self.with_session(crate::session::Session::model);
        let model = model.map_or("auto", |model| model.name());
        let mut shared = self.lock();
        shared.thaw();
        let now = shared.now();
        drop(shared);
        let tape = Tape::start(options, now, line, model)?;
        let status = Arc::clone(tape.status());
        let mut shared = self.lock();
        let now = shared.now();
        shared.session.insert(now, tape);
        Ok(Recording {
            engine: Arc::clone(self),
            status,
        })
    }

    /// The recording under way.
    pub(in crate::driver) fn recording(self: &Arc<Self>) -> Option<Recording> {
        let status = Arc::clone(self.lock().session.tape()?.status());
        Some(Recording {
            engine: Arc::clone(self),
            status,
        })
    }

    /// Ends this recording, unless it has ended or another one has begun.
    pub(in crate::driver) fn stop_recording(&self, status: &Arc<Status>) {
        let mut shared = self.lock();
        let is_this = shared
            .session
            .tape()
            .is_some_and(|tape| Arc::ptr_eq(tape.status(), status));
        if is_this {
            drop(shared.session.remove_tape());
        }
    }

    /// Ends whatever recording there is; the modem was closed.
    pub(in crate::driver) fn end_recording(&self) {
        let mut shared = self.lock();
        let now = shared.now();
        shared
            .session
            .note(now, || "the modem was closed".to_owned());
        let Some(tape) = shared.session.remove_tape() else {
            return;
        };
        drop(shared);
        let status = Arc::clone(tape.status());
        drop(tape);
        // A slower disk is written on by the recording's own thread.
        let _ = status.wait(PATIENCE);
    }
}

fn busy(recording: &Recording) -> Error {
    Error::new(
        ErrorCode::Busy,
        format!(
            "the modem is recorded into {} already; finish that first",
            recording.path().display()
        ),
    )
}
