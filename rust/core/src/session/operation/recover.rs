//! Making a lost connection again, the sequence that works everywhere (dialect section 6): wake the
//! module, set it up, end and remove what is left, configure, connect, subscribe again.

use std::time::{Duration, Instant};

use super::connect::Connect;
use super::settings::{BOOT, Settings};
use super::{Context, Input, Notice, Operation, Resubscribe, Scope, Step, resubscribe};
use crate::session::shared::Shared;
use crate::{Error, ErrorCode};

/// One attempt.
pub(in crate::session) struct Recover {
    stage: Stage,
    /// Until when the outcome of `AT+MQTTOPEN` is awaited.
    open_until: Option<Instant>,
}

enum Stage {
    Settings(Settings),
    Connect(Box<Connect>),
    Subscribe(Resubscribe),
}

impl Recover {
    pub(in crate::session) fn new() -> Self {
        Self {
            stage: Stage::Settings(Settings::new()),
            open_until: None,
        }
    }

    fn connect(&mut self, cx: &mut Context<'_>) -> Step {
        let Some(options) = cx.shared.recovery.goal().cloned() else {
            return Step::fail(Error::new(
                ErrorCode::Cancelled,
                "no connection is wanted any more",
            ));
        };
        match Connect::again(options, cx.shared) {
            Ok(connect) => {
                self.stage = Stage::Connect(Box::new(connect));
                self.step(cx, Input::Start)
            }
            Err(error) => Step::fail(error),
        }
    }

    fn connected(&mut self, cx: &mut Context<'_>) -> Step {
        self.open_until = None;
        // Messages can come before the subscriptions are granted again.
        for kept in &cx.shared.recovery.subscriptions {
            cx.shared
                .subscriptions
                .ask(&kept.filter, kept.qos, kept.hex);
        }
        let kept = cx.shared.recovery.subscriptions.clone();
        self.stage = Stage::Subscribe(Resubscribe::of(kept));
        self.step(cx, Input::Start)
    }
}

impl Operation for Recover {
    fn title(&self) -> String {
        "making the connection again".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, shared: &Shared) -> Duration {
        let count = u32::try_from(shared.recovery.subscriptions.len()).unwrap_or(u32::MAX);
        let commands = shared.config.command_timeout * 6;
        BOOT * 3 + commands + open_limit(shared) + resubscribe::time_limit(shared, count)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match &mut self.stage {
            Stage::Settings(settings) => match settings.step(cx, input) {
                Step::Done(Ok(_)) => self.connect(cx),
                step => step,
            },
            Stage::Connect(connect) => {
                let over = self.open_until.is_some_and(|until| until <= cx.now);
                if over && matches!(input, Input::Timer) {
                    return Step::fail(connect.expired(cx));
                }
                match connect.step(cx, input) {
                    Step::Done(Ok(_)) => self.connected(cx),
                    Step::Wait(None) => {
                        let limit = cx.now + open_limit(cx.shared);
                        Step::Wait(Some(*self.open_until.get_or_insert(limit)))
                    }
                    Step::Wait(Some(due)) => {
                        Step::Wait(Some(self.open_until.map_or(due, |until| until.min(due))))
                    }
                    step => step,
                }
            }
            Stage::Subscribe(_)
                if matches!(
                    input,
                    Input::Notice(Notice::Disconnected | Notice::Attempt(_))
                ) =>
            {
                Step::fail(Error::new(
                    ErrorCode::NotConnected,
                    "the connection was lost again while it was being set up",
                ))
            }
            Stage::Subscribe(resubscribe) => resubscribe.step(cx, input),
        }
    }
}

fn open_limit(shared: &Shared) -> Duration {
    let options = shared.recovery.goal();
    options.map_or(Duration::from_secs(60), super::connect::time_limit)
}
