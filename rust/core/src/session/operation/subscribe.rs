//! Subscribing: `AT+MQTTSUB` (manual 1.4).

use std::time::Duration;

use m531x_at::command::{Command, MqttSub, MqttUnsub, QoS};

use super::raw_command::refuse_confusing_list;
use super::table::{self, ALREADY_SUBSCRIBED, LOOK_PAUSE, MOST_LOOKS};
use super::{Context, Input, Notice, Operation, Scope, Step, WhileRecovering};
use crate::session::Outcome;
use crate::session::packet_ids::AckKind;
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Refusal, Wire};
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
    /// QoS and hex delivery of the subscription to this filter that there was before.
    before: Option<(QoS, bool)>,
    refusal: Option<Refusal>,
    /// How often it was refused as if there were no connection, and the module asked.
    looks: u32,
    /// What the module still lists was ended first, for the broker may have ended it already.
    cleared: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Waiting,
    /// The broker did not answer: the module's table is looked at.
    Checking,
    /// The module refused: its table is looked at.
    Refused,
    /// It refused, perhaps for a connection that is lost, which the module is being asked.
    Pausing,
    /// What it has in its table is being ended.
    Clearing,
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
            before: None,
            refusal: None,
            looks: 0,
            cleared: false,
        })
    }

    fn start(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Asking;
        let subscriptions = &mut cx.shared.subscriptions;
        let mut live = subscriptions.live();
        self.before = live
            .find(|s| s.filter == self.filter)
            .map(|s| (s.qos, s.hex));
        drop(live);
        // Retained messages can come before the broker's answer.
        subscriptions.ask(&self.filter, self.qos, self.hex);
        cx.shared
            .acks
            .register(cx.id, AckKind::Subscribe, Some(&self.filter));
        Step::Send(self.wire.clone())
    }

    /// It is not there after all, and what there was before still is.
    fn withdraw(&self, cx: &mut Context<'_>) {
        let subscriptions = &mut cx.shared.subscriptions;
        subscriptions.withdraw(&self.filter);
        if let Some((qos, hex)) = self.before {
            if subscriptions.is_granted(&self.filter) {
                subscriptions.ask(&self.filter, qos, hex);
            }
        }
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
        self.withdraw(cx);
        Step::fail(Error::new(
            ErrorCode::Subscribe,
            format!("subscribe to {:?}: {why}", self.filter),
        ))
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, answer: Answer, wire: &Wire) -> Step {
        match (answer, self.code) {
            (Answer::Refused(refusal), _) => {
                cx.shared.acks.withdraw(cx.id);
                self.on_refused(cx, refusal)
            }
            (_, Some(code)) => self.granted(cx, code),
            (Answer::TimedOut(waited), None) => {
                self.withdraw(cx);
                Step::fail(wire.timed_out(waited))
            }
            (Answer::Ok(_) | Answer::Hidden, None) if self.late => self.check(cx),
            (Answer::Ok(_) | Answer::Hidden, None) => {
                self.stage = Stage::Waiting;
                Step::Wait(Some(cx.now + cx.shared.ack_wait()))
            }
        }
    }

    fn on_refused(&mut self, cx: &mut Context<'_>, refusal: Refusal) -> Step {
        let question = table::question(&refusal, cx.shared);
        self.refusal = Some(refusal);
        match question {
            Some(wire) => {
                self.stage = Stage::Refused;
                Step::Send(wire)
            }
            None => self.refused(cx, None),
        }
    }

    /// The module refused; `listed` is what its table says, if it says anything.
    fn refused(&mut self, cx: &mut Context<'_>, listed: Option<bool>) -> Step {
        let Some(refusal) = self.refusal.take() else {
            return Step::Stay;
        };
        let already = listed.is_none() && refusal.number() == Some(ALREADY_SUBSCRIBED);
        if already || listed == Some(true) {
            if cx.shared.subscriptions.is_unsure(&self.filter) {
                return self.clear(cx);
            }
            // At the QoS of before: nothing went to the broker.
            let (qos, hex) = self.before.unwrap_or((self.qos, self.hex));
            cx.shared.recovery.answered(&self.filter);
            cx.shared.subscriptions.grant(&self.filter, qos, hex);
            return Step::Done(Ok(Outcome::Granted(qos)));
        }
        self.withdraw(cx);
        if refusal.may_mean_no_connection() && self.looks < MOST_LOOKS && cx.shared.doubt() {
            self.looks += 1;
            self.stage = Stage::Pausing;
            return Step::Wait(Some(cx.now + LOOK_PAUSE));
        }
        let code = cx.shared.refused(&refusal, ErrorCode::Subscribe);
        Step::fail(refusal.error(code, &self.wire.name, &cx.shared.profile))
    }

    /// An earlier unsubscription was not answered: the module still has the filter, which the broker
    /// perhaps has not, and would never ask the broker for it again.
    fn clear(&mut self, cx: &mut Context<'_>) -> Step {
        if self.cleared {
            return self.fail(
                cx,
                "the module lists it and does not ask the broker, which may have ended it; \
                 disconnect and connect again",
            );
        }
        self.cleared = true;
        self.stage = Stage::Clearing;
        cx.shared
            .acks
            .register(cx.id, AckKind::Unsubscribe, Some(&self.filter));
        Step::send(cx.shared.acknowledged_wire(&Command::MqttUnsub(MqttUnsub {
            filter: self.filter.clone(),
        })))
    }

    /// What was in the module's table is gone from it, or not.
    fn on_clearing(&mut self, cx: &mut Context<'_>, input: &Input<'_>) -> Step {
        match input {
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) => {
                Step::Wait(Some(cx.now + cx.shared.ack_wait()))
            }
            Input::Notice(Notice::Acknowledged { .. }) => {
                cx.shared.subscriptions.remove(&self.filter);
                Step::Again
            }
            Input::Answer(Answer::Refused(_), _) => {
                cx.shared.acks.withdraw(cx.id);
                self.clear(cx)
            }
            Input::Answer(Answer::TimedOut(_), _)
            | Input::Notice(Notice::AckLate)
            | Input::Timer => self.clear(cx),
            Input::Start | Input::Notice(_) => Step::Stay,
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

    fn silent(&self, cx: &mut Context<'_>, listed: Option<bool>) -> Step {
        if listed == Some(true) {
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
        self.wire.timeout + shared.ack_wait() * 2 + shared.config.command_timeout * 4
    }

    fn while_recovering(&self) -> WhileRecovering {
        WhileRecovering::Waits
    }

    fn restart(&mut self, cx: &mut Context<'_>) {
        self.stage = Stage::Asking;
        self.code = None;
        self.late = false;
        self.looks = 0;
        self.cleared = false;
        self.withdraw(cx);
    }

    /// What was asked for is not what the broker has, or nobody knows.
    fn given_up(&mut self, cx: &mut Context<'_>) {
        if matches!(self.stage, Stage::Refused | Stage::Pausing) {
            self.withdraw(cx);
        } else if self.before.is_some() {
            cx.shared.subscriptions.doubt(&self.filter);
        }
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start if !cx.shared.machine.may_be_connected() => {
                Step::fail(cx.shared.not_connected(&self.title()))
            }
            Input::Start => self.start(cx),
            input if self.stage == Stage::Clearing && !input.is_disconnection() => {
                self.on_clearing(cx, &input)
            }
            Input::Answer(answer, _) if self.stage == Stage::Checking => {
                self.silent(cx, table::lists(&answer, &self.filter))
            }
            Input::Answer(answer, _) if self.stage == Stage::Refused => {
                self.refused(cx, table::lists(&answer, &self.filter))
            }
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
            Input::Timer if self.stage == Stage::Pausing => Step::Again,
            Input::Timer => self.check(cx),
            Input::Notice(Notice::Disconnected) => {
                self.withdraw(cx);
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
