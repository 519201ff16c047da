//! Publishing: `AT+MQTTPUB` (manual 1.5).

use std::time::Duration;

use m531x_at::command::{Command, MqttPub, QoS};

use super::table::{LOOK_PAUSE, MOST_LOOKS};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step, WhileRecovering};
use crate::session::packet_ids::AckKind;
use crate::session::prepared_command::{Answer, PreparedCommand, seconds};
use crate::session::recovery::Cause;
use crate::session::state::SessionState;
use crate::session::{Outcome, Receipt};
use crate::{Error, ErrorCode};

/// A connection on which a publish was not acknowledged so often is made again.
const SUSPICIOUS: u32 = 3;
/// Not acknowledged so often, on five connections, a publish has failed.
const MOST_UNANSWERED: u32 = 5 * SUSPICIOUS;

/// So many publishes of QoS 2 may be unfinished: a broker takes 10 or 20 of them at a time, and beyond
/// that mosquitto acknowledges, by MQTT 3.1.1 without a reason, what it does not take.
pub(in crate::session) const MOST_UNRELEASED: usize = 8;

/// Done after OK (QoS 0), PUBACK (QoS 1) or PUBCOMP (QoS 2).
pub(super) struct Publish {
    topic: String,
    qos: QoS,
    prepared: PreparedCommand,
    /// The command, as long as it goes with QoS 2.
    exactly_once: Option<Box<MqttPub>>,
    was_sent: bool,
    accepted: bool,
    /// The acknowledged packet id; it can come before the OK.
    acknowledged: Option<u16>,
    /// How often it was sent and not acknowledged while there seemed to be a connection.
    unanswered: u32,
    /// How often it was refused as if there were no connection, and the module asked.
    looks: u32,
    /// It was refused in a way that may not have been meant for it, and the connection ended.
    hung_up: bool,
    /// It was refused because of a link that may be dead, and is tried again after a pause.
    pausing: bool,
}

impl Publish {
    pub(super) fn new(
        topic: String,
        payload: Vec<u8>,
        qos: QoS,
        retain: bool,
        state: &SessionState,
    ) -> Result<Self, Error> {
        let command = MqttPub {
            topic: topic.clone(),
            qos,
            retain,
            payload,
        };
        let exactly_once = (qos == QoS::ExactlyOnce).then(|| Box::new(command.clone()));
        let command = Command::MqttPub(command);
        Ok(Self {
            exactly_once,
            was_sent: false,
            prepared: state.prepare_acknowledged(&command)?,
            topic,
            qos,
            accepted: false,
            acknowledged: None,
            unanswered: 0,
            looks: 0,
            hung_up: false,
            pausing: false,
        })
    }

    fn kind(&self) -> Option<(AckKind, &'static str)> {
        match self.qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some((AckKind::Publish1, "PUBACK")),
            QoS::ExactlyOnce => Some((AckKind::Publish2, "PUBCOMP")),
        }
    }

    /// The module waits for one acknowledgement at QoS 1, for two at QoS 2.
    fn ack_wait(&self, state: &SessionState) -> Duration {
        state.ack_wait() * u32::from(u8::from(self.qos)).max(1)
    }

    fn receipt(&self, cx: &mut Context<'_>, packet_id: Option<u16>) -> Step {
        cx.state.stats.published += 1;
        Step::Done(Ok(Outcome::Receipt(Receipt {
            packet_id,
            qos: self.qos,
            elapsed: cx.now.saturating_duration_since(cx.begun),
        })))
    }

    fn failed(&self, why: &str) -> Step {
        Step::fail(Error::new(
            ErrorCode::PublishFailed,
            format!(
                "publish to {:?}: {why}; the broker may or may not have it",
                self.topic
            ),
        ))
    }

    /// On a kept session a publish of QoS 2 that was sent before goes with QoS 1 from now on: each
    /// sending that is not finished takes a place at the broker for good, and could be mistaken for
    /// another one.
    fn lower_qos(&mut self, state: &SessionState) {
        let Some(command) = self.exactly_once.take_if(|_| !state.clean_session) else {
            return;
        };
        let command = Command::MqttPub(MqttPub {
            qos: QoS::AtLeastOnce,
            ..*command
        });
        if let Ok(prepared) = state.prepare_acknowledged(&command) {
            self.prepared = prepared;
            self.qos = QoS::AtLeastOnce;
        }
    }

    fn has_no_place(state: &SessionState) -> bool {
        let (unreleased, waiting) = state.packet_ids.unreleased();
        unreleased - waiting >= MOST_UNRELEASED
    }

    fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        answer: Answer,
        prepared: &PreparedCommand,
    ) -> Step {
        match (answer, self.kind()) {
            // With `AT+CMEE=1` a refusal of the module's has a number. Whether it has counted this
            // publish decides whose every later acknowledgement is.
            (Answer::Refused(refusal), Some(_))
                if refusal.is_unnumbered() && !self.hung_up && cx.state.hang_up() =>
            {
                self.hung_up = true;
                cx.state.packet_ids.expire(cx.now, cx.id, false);
                Step::Retry
            }
            (Answer::Refused(refusal), kind)
                if refusal.may_mean_not_yet()
                    && self.looks < MOST_LOOKS
                    && cx.state.query_state() =>
            {
                self.looks += 1;
                cx.state.packet_ids.withdraw(cx.id);
                if kind.is_none() {
                    let error =
                        refusal.error(ErrorCode::Command, &prepared.name, &cx.state.profile);
                    return Step::fail(error);
                }
                if refusal.may_mean_dead_link() || !refusal.may_mean_no_connection() {
                    self.pausing = true;
                    return Step::Wait(Some(cx.now + LOOK_PAUSE));
                }
                Step::Retry
            }
            // The module does not notice what it cannot use.
            (Answer::Refused(refusal), Some(_))
                if refusal.may_mean_dead_link() && !self.hung_up && cx.state.hang_up() =>
            {
                self.hung_up = true;
                cx.state.packet_ids.withdraw(cx.id);
                Step::Retry
            }
            (Answer::Refused(refusal), _) => {
                cx.state.packet_ids.withdraw(cx.id);
                let code = cx.state.refused(&refusal, ErrorCode::Command);
                Step::fail(refusal.error(code, &prepared.name, &cx.state.profile))
            }
            (Answer::Ok(_), None) => self.receipt(cx, None),
            (Answer::Hidden, None) => Step::fail(prepared.result_unknown()),
            // The acknowledgement says more than an OK that was lost.
            (_, Some(_)) if self.acknowledged.is_some() => self.receipt(cx, self.acknowledged),
            (Answer::TimedOut(_), Some(_)) if self.again(cx) => Step::Retry,
            (Answer::TimedOut(waited), _) => Step::fail(prepared.timed_out(waited)),
            (Answer::Ok(_) | Answer::Hidden, Some(_)) => {
                self.accepted = true;
                Step::Wait(Some(cx.now + self.ack_wait(cx.state)))
            }
        }
    }
}

