//! Unsubscribing: `AT+MQTTUNSUB` (manual 1.6).

use std::time::Duration;

use m531x_at::command::{Command, MqttUnsub};

use super::{Context, Input, Notice, Operation, Scope, Step, WhileRecovering};
use crate::session::packet_ids::AckKind;
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Wire, seconds};
use crate::{Error, ErrorCode};

/// Done when the broker has acknowledged.
pub(super) struct Unsubscribe {
    filter: String,
    wire: Wire,
    accepted: bool,
    acknowledged: bool,
}

impl Unsubscribe {
    pub(super) fn new(filter: String, shared: &Shared) -> Result<Self, Error> {
        let command = Command::MqttUnsub(MqttUnsub {
            filter: filter.clone(),
        });
        Ok(Self {
            wire: shared.acknowledged_wire(&command)?,
            filter,
            accepted: false,
            acknowledged: false,
        })
    }

    fn ended(&self, cx: &mut Context<'_>) -> Step {
        cx.shared.subscriptions.remove(&self.filter);
        Step::done()
    }

    fn fail(&self, cx: &mut Context<'_>, code: ErrorCode, why: &str) -> Step {
        cx.shared.subscriptions.leave(&self.filter, false);
        Step::fail(Error::new(code, format!("{}: {why}", self.title())))
    }
}

impl Operation for Unsubscribe {
    fn title(&self) -> String {
        format!("unsubscribe from {:?}", self.filter)
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, shared: &Shared) -> Duration {
        self.wire.timeout + shared.ack_wait() + Duration::from_secs(5)
    }

    fn while_recovering(&self) -> WhileRecovering {
        WhileRecovering::Waits
    }

    fn restart(&mut self, cx: &mut Context<'_>) {
        cx.shared.subscriptions.leave(&self.filter, false);
        self.accepted = false;
        self.acknowledged = false;
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start if !cx.shared.machine.may_be_connected() => {
                Step::fail(cx.shared.not_connected(&self.title()))
            }
            Input::Start => {
                cx.shared.subscriptions.leave(&self.filter, true);
                cx.shared
                    .acks
                    .register(cx.id, AckKind::Unsubscribe, Some(&self.filter));
                Step::Send(self.wire.clone())
            }
            Input::Answer(Answer::Refused(refusal), wire) => {
                cx.shared.acks.withdraw(cx.id);
                cx.shared.subscriptions.leave(&self.filter, false);
                let code = cx.shared.refused(&refusal, ErrorCode::Command);
                Step::fail(refusal.error(code, &wire.name, &cx.shared.profile))
            }
            Input::Answer(..) if self.acknowledged => self.ended(cx),
            Input::Answer(Answer::TimedOut(waited), wire) => {
                cx.shared.subscriptions.leave(&self.filter, false);
                Step::fail(wire.timed_out(waited))
            }
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) => {
                self.accepted = true;
                Step::Wait(Some(cx.now + cx.shared.ack_wait()))
            }
            Input::Notice(Notice::Acknowledged { .. }) if self.accepted => self.ended(cx),
            Input::Notice(Notice::Acknowledged { .. }) => {
                self.acknowledged = true;
                Step::Stay
            }
            Input::Notice(Notice::AckLate) => self.fail(
                cx,
                ErrorCode::Timeout,
                "the module reports that the acknowledgement is late (+MQTTTO:4)",
            ),
            Input::Timer => {
                let waited = seconds(cx.shared.ack_wait());
                self.fail(
                    cx,
                    ErrorCode::Timeout,
                    &format!("no UNSUBACK within {waited}"),
                )
            }
            Input::Notice(Notice::Disconnected) => self.fail(
                cx,
                ErrorCode::NotConnected,
                "the connection was lost before the end",
            ),
            Input::Notice(_) => Step::Stay,
        }
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        cx.shared.subscriptions.leave(&self.filter, false);
        let waited = seconds(cx.now.saturating_duration_since(cx.begun));
        let text = format!("{}: not done within {waited}", self.title());
        Error::new(ErrorCode::Timeout, text)
    }
}
