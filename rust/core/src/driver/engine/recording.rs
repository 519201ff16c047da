//! Beginning and ending a recording.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::driver::recorder::{Recorder, RecordingOptions, Status};
use crate::driver::recording::Recording;
use crate::{Error, ErrorCode};

/// How much of the time that a close may take is spent on the rest of a recording.
const PATIENCE: Duration = Duration::from_millis(20);

impl Engine {
    pub(in crate::driver) fn start_recording(
        self: &Arc<Self>,
        options: &RecordingOptions,
    ) -> Result<Recording, Error> {
        let line = {
            let state = self.lock();
            if let Some(end) = &state.end {
                return Err(end.clone());
            }
            state.line.clone()
        };
        if let Some(recording) = self.recording().filter(|found| !found.is_finished()) {
            return Err(busy(&recording));
        }
        // The disk is waited for without the lock.
        let model = self.with_session(crate::session::Session::model);
        let model = model.map_or("auto", |model| model.name());
        let mut state = self.lock();
        state.resume_clock();
        let now = state.now();
        drop(state);
        let recorder = Recorder::start(options, now, line, model)?;
        let status = Arc::clone(recorder.status());
        let mut state = self.lock();
        let now = state.now();
        state.session.insert(now, recorder);
        Ok(Recording::new(Arc::clone(self), status))
    }

    /// The recording under way.
    pub(in crate::driver) fn recording(self: &Arc<Self>) -> Option<Recording> {
        let status = Arc::clone(self.lock().session.recorder()?.status());
        Some(Recording::new(Arc::clone(self), status))
    }

    /// Ends this recording, unless it has ended or another one has begun.
    pub(in crate::driver) fn stop_recording(&self, status: &Arc<Status>) {
        let mut state = self.lock();
        let is_this = state
            .session
            .recorder()
            .is_some_and(|recorder| Arc::ptr_eq(recorder.status(), status));
        if is_this {
            drop(state.session.remove_recorder());
        }
    }

    /// Ends the recording, if there is one; the modem was closed.
    pub(in crate::driver) fn end_recording(&self) {
        let mut state = self.lock();
        let now = state.now();
        state
            .session
            .note(now, || "the modem was closed".to_owned());
        let Some(recorder) = state.session.remove_recorder() else {
            return;
        };
        drop(state);
        let status = Arc::clone(recorder.status());
        drop(recorder);
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
