//! Commands that the module refuses, perhaps only for now.
//!
//! Measured on the vendor's client: after a refused connection everything but a configuration is
//! refused until `+MQTTDISC` comes a second later, after `AT+MQTTDISC` for up to 1.3 s, and while it
//! connects by itself for up to 54 s.

use std::time::{Duration, Instant};

use m531x_at::command::Command;

use super::{Connect, Stage};
use crate::session::operation::status::{is_busy, stat};
use crate::session::operation::{Context, Step};
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal};

/// From a refusal to the next try, unless the end of what is in the way is reported before.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a refusal is taken for the end of an earlier connection before the module is asked.
const OLD_ENDS: Duration = Duration::from_secs(5);
/// A removal is tried so often before the configuration is to break in.
const MOST_REMOVALS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Of `AT+MQTTDEL`, since the last one that was taken.
    removals: u32,
    /// When the configuration or the opening was first refused.
    since: Option<Instant>,
    /// The last of them, and the command.
    last: Option<(Refusal, String)>,
    /// That command is `AT+MQTTOPEN`.
    of_open: bool,
    /// The module has said since then that it is at nothing.
    idle: bool,
}

impl Refusals {
    pub(super) fn any(&self) -> bool {
        self.since.is_some()
    }

    /// Whether it is the opening that was refused last.
    pub(super) fn of_open(&self) -> bool {
        self.of_open
    }

    pub(super) fn last(&self) -> Option<(&Refusal, &str)> {
        self.last.as_ref().map(|(refusal, name)| (refusal, &**name))
    }
}

impl Connect {
    /// The answer to `AT+MQTTDEL`.
    pub(super) fn on_deleted(&mut self, cx: &mut Context<'_>, answer: &Answer) -> Step {
        match answer {
            Answer::Ok(_) => {
                self.refusals.removals = 0;
                cx.state.client_deleted();
            }
            // Of a module that is known to have a client: not yet.
            Answer::Refused(_)
                if cx.state.keepalive.is_some() && self.refusals.removals < MOST_REMOVALS =>
            {
                self.refusals.removals += 1;
                return self.pause(cx);
            }
            // There is nothing to delete, or the configuration breaks in.
            _ => {}
        }
        self.configure()
    }

    /// `AT+MQTTCFG` or `AT+MQTTOPEN` was refused.
    pub(super) fn on_refused(
        &mut self,
        cx: &mut Context<'_>,
        refusal: Refusal,
        prepared: &PreparedCommand,
    ) -> Step {
        if !refusal.may_mean_not_yet() {
            return Self::fail(cx, Answer::Refused(refusal), prepared);
        }
        let first = self.refusals.since.is_none();
        self.refusals.since.get_or_insert(cx.now);
        self.refusals.last = Some((refusal, prepared.name.clone()));
        self.refusals.of_open = self.stage == Stage::Open;
        if self.stage == Stage::Open {
            // The connection that ended meanwhile was in the way, and is not this attempt.
            self.outcome = None;
            return self.pause(cx);
        }
        if first && self.refusals.removals == 0 {
            // Some firmware refuses while a client is still configured.
            return self.delete_old(cx);
        }
        self.pause(cx)
    }

    fn pause(&mut self, cx: &Context<'_>) -> Step {
        self.stage = Stage::Pause;
        Step::Wait(cx.now.checked_add(PAUSE))
    }

    /// The pause is over.
    pub(super) fn resume(&mut self, cx: &mut Context<'_>) -> Step {
        let Some(since) = self.refusals.since else {
            return self.delete_old(cx);
        };
        // From here on an attempt of a recovery counts its time.
        self.limit(since);
        if self.is_out_of_time(cx.now) {
            return self.refused_for_good(cx);
        }
        if cx.now.saturating_duration_since(since) >= OLD_ENDS {
            self.stage = Stage::LookBusy;
            return Step::send(cx.state.prepare(&Command::MqttStatRead));
        }
        self.try_again(cx)
    }

    /// What the module does that makes it refuse.
    pub(super) fn on_looked_busy(&mut self, cx: &mut Context<'_>, answer: &Answer) -> Step {
        let busy = stat(answer).is_some_and(is_busy);
        // What was in the way may just have ended, which the next try shows.
        if busy || !self.refusals.idle {
            self.refusals.idle = !busy;
            return self.try_again(cx);
        }
        self.refused_for_good(cx)
    }

    /// The sequence that works everywhere, from its beginning.
    fn try_again(&mut self, cx: &mut Context<'_>) -> Step {
        self.refusals.removals = MOST_REMOVALS;
        self.end_old(cx)
    }

    fn refused_for_good(&mut self, cx: &mut Context<'_>) -> Step {
        let transition = cx
            .state
            .connection
            .on_refused("the module refuses to connect");
        cx.state.report(transition);
        Step::fail(self.out_of_time(cx))
    }
}