impl Procedure for Publish {
    fn title(&self) -> String {
        format!("publish to {:?}", self.topic)
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        self.prepared.timeout + self.ack_wait(state) + Duration::from_secs(5)
    }

    fn awaits_release(&self) -> bool {
        self.qos == QoS::ExactlyOnce
    }

    fn while_recovering(&self) -> WhileRecovering {
        match self.qos {
            QoS::AtMostOnce => WhileRecovering::Fails,
            QoS::AtLeastOnce | QoS::ExactlyOnce => WhileRecovering::Waits,
        }
    }

    fn restart(&mut self, _: &mut Context<'_>) {
        self.accepted = false;
        self.acknowledged = None;
        self.looks = 0;
        self.pausing = false;
    }

    fn again(&mut self, cx: &mut Context<'_>) -> bool {
        if self.kind().is_none() || !cx.state.recovery.is_wanted() {
            return false;
        }
        self.unanswered += 1;
        if self.unanswered == MOST_UNANSWERED {
            return false;
        }
        if self.unanswered % SUSPICIOUS == 0 {
            let why = format!("{}: {SUSPICIOUS} times no acknowledgement", self.title());
            cx.state.connection_lost(Cause::Unacknowledged, &why);
        }
        self.restart(cx);
        true
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        let error = super::not_done(&self.title(), cx);
        let sent = if self.was_sent {
            "the broker may have it, or still get it"
        } else {
            "it was not sent"
        };
        Error::new(error.code(), format!("{error}; {sent}"))
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start
                if !cx.state.connection.may_be_connected() || cx.state.recovery.is_active() =>
            {
                Step::fail(cx.state.not_connected(&self.title()))
            }
            Input::Start => {
                if self.was_sent || Self::has_no_place(cx.state) {
                    self.lower_qos(cx.state);
                }
                self.was_sent = true;
                let kind = self.kind().map_or(AckKind::Publish0, |(kind, _)| kind);
                cx.state.packet_ids.register(cx.id, kind, None);
                Step::Send(self.prepared.clone())
            }
            Input::Answer(answer, prepared) => self.on_answer(cx, answer, prepared),
            Input::BrokerEvent(BrokerEvent::Acknowledged { packet_id }) if self.accepted => {
                self.receipt(cx, Some(*packet_id))
            }
            Input::BrokerEvent(BrokerEvent::Acknowledged { packet_id }) => {
                self.acknowledged = Some(*packet_id);
                Step::Pending
            }
            Input::BrokerEvent(BrokerEvent::MaybeHidden) => {
                self.restart(cx);
                Step::Retry
            }
            Input::Timer if std::mem::take(&mut self.pausing) => Step::Retry,
            Input::BrokerEvent(BrokerEvent::AckLate) | Input::Timer if self.again(cx) => {
                Step::Retry
            }
            Input::BrokerEvent(BrokerEvent::AckLate) => {
                self.failed("the module reports that the acknowledgement is late (+MQTTTO:2)")
            }
            Input::BrokerEvent(BrokerEvent::Disconnected) => Step::fail(Error::new(
                ErrorCode::NotConnected,
                format!(
                    "{}: the connection was lost before it was complete",
                    self.title()
                ),
            )),
            Input::Timer => {
                let (_, name) = self.kind().unwrap_or((AckKind::Publish1, "answer"));
                let waited = seconds(self.ack_wait(cx.state));
                self.failed(&format!("no {name} within {waited}"))
            }
            Input::BrokerEvent(_) => Step::Pending,
        }
    }
}
