//! A session that may be recorded: its inputs go onto the recorder as well.

use std::ops::Deref;
use std::time::Instant;

use m531x_at::recording::EntryKind;

use super::Recorder;
use crate::recording::{self, RecordedInput};
use crate::session::{OperationId, Outcome, PassedLine, PasswordRequest, Request, Session};
use crate::{Error, Event, EventKind, Incoming, Recovery, Secret};

/// A session and the recorder, if there is one. What only looks goes to the session itself.
pub(in crate::driver) struct RecordedSession {
    session: Session,
    recorder: Option<Recorder>,
    /// What became of the recorder, to be reported among the events.
    failure: Option<Event>,
}

impl RecordedSession {
    pub(in crate::driver) fn new(session: Session, recorder: Option<Recorder>) -> Self {
        let mut session = Self {
            session,
            recorder: None,
            failure: None,
        };
        if let Some(recorder) = recorder {
            session.insert(Instant::now(), recorder);
        }
        session
    }

    /// Records from now on.
    pub(in crate::driver) fn insert(&mut self, now: Instant, mut recorder: Recorder) {
        for line in self.beginning() {
            recorder.line(now, EntryKind::Session(line));
        }
        self.recorder = Some(recorder);
    }

    pub(in crate::driver) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// Ends the recording; the rest is written by the recorder's own thread.
    pub(in crate::driver) fn remove_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// Begins anew with another session, at another speed of the line.
    pub(in crate::driver) fn replace(&mut self, now: Instant, session: Session, baudrate: u32) {
        self.session = session;
        let beginning = self.beginning();
        if let Some(recorder) = &mut self.recorder {
            recorder.line.baudrate = Some(baudrate);
            recorder.line(
                now,
                EntryKind::Note(format!("the line is at {baudrate} baud from here on")),
            );
            for line in beginning {
                recorder.line(now, EntryKind::Session(line));
            }
        }
    }

    /// Writes a note that is no matter of the session's.
    pub(in crate::driver) fn note(&mut self, now: Instant, text: impl FnOnce() -> String) {
        self.record(now, || EntryKind::Note(text()));
    }

    pub(in crate::driver) fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(recorder) = &mut self.recorder {
            recorder.bytes(now, false, bytes);
        }
        self.session.handle_input(now, bytes);
    }

    pub(in crate::driver) fn handle_timeout(&mut self, now: Instant) {
        self.record_input(now, || RecordedInput::Timer);
        self.session.handle_timeout(now);
    }

    pub(in crate::driver) fn handle_port_lost(&mut self, now: Instant, why: &str) {
        self.record_input(now, || RecordedInput::PortLost(why.to_owned()));
        self.session.handle_port_lost(now, why);
    }

    pub(in crate::driver) fn handle_port_detached(&mut self, now: Instant, why: &str) {
        self.record_input(now, || RecordedInput::PortDetached(why.to_owned()));
        self.session.handle_port_detached(now, why);
    }

    pub(in crate::driver) fn handle_port_back(&mut self, now: Instant, port: &str) {
        self.record_input(now, || RecordedInput::PortBack(port.to_owned()));
        self.session.handle_port_back(now, port);
    }

    /// The recording ends where the user does.
    pub(in crate::driver) fn handle_closed(&mut self) {
        self.session.handle_closed();
    }

    pub(in crate::driver) fn set_recovery(&mut self, now: Instant, recovery: &Recovery) {
        self.record_input(now, || RecordedInput::Recovery(recovery.clone()));
        self.session.set_recovery(now, recovery);
    }

    pub(in crate::driver) fn begin(
        &mut self,
        now: Instant,
        request: Request,
    ) -> Result<OperationId, Error> {
        let line = self
            .recorder
            .is_some()
            .then(|| recording::request(&request));
        let begun = self.session.begin(now, request);
        if let Some(line) = line {
            match &begun {
                Ok(id) => {
                    let number = id.number();
                    self.record(now, || EntryKind::Request(format!("{number} {line}")));
                }
                Err(error) => {
                    let result = recording::result(&Err(error.clone()));
                    self.record(now, || EntryKind::Request(format!("- {line}")));
                    self.record(now, || EntryKind::Result(format!("- {result}")));
                }
            }
        }
        begun
    }

    pub(in crate::driver) fn abandon(&mut self, now: Instant, id: OperationId) {
        self.record_input(now, || RecordedInput::Abandon(id.number()));
        self.session.abandon(now, id);
    }

    pub(in crate::driver) fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        let bytes = self.session.poll_transmit(now);
        if let (Some(recorder), Some(bytes)) = (&mut self.recorder, &bytes) {
            recorder.bytes(now, true, bytes);
        }
        bytes
    }

    pub(in crate::driver) fn poll_completion(
        &mut self,
        now: Instant,
    ) -> Option<(OperationId, Result<Outcome, Error>)> {
        let (id, outcome) = self.session.poll_completion()?;
        self.record(now, || {
            let number = id.number();
            EntryKind::Result(format!("{number} {}", recording::result(&outcome)))
        });
        Some((id, outcome))
    }

    pub(in crate::driver) fn poll_password_request(&mut self) -> Option<PasswordRequest> {
        self.session.poll_password_request()
    }

    pub(in crate::driver) fn set_password(
        &mut self,
        now: Instant,
        number: Option<u64>,
        password: Result<Secret, Error>,
    ) -> bool {
        self.record_input(now, || {
            RecordedInput::Password(number, password.as_ref().err().map(ToString::to_string))
        });
        self.session.set_password(now, number, password)
    }

    pub(in crate::driver) fn poll_line(&mut self) -> Option<PassedLine> {
        self.session.poll_line()
    }

    pub(in crate::driver) fn poll_event(&mut self) -> Option<Incoming> {
        match self.session.poll_event() {
            None => self.failure.take().map(Incoming::Event),
            event => event,
        }
    }

    /// To be called now and then: sees to a file that is full, and to one that cannot be written.
    pub(in crate::driver) fn look_after_recorder(&mut self) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        if let Some(error) = recorder.failure() {
            self.recorder = None;
            self.failure = Some(Event::new(
                EventKind::RecordingStopped,
                0,
                error.to_string(),
            ));
        } else if recorder.is_full(self.session.idle()) {
            let (model, lines) = (self.model_name(), self.beginning());
            if let Some(recorder) = &mut self.recorder {
                recorder.rotate(model, lines);
            }
        }
    }

    pub(in crate::driver) fn model_name(&self) -> &'static str {
        self.session.model().map_or("auto", |model| model.name())
    }

    /// What another session needs to know to go on from here.
    fn beginning(&self) -> Vec<String> {
        let mut lines = vec![recording::session(&self.session.config())];
        lines.extend(recording::snapshot(&self.session.snapshot()));
        lines
    }

    fn record_input(&mut self, now: Instant, input: impl FnOnce() -> RecordedInput) {
        self.record(now, || EntryKind::Session(input().line()));
    }

    fn record(&mut self, now: Instant, what: impl FnOnce() -> EntryKind) {
        if let Some(recorder) = &mut self.recorder {
            recorder.line(now, what());
        }
    }
}

impl Deref for RecordedSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}
