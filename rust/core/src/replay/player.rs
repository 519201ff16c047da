//! One recorded line after the other, into a session.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use m531x_at::recording::EscapedBytes;

use super::comparison::Comparison;
use super::script::{Script, Step, StepKind};
use super::{ReplayItem, Replayed};
use crate::recording::{RecordedInput, hidden_password, read_rfc3339, result};
use crate::session::{OperationId, Request, RequestKind, Session, SessionConfig, Snapshot};
use crate::{Error, ErrorCode};

/// Timers that the recording does not mention, though due for so long, go off all the same.
const OVERDUE: Duration = Duration::from_secs(1);
/// By how much a recorded time may be too early.
const ROUNDING: Duration = Duration::from_micros(2);
/// How long the operations of a raw recording may take after its end.
const AFTERMATH: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Player {
    steps: std::vec::IntoIter<Step>,
    /// The lines to the module are commands of their own.
    raw: bool,
    base: Instant,
    started: SystemTime,
    session: Session,
    /// What the session is to know before the next step.
    snapshot: Option<Snapshot>,
    /// The number of an operation in the recording, and here.
    ids: BTreeMap<u64, OperationId>,
    numbers: BTreeMap<OperationId, u64>,
    comparison: Comparison,
    at: Duration,
    line: usize,
    ended: bool,
}

impl Player {
    pub(super) fn new(script: Script) -> Self {
        let config = SessionConfig {
            model: script.header.model.parse().ok(),
            ..SessionConfig::default()
        };
        Self {
            raw: script.is_raw(),
            // Only differences count, so any instant is as good.
            base: Instant::now(),
            started: read_rfc3339(&script.header.started).unwrap_or(UNIX_EPOCH),
            session: Session::new(config),
            snapshot: None,
            ids: BTreeMap::new(),
            numbers: BTreeMap::new(),
            comparison: Comparison::default(),
            at: Duration::ZERO,
            line: 1,
            ended: false,
            steps: script.steps.into_iter(),
        }
    }

    /// Plays the next line; false after the last.
    pub(super) fn step(&mut self, out: &mut VecDeque<ReplayItem>) -> bool {
        let Some(step) = self.steps.next() else {
            return !std::mem::replace(&mut self.ended, true) && {
                self.end(out);
                true
            };
        };
        self.advance(step.at, out);
        self.line = step.line;
        self.at = step.at;
        self.play(step.kind, out);
        self.drain(out);
        true
    }

    fn play(&mut self, kind: StepKind, out: &mut VecDeque<ReplayItem>) {
        if !matches!(
            kind,
            StepKind::RecordedInput(
                RecordedInput::Known(_) | RecordedInput::Subscribed(..) | RecordedInput::Wanted(_)
            )
        ) {
            self.take_snapshot();
        }
        let now = self.now();
        match kind {
            StepKind::Sent(bytes) => self.sent(bytes, out),
            StepKind::Received(bytes) => {
                self.session.handle_input(now, bytes.bytes());
                self.give(Replayed::Received(bytes), out);
            }
            StepKind::Request {
                number,
                request,
                text,
            } => self.begin(number, request, text, out),
            StepKind::Result { number, text } => {
                match number {
                    Some(number) if self.ids.contains_key(&number) => {
                        let difference = self.comparison.result(number, &text);
                        self.differs(difference, out);
                    }
                    Some(number) => {
                        let what =
                            format!("operation {number}, begun before the recording: {text}");
                        self.give(Replayed::Note(what), out);
                    }
                    // The refusal was looked at with the request.
                    None => {}
                }
            }
            StepKind::RecordedInput(input) => self.handle_input(input),
            StepKind::Note(text) => self.give(Replayed::Note(text), out),
        }
    }

    fn sent(&mut self, bytes: EscapedBytes, out: &mut VecDeque<ReplayItem>) {
        if self.raw {
            let line = String::from_utf8_lossy(bytes.bytes());
            let line = line.trim_end_matches(['\r', '\n']).to_owned();
            let number = self.numbers.len() as u64;
            let request = Request::new(RequestKind::Command(line));
            if let Ok(id) = self.session.begin(self.now(), request) {
                self.numbers.insert(id, number);
            }
        }
        self.drain(out);
        let differences = self.comparison.sent(&bytes);
        self.give(Replayed::Sent(bytes), out);
        for difference in differences.into_iter().filter(|_| !self.raw) {
            self.give(Replayed::Difference(difference), out);
        }
    }

