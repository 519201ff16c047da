//! Making a lost connection again, the sequence that works everywhere (dialect section 6): wake the
//! module, set it up, end and remove what is left, configure, connect, subscribe again.

use std::time::Duration;

use super::connect::{self, Connect};
use super::settings::{BOOT, Settings};
use super::{BrokerEvent, Context, Input, Procedure, Resubscribe, Scope, Step, resubscribe};
use crate::session::password::PATIENCE;
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// One attempt.
pub(in crate::session) struct Recover {
    stage: Stage,
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
        }
    }

    fn connect(&mut self, cx: &mut Context<'_>) -> Step {
        let Some(options) = cx.state.recovery.goal().cloned() else {
            return Step::fail(Error::new(
                ErrorCode::Cancelled,
                "a connection is no longer wanted",
            ));
        };
        match Connect::again(options, cx.state) {
            Ok(connect) => {
                self.stage = Stage::Connect(Box::new(connect));
                self.step(cx, Input::Start)
            }
            Err(error) => Step::fail(error),
        }
    }

    fn connected(&mut self, cx: &mut Context<'_>) -> Step {
        // Messages can come before the subscriptions are granted again.
        for kept in &cx.state.recovery.subscriptions {
            cx.state.subscriptions.ask(&kept.filter, kept.qos, kept.hex);
        }
        let kept = cx.state.recovery.subscriptions.clone();
        self.stage = Stage::Subscribe(Resubscribe::of(kept));
        self.step(cx, Input::Start)
    }
}

impl Procedure for Recover {
    fn title(&self) -> String {
        "making the connection again".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Connection
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        let count = u32::try_from(state.recovery.subscriptions.len()).unwrap_or(u32::MAX);
        let commands = state.config.command_timeout * 6;
        // As long may the module refuse to connect at all.
        BOOT * 3
            + PATIENCE * 2
            + commands
            + open_limit(state) * 2
            + resubscribe::time_limit(state, count)
    }

    fn given_up(&mut self, cx: &mut Context<'_>) {
        if let Stage::Connect(connect) = &self.stage {
            connect.call_off(cx.state);
        }
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match &mut self.stage {
            Stage::Settings(settings) => match settings.step(cx, input) {
                Step::Done(Ok(_)) => self.connect(cx),
                step => step,
            },
            Stage::Connect(connect) => match connect.step(cx, input) {
                Step::Done(Ok(_)) => self.connected(cx),
                step @ Step::Done(Err(_)) => {
                    if cx.state.recovery.has_tried_enough() {
                        connect.call_off(cx.state);
                    }
                    step
                }
                step => step,
            },
            Stage::Subscribe(resubscribe)
                if matches!(
                    input,
                    Input::BrokerEvent(BrokerEvent::Disconnected | BrokerEvent::Attempt(_))
                ) =>
            {
                resubscribe.lost(cx);
                Step::fail(Error::new(
                    ErrorCode::NotConnected,
                    "the connection was lost again while it was being set up",
                ))
            }
            Stage::Subscribe(resubscribe) => resubscribe.step(cx, input),
        }
    }
}

fn open_limit(state: &SessionState) -> Duration {
    let options = state.recovery.goal();
    options.map_or(Duration::from_secs(60), connect::time_limit)
}
