//! Subscribing again after the module has reconnected by itself, for then its own table is empty
//! (dialect rule 9).

use std::collections::VecDeque;
use std::time::Duration;

use m531x_at::command::{Command, MqttSub, QoS};

use super::table::{self, ALREADY_SUBSCRIBED, LOOK_PAUSE};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step};
use crate::session::packet_ids::AckKind;
use crate::session::prepared_command::{Answer, Refusal};
use crate::session::recovery::Cause;
use crate::session::state::SessionState;
use crate::session::subscriptions::Subscription;
use crate::{Error, ErrorCode, EventKind};

/// A connection on which a subscription was asked for so often without an answer is made again.
const SUSPICIOUS: u32 = 3;
/// Not answered on so many connections in a row, it is the subscription and not the connection.
const MOST_CONNECTIONS: u32 = 2;

/// What the event says of a subscription that the broker or the module refused.
const REFUSED: i64 = -1;
/// What the event says of one without an answer, or that the module refuses for now.
const UNANSWERED: i64 = -2;
/// What the event says of one that cost the connection each time it was asked for.
const COSTLY: i64 = -3;

/// One subscription after the other; each reports its end with an event.
pub(in crate::session) struct Resubscribe {
    left: VecDeque<Subscription>,
    /// How often the first of them was asked for and not answered.
    unanswered: u32,
    /// How often the module has refused it for now.
    refused: u32,
    accepted: bool,
    code: Option<u8>,
    /// What the module refused with, while its table is looked at.
    refusal: Option<Refusal>,
    pausing: bool,
    /// The first of them has been asked for on this connection.
    asked: bool,
}

