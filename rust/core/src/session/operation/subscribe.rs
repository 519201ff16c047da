//! Subscribing: `AT+MQTTSUB` (manual 1.4).

use std::time::Duration;

use m531x_at::command::{Command, MqttSub, MqttUnsub, QoS};

use super::raw_command::refuse_confusing_list;
use super::table::{self, ALREADY_SUBSCRIBED, LOOK_PAUSE, MOST_LOOKS};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step, WhileRecovering};
use crate::session::Outcome;
use crate::session::packet_ids::AckKind;
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// Done when the broker has granted the subscription, perhaps at a lower QoS.
pub(super) struct Subscribe {
    filter: String,
    qos: QoS,
    hex: bool,
    prepared: PreparedCommand,
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
    pub(super) fn new(
        filter: String,
        qos: QoS,
        hex: bool,
        state: &SessionState,
    ) -> Result<Self, Error> {
        let command = Command::MqttSub(MqttSub {
            filter: filter.clone(),
            qos,
            hex,
        });
        Ok(Self {
            prepared: state.prepare_acknowledged(&command)?,
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
        let subscriptions = &mut cx.state.subscriptions;
        let mut live = subscriptions.live();
        self.before = live
            .find(|s| s.filter == self.filter)
            .map(|s| (s.qos, s.hex));
        drop(live);
        // Retained messages can come before the broker's answer.
        subscriptions.ask(&self.filter, self.qos, self.hex);
        cx.state
            .packet_ids
            .register(cx.id, AckKind::Subscribe, Some(&self.filter));
        Step::Send(self.prepared.clone())
    }

    /// It is not there after all, and what there was before still is.
    fn withdraw(&self, cx: &mut Context<'_>) {
        let subscriptions = &mut cx.state.subscriptions;
        subscriptions.withdraw(&self.filter);
        if let Some((qos, hex)) = self.before {
            if subscriptions.is_granted(&self.filter) {
                subscriptions.ask(&self.filter, qos, hex);
            }
        }
    }

    fn granted(&self, cx: &mut Context<'_>, code: u8) -> Step {
        cx.state.recovery.answered(&self.filter);
        if let Ok(qos) = QoS::try_from(code) {
            let subscriptions = &mut cx.state.subscriptions;
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

    fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        answer: Answer,
        prepared: &PreparedCommand,
    ) -> Step {
        match (answer, self.code) {
            (Answer::Refused(refusal), _) => {
                cx.state.packet_ids.withdraw(cx.id);
                self.on_refused(cx, refusal)
            }
            (_, Some(code)) => self.granted(cx, code),
            (Answer::TimedOut(waited), None) => {
                self.withdraw(cx);
                Step::fail(prepared.timed_out(waited))
            }
            (Answer::Ok(_) | Answer::Hidden, None) if self.late => self.check(cx),
            (Answer::Ok(_) | Answer::Hidden, None) => {
                self.stage = Stage::Waiting;
                Step::Wait(Some(cx.now + cx.state.ack_wait()))
            }
        }
    }

    fn on_refused(&mut self, cx: &mut Context<'_>, refusal: Refusal) -> Step {
        let question = table::question(&refusal, cx.state);
        self.refusal = Some(refusal);
        match question {
            Some(prepared) => {
                self.stage = Stage::Refused;
                Step::Send(prepared)
            }
            None => self.refused(cx, None),
        }
    }

    /// The module refused; `listed` is what its table says, if it says anything.
    fn refused(&mut self, cx: &mut Context<'_>, listed: Option<bool>) -> Step {
        let Some(refusal) = self.refusal.take() else {
            return Step::Pending;
        };
        let already = listed.is_none() && refusal.number() == Some(ALREADY_SUBSCRIBED);
        if already || listed == Some(true) {
            if cx.state.subscriptions.is_unsure(&self.filter) {
                return self.clear(cx);
            }
            // At the QoS of before: nothing went to the broker.
            let (qos, hex) = self.before.unwrap_or((self.qos, self.hex));
            cx.state.recovery.answered(&self.filter);
            cx.state.subscriptions.grant(&self.filter, qos, hex);
            return Step::Done(Ok(Outcome::Granted(qos)));
        }
        self.withdraw(cx);
        if refusal.may_mean_no_connection() && self.looks < MOST_LOOKS && cx.state.query_state() {
            self.looks += 1;
            self.stage = Stage::Pausing;
            return Step::Wait(Some(cx.now + LOOK_PAUSE));
        }
        let code = cx.state.refused(&refusal, ErrorCode::Subscribe);
        Step::fail(refusal.error(code, &self.prepared.name, &cx.state.profile))
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
        cx.state
            .packet_ids
            .register(cx.id, AckKind::Unsubscribe, Some(&self.filter));
        Step::send(
            cx.state
                .prepare_acknowledged(&Command::MqttUnsub(MqttUnsub {
                    filter: self.filter.clone(),
                })),
        )
    }

    /// What was in the module's table is gone from it, or not.
    fn on_clearing(&mut self, cx: &mut Context<'_>, input: &Input<'_>) -> Step {
        match input {
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) => {
                Step::Wait(Some(cx.now + cx.state.ack_wait()))
            }
            Input::BrokerEvent(BrokerEvent::Acknowledged { .. }) => {
                cx.state.subscriptions.remove(&self.filter);
                Step::Retry
            }
            Input::Answer(Answer::Refused(_), _) => {
                cx.state.packet_ids.withdraw(cx.id);
                self.clear(cx)
            }
            Input::Answer(Answer::TimedOut(_), _)
            | Input::BrokerEvent(BrokerEvent::AckLate)
            | Input::Timer => self.clear(cx),
            Input::Start | Input::BrokerEvent(_) => Step::Pending,
        }
    }

    /// Firmware prints nothing for a subscription that was refused or granted at a lower QoS
    /// (dialect rule 6), so the module's own table is looked at.
    fn check(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Checking;
        if refuse_confusing_list(cx.state).is_err() {
            return self.silent(cx, None);
        }
        Step::send(cx.state.prepare(&Command::MqttSubRead))
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

impl Procedure for Subscribe {
    fn title(&self) -> String {
        format!("subscribe to {:?}", self.filter)
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        self.prepared.timeout + state.ack_wait() * 2 + state.config.command_timeout * 4
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

    /// A subscription that there was before goes on: the broker has it at the QoS of before unless the module
    /// has accepted this one.
    fn given_up(&mut self, cx: &mut Context<'_>) {
        let refused = matches!(self.stage, Stage::Refused | Stage::Pausing);
        if refused || self.stage == Stage::Asking && self.before.is_some() {
            self.withdraw(cx);
        }
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start if !cx.state.connection.may_be_connected() => {
                Step::fail(cx.state.not_connected(&self.title()))
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
            Input::Answer(answer, prepared) => self.on_answer(cx, answer, prepared),
            Input::BrokerEvent(BrokerEvent::Granted { code }) if self.stage == Stage::Asking => {
                self.code = Some(*code);
                Step::Pending
            }
            Input::BrokerEvent(BrokerEvent::Granted { code }) => self.granted(cx, *code),
            Input::BrokerEvent(BrokerEvent::AckLate) if self.stage == Stage::Asking => {
                self.late = true;
                Step::Pending
            }
            Input::BrokerEvent(BrokerEvent::AckLate) if self.stage == Stage::Waiting => {
                self.check(cx)
            }
            Input::Timer if self.stage == Stage::Pausing => Step::Retry,
            Input::Timer => self.check(cx),
            Input::BrokerEvent(BrokerEvent::Disconnected) => {
                self.withdraw(cx);
                Step::fail(Error::new(
                    ErrorCode::NotConnected,
                    format!(
                        "{}: the connection was lost before it was granted",
                        self.title()
                    ),
                ))
            }
            Input::BrokerEvent(_) => Step::Pending,
        }
    }
}
