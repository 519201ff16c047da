//! Waiting for the outcome while the module tries again by itself.
//!
//! Measured on the vendor's client: 8 to 9 s from the first `+MQTTTO:1` to `+MQTTREC: 1`, 16 s to the
//! next attempt, and 54 s in all. So the module is asked whether it is still at it.

use std::time::{Duration, Instant};

use m531x_at::command::Command;
use m531x_at::response::MqttStat;
use m531x_at::urc::OpenOutcome;

use super::{Connect, Outcome, Stage, time_limit};
use crate::session::operation::status::{is_busy, stat};
use crate::session::operation::{Context, Step};
use crate::session::prepared_command::Answer;

/// How long after a sign of trouble the module is asked for the first time, and then again while it
/// does not say that it is at it.
const SOON: Duration = Duration::from_secs(5);
/// How long a module that is at it is left alone.
const LATER: Duration = Duration::from_secs(10);
/// The longest pause between two attempts of the module's own, with a margin.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The module's reports of trouble on the way.
#[derive(Debug, Default)]
pub(super) struct Signs {
    warning: Option<String>,
    /// When the last one came.
    last: Option<Instant>,
    /// When it is asked next.
    look_at: Option<Instant>,
}

impl Signs {
    /// The last report of trouble.
    pub(super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    fn note(&mut self, now: Instant, warning: String, look_in: Duration) {
        self.warning = Some(warning);
        self.last = Some(now);
        self.look_at = now.checked_add(look_in);
    }
}

impl Connect {
    /// Waits for the outcome, or for the next time to ask.
    pub(super) fn wait(&mut self, cx: &Context<'_>) -> Step {
        self.stage = Stage::Wait;
        let until = self.limit(cx.now);
        Step::Wait([self.signs.look_at, until].into_iter().flatten().min())
    }

    /// An attempt of a recovery has no deadline of the caller's.
    pub(super) fn limit(&mut self, now: Instant) -> Option<Instant> {
        if self.again && self.until.is_none() {
            self.until = now.checked_add(time_limit(&self.options));
        }
        self.until
    }

    pub(super) fn is_out_of_time(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// `+MQTTTO:1`.
    pub(super) fn on_late(&mut self, cx: &Context<'_>) -> Step {
        self.signs.note(cx.now, "+MQTTTO:1".to_owned(), SOON);
        self.wait_on(cx)
    }

    /// `+MQTTREC:n`, after which the broker has its time once more.
    pub(super) fn on_attempt(&mut self, cx: &Context<'_>, n: u32) -> Step {
        let answer = Duration::from_secs(self.options.ack_timeout.into());
        let warning = format!("+MQTTREC:{n}");
        self.signs.note(cx.now, warning, answer + LONGEST_PAUSE);
        self.wait_on(cx)
    }

    fn wait_on(&mut self, cx: &Context<'_>) -> Step {
        match self.stage {
            Stage::Wait => self.wait(cx),
            _ => Step::Pending,
        }
    }

    /// The time to ask has come, or all time is over.
    pub(super) fn on_silence(&mut self, cx: &Context<'_>) -> Step {
        if self.is_out_of_time(cx.now) {
            return Step::fail(self.out_of_time(cx));
        }
        if self.signs.look_at.is_none_or(|at| at > cx.now) {
            return Step::Pending;
        }
        self.stage = Stage::Look;
        Step::send(cx.state.prepare(&Command::MqttStatRead))
    }

    /// What the module says that it is doing.
    pub(super) fn on_looked(&mut self, cx: &mut Context<'_>, answer: &Answer) -> Step {
        match stat(answer) {
            Some(MqttStat::Connected) => {
                // The report was lost on the way.
                cx.state.take_stat(MqttStat::Connected);
                self.conclude(cx, Outcome::Opened(OpenOutcome::Accepted))
            }
            Some(stat @ (MqttStat::NotInitialised | MqttStat::Initialised)) => {
                cx.state.take_stat(stat);
                Step::fail(self.unreachable(cx.now, cx.begun, "no connection"))
            }
            Some(stat) if is_busy(stat) => self.look_in(cx, LATER),
            // Between two attempts, or not known.
            _ if self.is_silent(cx.now) => {
                Step::fail(self.unreachable(cx.now, cx.begun, "no connection"))
            }
            _ => self.look_in(cx, SOON),
        }
    }

    fn look_in(&mut self, cx: &Context<'_>, time: Duration) -> Step {
        self.signs.look_at = cx.now.checked_add(time);
        self.wait(cx)
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.signs
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= LONGEST_PAUSE)
    }
}