    fn begin(
        &mut self,
        number: Option<u64>,
        request: Request,
        text: String,
        out: &mut VecDeque<ReplayItem>,
    ) {
        let now = self.now();
        let begun = self.session.begin(now, request);
        match (number, begun) {
            (Some(number), Ok(id)) => {
                self.ids.insert(number, id);
                self.numbers.insert(id, number);
                self.give(Replayed::Request { number, text }, out);
            }
            (None, Err(_)) => {}
            (Some(number), Err(error)) => {
                let what = format!("operation {number} ({text}) is refused now: {error}");
                self.give(Replayed::Difference(what), out);
            }
            (None, Ok(id)) => {
                self.session.abandon(now, id);
                let what = format!("was refused when recorded, but not now: {text}");
                self.give(Replayed::Difference(what), out);
            }
        }
    }

    fn handle_input(&mut self, input: RecordedInput) {
        let now = self.now();
        match input {
            RecordedInput::Session(config) => {
                self.session = Session::new(config);
                self.ids.clear();
                self.numbers.clear();
            }
            RecordedInput::Known(snapshot) => self.snapshot = Some(snapshot),
            RecordedInput::Subscribed(filter, qos, hex) => {
                if let Some(snapshot) = &mut self.snapshot {
                    snapshot.subscriptions.push((filter, qos, hex));
                }
            }
            RecordedInput::Wanted(options) => {
                if let Some(snapshot) = &mut self.snapshot {
                    snapshot.goal = Some(options);
                }
            }
            RecordedInput::Recovery(recovery) => self.session.set_recovery(now, &recovery),
            RecordedInput::Timer => {
                // Times are recorded in whole microseconds, which a timer need not be.
                let due = self.session.poll_timeout();
                let due = due.filter(|due| due.saturating_duration_since(now) < ROUNDING);
                self.session
                    .handle_timeout(due.map_or(now, |due| due.max(now)));
            }
            RecordedInput::Abandon(number) => {
                if let Some(id) = self.ids.get(&number) {
                    self.session.abandon(now, *id);
                }
            }
            RecordedInput::PortDetached(why) => self.session.handle_port_detached(now, &why),
            RecordedInput::PortBack(port) => self.session.handle_port_back(now, &port),
            RecordedInput::PortLost(why) => self.session.handle_port_lost(now, &why),
            RecordedInput::Password(number, none) => {
                let password = match none {
                    None => Ok(hidden_password()),
                    Some(why) => Err(Error::new(ErrorCode::Connect, why)),
                };
                self.session.set_password(now, number, password);
            }
        }
    }

    fn take_snapshot(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            let now = self.now();
            self.session.restore(now, &snapshot);
        }
    }

    /// Lets the time pass until then, for the timers that the recording does not mention.
    fn advance(&mut self, until: Duration, out: &mut VecDeque<ReplayItem>) {
        let overdue = if self.raw { Duration::ZERO } else { OVERDUE };
        while let Some(due) = self.due().filter(|due| *due + overdue <= until) {
            self.at = self.at.max(due);
            self.session.handle_timeout(self.now());
            self.drain(out);
            if self.due() == Some(due) {
                // One that stays due would be waited for in vain.
                return;
            }
        }
    }

    fn due(&self) -> Option<Duration> {
        let due = self.session.poll_timeout()?;
        Some(due.saturating_duration_since(self.base))
    }

    fn end(&mut self, out: &mut VecDeque<ReplayItem>) {
        let until = self.at + AFTERMATH;
        while self.raw && !self.session.idle() {
            let before = self.due();
            match before {
                Some(due) if due <= until => self.advance(due, out),
                _ => break,
            }
            if self.due() == before {
                break;
            }
        }
        for difference in self.comparison.rest() {
            if !self.raw {
                self.give(Replayed::Difference(difference), out);
            }
        }
    }

    /// Takes what the session gives.
    fn drain(&mut self, out: &mut VecDeque<ReplayItem>) {
        let now = self.now();
        while let Some(bytes) = self.session.poll_transmit(now) {
            self.comparison.sends(EscapedBytes::redacted(&bytes));
        }
        while let Some((id, outcome)) = self.session.poll_completion() {
            let Some(&number) = self.numbers.get(&id) else {
                continue;
            };
            let text = result(&outcome);
            self.comparison.results_in(number, text.clone());
            let error = outcome.err();
            self.give(
                Replayed::Result {
                    number,
                    text,
                    error,
                },
                out,
            );
        }
        let stamp = self.started + self.at;
        while let Some(mut incoming) = self.session.poll_event() {
            incoming.stamp(stamp);
            self.give(Replayed::Incoming(incoming), out);
        }
    }

    fn differs(&self, difference: Option<String>, out: &mut VecDeque<ReplayItem>) {
        if let Some(difference) = difference {
            self.give(Replayed::Difference(difference), out);
        }
    }

    fn give(&self, what: Replayed, out: &mut VecDeque<ReplayItem>) {
        out.push_back(ReplayItem {
            at: self.at,
            line: self.line,
            what,
        });
    }

    fn now(&self) -> Instant {
        self.base + self.at
    }
}