impl Resubscribe {
    /// Makes these subscriptions again.
    pub(in crate::session) fn of(subscriptions: Vec<Subscription>) -> Self {
        Self {
            left: subscriptions.into(),
            unanswered: 0,
            refused: 0,
            accepted: false,
            code: None,
            refusal: None,
            pausing: false,
            asked: false,
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Step {
        self.accepted = false;
        self.code = None;
        self.pausing = false;
        // The application may have ended some meanwhile.
        let wanted = |s: &Subscription| cx.state.subscriptions.wants(&s.filter);
        while self.left.front().is_some_and(|s| !wanted(s)) {
            self.left.pop_front();
            self.unanswered = 0;
            self.refused = 0;
        }
        let Some(subscription) = self.left.front() else {
            return Step::done();
        };
        let Subscription {
            filter, qos, hex, ..
        } = subscription;
        if cx.state.recovery.is_too_costly(filter) {
            return self.give_up(cx, COSTLY);
        }
        self.asked = true;
        cx.state.subscriptions.ask(filter, *qos, *hex);
        cx.state
            .packet_ids
            .register(cx.id, AckKind::Subscribe, Some(filter));
        Step::send(cx.state.prepare_acknowledged(&Command::MqttSub(MqttSub {
            filter: filter.clone(),
            qos: *qos,
            hex: *hex,
        })))
    }

    /// The broker's answer did not come, or none at all.
    ///
    /// Never is a lower QoS tried instead: in a network that is cut, what was sent arrives later,
    /// and from then on the broker would keep nothing for this session.
    fn missed(&mut self, cx: &mut Context<'_>) -> Step {
        cx.state.packet_ids.expire(cx.now, cx.id, false);
        if !cx.state.recovery.is_wanted() {
            return self.refused(cx);
        }
        let Some(Subscription {
            filter, qos, hex, ..
        }) = self.left.front()
        else {
            return Step::done();
        };
        self.unanswered += 1;
        let before = cx.state.recovery.unanswered(filter);
        if before < MOST_CONNECTIONS && self.unanswered < SUSPICIOUS {
            return self.next(cx);
        }
        if cx.state.recovery.count_unanswered(filter) < MOST_CONNECTIONS {
            let why = format!("subscribing to {filter:?} again: {SUSPICIOUS} times no answer");
            cx.state.connection_lost(Cause::Unacknowledged, &why);
            return Step::fail(Error::new(ErrorCode::Subscribe, why));
        }
        // Firmware says nothing of a grant at a lower QoS (dialect rule 6), so it may well be there.
        cx.state.subscriptions.grant(filter, *qos, *hex);
        self.ended(cx, UNANSWERED)
    }

    fn granted(&mut self, cx: &mut Context<'_>, code: u8) -> Step {
        let (Some(subscription), Ok(granted)) = (self.left.front(), QoS::try_from(code)) else {
            return self.refused(cx);
        };
        let Subscription {
            filter, qos, hex, ..
        } = subscription;
        cx.state.recovery.answered(filter);
        cx.state.subscriptions.grant(filter, *qos, *hex);
        self.ended(cx, u8::from(granted).into())
    }

    fn on_refused(&mut self, cx: &mut Context<'_>, refusal: Refusal) -> Step {
        cx.state.packet_ids.withdraw(cx.id);
        let question = table::question(&refusal, cx.state);
        self.refusal = Some(refusal);
        match question {
            Some(prepared) => Step::Send(prepared),
            None => self.judge(cx, None),
        }
    }

    /// The module refused; `listed` is what its table says, if it says anything.
    fn judge(&mut self, cx: &mut Context<'_>, listed: Option<bool>) -> Step {
        let (Some(refusal), Some(kept)) = (self.refusal.take(), self.left.front()) else {
            return Step::Pending;
        };
        let already = listed.is_none() && refusal.number() == Some(ALREADY_SUBSCRIBED);
        if already || listed == Some(true) {
            return self.granted(cx, kept.qos.into());
        }
        if !refusal.may_mean_not_yet() {
            return self.refused(cx);
        }
        if refusal.may_mean_no_connection() && listed.is_none() {
            return self.missed(cx);
        }
        self.refused += 1;
        if self.refused < SUSPICIOUS {
            self.pausing = true;
            return Step::Wait(Some(cx.now + LOOK_PAUSE));
        }
        // Another connection would change nothing, and one some day may.
        let Subscription {
            filter, qos, hex, ..
        } = kept;
        cx.state.subscriptions.grant(filter, *qos, *hex);
        self.ended(cx, UNANSWERED)
    }

    fn refused(&mut self, cx: &mut Context<'_>) -> Step {
        cx.state.packet_ids.expire(cx.now, cx.id, false);
        self.give_up(cx, REFUSED)
    }

    /// It is no longer subscribed, and not asked for again.
    fn give_up(&mut self, cx: &mut Context<'_>, value: i64) -> Step {
        if let Some(subscription) = self.left.front() {
            cx.state.recovery.answered(&subscription.filter);
            cx.state.subscriptions.remove(&subscription.filter);
        }
        self.ended(cx, value)
    }

    /// The connection was lost, perhaps because of what was asked for last: a broker has no other way
    /// to refuse a filter to some clients than to close.
    pub(super) fn lost(&mut self, cx: &mut Context<'_>) {
        let asked = std::mem::take(&mut self.asked);
        if let Some(subscription) = self.left.front().filter(|_| asked) {
            cx.state.recovery.count_loss(&subscription.filter);
        }
    }

    fn ended(&mut self, cx: &mut Context<'_>, value: i64) -> Step {
        self.unanswered = 0;
        self.refused = 0;
        self.asked = false;
        if let Some(subscription) = self.left.pop_front() {
            cx.state
                .event(EventKind::Resubscribed, value, subscription.filter);
        }
        self.next(cx)
    }
}

impl Procedure for Resubscribe {
    fn title(&self) -> String {
        "subscribing again".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        let count = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        time_limit(state, count)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => self.next(cx),
            Input::Answer(answer, _) if self.refusal.is_some() => {
                let filter = self.left.front().map(|kept| kept.filter.as_str());
                let listed = table::lists(&answer, filter.unwrap_or_default());
                self.judge(cx, listed)
            }
            Input::Answer(Answer::Refused(refusal), _) => self.on_refused(cx, refusal),
            Input::Answer(answer, _) => match (self.code, answer) {
                (Some(code), _) => self.granted(cx, code),
                (None, Answer::TimedOut(_)) => self.missed(cx),
                (None, _) => {
                    self.accepted = true;
                    Step::Wait(Some(cx.now + cx.state.ack_wait()))
                }
            },
            Input::BrokerEvent(BrokerEvent::Granted { code }) if self.accepted => {
                self.granted(cx, *code)
            }
            Input::BrokerEvent(BrokerEvent::Granted { code }) => {
                self.code = Some(*code);
                Step::Pending
            }
            Input::BrokerEvent(BrokerEvent::AckLate) if self.accepted => self.missed(cx),
            Input::Timer if self.pausing => self.next(cx),
            Input::Timer => self.missed(cx),
            Input::BrokerEvent(BrokerEvent::Disconnected | BrokerEvent::Attempt(_)) => {
                self.lost(cx);
                Step::done()
            }
            Input::BrokerEvent(_) => Step::Pending,
        }
    }
}

/// How long so many subscriptions can take.
pub(super) fn time_limit(state: &SessionState, subscriptions: u32) -> Duration {
    let each = state.config.command_timeout * 2 + state.ack_wait() * 2;
    each * SUSPICIOUS * subscriptions.clamp(1, 1000)
}
