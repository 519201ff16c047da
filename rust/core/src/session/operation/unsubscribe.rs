//! Unsubscribing: `AT+MQTTUNSUB` (manual 1.6).

use std::time::Duration;

use m531x_at::command::{Command, MqttUnsub};

use super::table::{self, LOOK_PAUSE, MOST_LOOKS};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step, WhileRecovering};
use crate::session::packet_ids::AckKind;
use crate::session::prepared_command::{Answer, PreparedCommand, Refusal, seconds};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

/// The longest filter that fits the 256 bytes of the vendor's UNSUBSCRIBE packet; a subscription may
/// have a longer one.
const LONGEST_FILTER: usize = 249;

/// Done when the broker has acknowledged.
pub(super) struct Unsubscribe {
    filter: String,
    prepared: PreparedCommand,
    accepted: bool,
    acknowledged: bool,
    /// What the module refused with, while its table is looked at.
    refusal: Option<Refusal>,
    /// How often it was refused as if there were no connection, and the module asked.
    looks: u32,
    pausing: bool,
}

impl Unsubscribe {
    pub(super) fn new(filter: String, state: &SessionState) -> Result<Self, Error> {
        let command = Command::MqttUnsub(MqttUnsub {
            filter: filter.clone(),
        });
        Ok(Self {
            prepared: state.prepare_acknowledged(&command)?,
            filter,
            accepted: false,
            acknowledged: false,
            refusal: None,
            looks: 0,
            pausing: false,
        })
    }

    fn ended(&self, cx: &mut Context<'_>) -> Step {
        cx.state.subscriptions.remove(&self.filter);
        Step::done()
    }

    fn on_refused(&mut self, cx: &mut Context<'_>, refusal: Refusal) -> Step {
        cx.state.packet_ids.withdraw(cx.id);
        cx.state.subscriptions.stay(&self.filter);
        let question = table::question(&refusal, cx.state);
        self.refusal = Some(refusal);
        match question {
            Some(prepared) => Step::Send(prepared),
            None => self.refused(cx, None),
        }
    }

    /// The module refused; `listed` is what its table says, if it says anything.
    fn refused(&mut self, cx: &mut Context<'_>, listed: Option<bool>) -> Step {
        let Some(refusal) = self.refusal.take() else {
            return Step::Pending;
        };
        let unknown = listed == Some(false);
        let looks_again = refusal.may_mean_no_connection() && !unknown && self.looks < MOST_LOOKS;
        if looks_again && cx.state.query_state() {
            self.looks += 1;
            self.pausing = true;
            return Step::Wait(Some(cx.now + LOOK_PAUSE));
        }
        let length = self.filter.len();
        let hint = if unknown {
            // Nothing would end it but the end of the connection, and on the next one it is not wanted.
            cx.state.subscriptions.remove(&self.filter);
            format!(
                "the module does not have {:?}; if the broker still sends, disconnect",
                self.filter
            )
        } else if length > LONGEST_FILTER {
            format!(
                "it takes filters of up to {LONGEST_FILTER} bytes here and this one has {length}: it \
                 stays subscribed until you disconnect or delete the client"
            )
        } else {
            format!("{:?} stays subscribed", self.filter)
        };
        let code = cx.state.refused(&refusal, ErrorCode::Command);
        let error = refusal.error(code, &self.prepared.name, &cx.state.profile);
        Step::fail(error.with_hint(&hint))
    }

    fn fail(&self, cx: &mut Context<'_>, code: ErrorCode, why: &str) -> Step {
        cx.state.subscriptions.leave(&self.filter, false);
        Step::fail(Error::new(code, format!("{}: {why}", self.title())))
    }
}

impl Procedure for Unsubscribe {
    fn title(&self) -> String {
        format!("unsubscribe from {:?}", self.filter)
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        self.prepared.timeout + state.ack_wait() + state.config.command_timeout
    }

    fn while_recovering(&self) -> WhileRecovering {
        WhileRecovering::Waits
    }

    fn restart(&mut self, cx: &mut Context<'_>) {
        cx.state.subscriptions.leave(&self.filter, false);
        self.accepted = false;
        self.acknowledged = false;
        self.refusal = None;
        self.looks = 0;
        self.pausing = false;
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start if !cx.state.connection.may_be_connected() => {
                Step::fail(cx.state.not_connected(&self.title()))
            }
            Input::Start => {
                cx.state.subscriptions.leave(&self.filter, true);
                cx.state
                    .packet_ids
                    .register(cx.id, AckKind::Unsubscribe, Some(&self.filter));
                Step::Send(self.prepared.clone())
            }
            Input::Answer(answer, _) if self.refusal.is_some() => {
                self.refused(cx, table::lists(&answer, &self.filter))
            }
            Input::Answer(Answer::Refused(refusal), _) => self.on_refused(cx, refusal),
            Input::Answer(..) if self.acknowledged => self.ended(cx),
            Input::Answer(Answer::TimedOut(waited), prepared) => {
                cx.state.subscriptions.leave(&self.filter, false);
                Step::fail(prepared.timed_out(waited))
            }
            Input::Answer(Answer::Ok(_) | Answer::Hidden, _) => {
                self.accepted = true;
                Step::Wait(Some(cx.now + cx.state.ack_wait()))
            }
            Input::BrokerEvent(BrokerEvent::Acknowledged { .. }) if self.accepted => self.ended(cx),
            Input::BrokerEvent(BrokerEvent::Acknowledged { .. }) => {
                self.acknowledged = true;
                Step::Pending
            }
            Input::BrokerEvent(BrokerEvent::AckLate) => self.fail(
                cx,
                ErrorCode::Timeout,
                "the module reports that the acknowledgement is late (+MQTTTO:4)",
            ),
            Input::Timer if self.pausing => {
                self.pausing = false;
                Step::Retry
            }
            Input::Timer => {
                let waited = seconds(cx.state.ack_wait());
                self.fail(
                    cx,
                    ErrorCode::Timeout,
                    &format!("no UNSUBACK within {waited}"),
                )
            }
            Input::BrokerEvent(BrokerEvent::Disconnected) => self.fail(
                cx,
                ErrorCode::NotConnected,
                "the connection was lost before the end",
            ),
            Input::BrokerEvent(_) => Step::Pending,
        }
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        cx.state.subscriptions.leave(&self.filter, false);
        let waited = seconds(cx.now.saturating_duration_since(cx.begun));
        let text = format!("{}: not done within {waited}", self.title());
        Error::new(ErrorCode::Timeout, text)
    }
}
