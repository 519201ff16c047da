//! Subscribing again after the module has reconnected by itself, for then its own table is empty
//! (dialect rule 9).

use std::collections::VecDeque;
use std::time::Duration;

use m531x_at::command::{Command, MqttSub, QoS};

use super::{Context, Input, Notice, Operation, Scope, Step};
use crate::EventKind;
use crate::session::acks::AckKind;
use crate::session::shared::Shared;
use crate::session::subscriptions::Subscription;
use crate::session::wire::Answer;

/// "Already subscribed" of firmware that has kept its table.
pub(super) const ALREADY_SUBSCRIBED: u16 = 606;
/// A subscription that is wanted is asked for so often before it is given up.
const MOST_ASKED: u32 = 3;

/// One subscription after the other; each tells its end with an event.
pub(in crate::session) struct Resubscribe {
    left: VecDeque<Subscription>,
    /// How often the first of them was asked for and not answered.
    unanswered: u32,
    accepted: bool,
    code: Option<u8>,
}

impl Resubscribe {
    /// Makes all live subscriptions again.
    pub(in crate::session) fn new(shared: &Shared) -> Self {
        Self::of(shared.subscriptions.live().cloned().collect())
    }

    /// Makes these subscriptions again.
    pub(in crate::session) fn of(subscriptions: Vec<Subscription>) -> Self {
        Self {
            left: subscriptions.into(),
            unanswered: 0,
            accepted: false,
            code: None,
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Step {
        self.accepted = false;
        self.code = None;
        // The application may have ended some meanwhile.
        let wanted = |s: &Subscription| cx.shared.subscriptions.wants(&s.filter);
        while self.left.front().is_some_and(|s| !wanted(s)) {
            self.left.pop_front();
        }
        let Some(subscription) = self.left.front() else {
            return Step::done();
        };
        let Subscription {
            filter, qos, hex, ..
        } = subscription;
        cx.shared.subscriptions.ask(filter, *qos, *hex);
        cx.shared
            .acks
            .register(cx.id, AckKind::Subscribe, Some(filter));
        // Firmware prints nothing for a subscription that was granted at a lower QoS (dialect rule
        // 6): none is lower than this one.
        let last = self.unanswered + 1 == MOST_ASKED;
        Step::send(cx.shared.acknowledged_wire(&Command::MqttSub(MqttSub {
            filter: subscription.filter.clone(),
            qos: if last {
                QoS::AtMostOnce
            } else {
                subscription.qos
            },
            hex: subscription.hex,
        })))
    }

    /// The broker's answer did not come, or nobody's.
    fn missed(&mut self, cx: &mut Context<'_>) -> Step {
        self.unanswered += 1;
        if cx.shared.recovery.is_wanted() && self.unanswered < MOST_ASKED {
            cx.shared.acks.expire(cx.now, cx.id, false);
            return self.next(cx);
        }
        self.ended(cx, None)
    }

    fn ended(&mut self, cx: &mut Context<'_>, granted: Option<QoS>) -> Step {
        self.unanswered = 0;
        if let Some(subscription) = self.left.pop_front() {
            if granted.is_some() {
                let Subscription {
                    filter, qos, hex, ..
                } = &subscription;
                cx.shared.subscriptions.grant(filter, *qos, *hex);
            } else {
                cx.shared.acks.expire(cx.now, cx.id, false);
                cx.shared.subscriptions.remove(&subscription.filter);
            }
            let value = granted.map_or(-1, |qos| i64::from(u8::from(qos)));
            cx.shared
                .event(EventKind::Resubscribed, value, subscription.filter);
        }
        self.next(cx)
    }

    fn granted(&mut self, cx: &mut Context<'_>, code: u8) -> Step {
        self.ended(cx, QoS::try_from(code).ok())
    }
}

impl Operation for Resubscribe {
    fn title(&self) -> String {
        "subscribing again".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, shared: &Shared) -> Duration {
        let each = shared.config.command_timeout + shared.ack_wait() * 2;
        each * u32::try_from(self.left.len())
            .unwrap_or(u32::MAX)
            .clamp(1, 1000)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => self.next(cx),
            Input::Answer(Answer::Refused(refusal), _) => {
                cx.shared.acks.withdraw(cx.id);
                let kept = self.left.front().map(|s| s.qos);
                let already = refusal.number() == Some(ALREADY_SUBSCRIBED);
                self.ended(cx, kept.filter(|_| already))
            }
            Input::Answer(answer, _) => match (self.code, answer) {
                (Some(code), _) => self.granted(cx, code),
                (None, Answer::TimedOut(_)) => self.missed(cx),
                (None, _) => {
                    self.accepted = true;
                    Step::Wait(Some(cx.now + cx.shared.ack_wait()))
                }
            },
            Input::Notice(Notice::Granted { code }) if self.accepted => self.granted(cx, *code),
            Input::Notice(Notice::Granted { code }) => {
                self.code = Some(*code);
                Step::Stay
            }
            Input::Notice(Notice::AckLate) if self.accepted => self.missed(cx),
            Input::Timer => self.missed(cx),
            Input::Notice(Notice::Disconnected) => Step::done(),
            Input::Notice(_) => Step::Stay,
        }
    }
}
