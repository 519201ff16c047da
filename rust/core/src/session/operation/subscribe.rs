//! Subscribing: `AT+MQTTSUB` (manual 1.4).

use std::time::Duration;

use m531x_at::command::{Command, MqttSub, QoS};

use super::raw_command::refuse_confusing_list;
use super::{Context, Input, Notice, Operation, Scope, Step, WhileRecovering};
use crate::session::Outcome;
use crate::session::packet_ids::AckKind;
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Wire};
use crate::{Error, ErrorCode};

/// Done when the broker has granted the subscription, perhaps at a lower QoS.
pub(super) struct Subscribe {
    filter: String,
    qos: QoS,
    hex: bool,
    wire: Wire,
    stage: Stage,
    /// The broker's answer; it can come before the OK.
    code: Option<u8>,
    late: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Waiting,
    Checking,
}

impl Subscribe {
    pub(super) fn new(filter: String, qos: QoS, hex: bool, shared: &Shared) -> Result<Self, Error> {
        let command = Command::MqttSub(MqttSub {
            filter: filter.clone(),
            qos,
            hex,
        });
        Ok(Self {
            wire: shared.acknowledged_wire(&command)?,
            filter,
            qos,
            hex,
            stage: Stage::Asking,
            code: None,
            late: false,
        })
    }

    fn granted(&self, cx: &mut Context<'_>, code: u8) -> Step {
        cx.shared.recovery.answered(&self.filter);
        if let Ok(qos) = QoS::try_from(code) {
            let subscriptions = &mut cx.shared.subscriptions;
            subscriptions.grant(&self.filter, self.qos, self.hex);
            return Step::Done(Ok(Outcome::Granted(qos)));
        }
        self.fail(cx, &format!("the broker refused it (SUBACK code {code})"))
    }

    fn fail(&self, cx: &mut Context<'_>, why: &str) -> Step {
        cx.shared.subscriptions.withdraw(&self.filter);
        Step::fail(Error::new(
            ErrorCode::Subscribe,
            format!("subscribe to {:?}: {why}", self.filter),
        ))
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, answer: Answer, wire: &Wire) -> Step {
        match (answer, self.code) {
            (Answer::Refused(refusal), _) => {
                cx.shared.acks.withdraw(cx.id);
                cx.shared.subscriptions.withdraw(&self.filter);
                let code = cx.shared.refused(&refusal, ErrorCode::Subscribe);
                Step::fail(refusal.error(code, &wire.name, &cx.shared.profile))
            }
            (_, Some(code)) => self.granted(cx, code),
            (Answer::TimedOut(waited), None) => {
                cx.shared.subscriptions.withdraw(&self.filter);
                Step::fail(wire.timed_out(waited))
            }
            (Answer::Ok(_) | Answer::Hidden, None) if self.late => self.check(cx),
            (Answer::Ok(_) | Answer::Hidden, None) => {
                self.stage = Stage::Waiting;
                Step::Wait(Some(cx.now + cx.shared.ack_wait()))
            }
        }
    }

    /// Firmware prints nothing for a subscription that was refused or granted at a lower QoS
    /// (dialect rule 6), so the module's own table is looked at.
    fn check(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Checking;
        if refuse_confusing_list(cx.shared).is_err() {
            return self.silent(cx, None);
        }
        Step::send(cx.shared.wire(&Command::MqttSubRead))
    }

    fn silent(&self, cx: &mut Context<'_>, lines: Option<&[String]>) -> Step {
        let listed = lines.is_some_and(|lines| lines.iter().any(|l| l.trim() == self.filter));
        if listed {
            return self.fail(
                cx,
                "refused or timed out: the broker's answer did not come, though the module lists \
                 the filter; the broker may have granted a lower QoS, so try QoS 0",
            );
        }
        self.fail(
            cx,
            "refused or timed out: the broker's answer did not come and the module does not list \
             the filter; check that the broker allows it",
        )
    }
}

impl Operation for Subscribe {
    fn title(&self) -> String {
        format!("subscribe to {:?}", self.filter)
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, shared: &Shared) -> Duration {
        self.wire.timeout + shared.ack_wait() + shared.config.command_timeout * 2
    }

    fn while_recovering(&self) -> WhileRecovering {
        WhileRecovering::Waits
    }

    fn restart(&mut self, cx: &mut Context<'_>) {
        self.stage = Stage::Asking;
        self.code = None;
        self.late = false;
        cx.shared.subscriptions.withdraw(&self.filter);
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start if !cx.shared.machine.may_be_connected() => {
                Step::fail(cx.shared.not_connected(&self.title()))
            }
            Input::Start => {
                // Retained messages can come before the broker's answer.
                cx.shared
                    .subscriptions
                    .ask(&self.filter, self.qos, self.hex);
                cx.shared
                    .acks
                    .register(cx.id, AckKind::Subscribe, Some(&self.filter));
                Step::Send(self.wire.clone())
            }
            Input::Answer(answer, _) if self.stage == Stage::Checking => match answer {
                Answer::Ok(lines) => self.silent(cx, Some(&lines)),
                _ => self.silent(cx, None),
            },
            Input::Answer(answer, wire) => self.on_answer(cx, answer, wire),
            Input::Notice(Notice::Granted { code }) if self.stage == Stage::Asking => {
                self.code = Some(*code);
                Step::Stay
            }
            Input::Notice(Notice::Granted { code }) => self.granted(cx, *code),
            Input::Notice(Notice::AckLate) if self.stage == Stage::Asking => {
                self.late = true;
                Step::Stay
            }
            Input::Notice(Notice::AckLate) if self.stage == Stage::Waiting => self.check(cx),
            Input::Timer => self.check(cx),
            Input::Notice(Notice::Disconnected) => {
                cx.shared.subscriptions.withdraw(&self.filter);
                Step::fail(Error::new(
                    ErrorCode::NotConnected,
                    format!(
                        "{}: the connection was lost before it was granted",
                        self.title()
                    ),
                ))
            }
            Input::Notice(_) => Step::Stay,
        }
    }
}
