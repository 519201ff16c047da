//! A check of a connection that looks alive: a message that has to come back.

use std::time::{Duration, Instant};

use m531x_at::command::{Command, MqttPub, MqttSub, QoS};

use super::table::{self, ALREADY_SUBSCRIBED};
use super::{BrokerEvent, Context, Input, Procedure, Scope, Step};
use crate::session::packet_ids::AckKind;
use crate::session::prepared_command::{Answer, seconds};
use crate::session::recovery::Cause;
use crate::session::state::SessionState;
use crate::{Error, EventKind};

/// Subscribes if that is not done yet, publishes, and waits.
pub(in crate::session) struct HealthCheck {
    stage: Stage,
    began: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The broker's answer can come before the OK.
    Subscribing {
        accepted: bool,
        code: Option<u8>,
    },
    /// The module refused the subscription: does it have it already?
    Looking,
    Publishing {
        returned: bool,
    },
    Waiting,
}

impl HealthCheck {
    pub(in crate::session) fn new() -> Self {
        Self {
            stage: Stage::Publishing { returned: false },
            began: None,
        }
    }

    fn start(&mut self, cx: &mut Context<'_>) -> Step {
        if cx.state.recovery.is_active() || !cx.state.is_connected() {
            return Step::done();
        }
        self.began = Some(cx.now);
        cx.state.stats.health_checks += 1;
        let filter = cx.state.recovery.health.topic().to_owned();
        if cx.state.subscriptions.is_granted(&filter) {
            return self.publish(cx);
        }
        cx.state.subscriptions.ask_unlisted(&filter);
        cx.state
            .packet_ids
            .register(cx.id, AckKind::Subscribe, Some(&filter));
        self.stage = Stage::Subscribing {
            accepted: false,
            code: None,
        };
        Step::send(cx.state.prepare_acknowledged(&Command::MqttSub(MqttSub {
            filter,
            qos: QoS::AtMostOnce,
            hex: false,
        })))
    }

    fn granted(&mut self, cx: &mut Context<'_>, code: u8) -> Step {
        let topic = cx.state.recovery.health.topic().to_owned();
        if QoS::try_from(code).is_ok() {
            cx.state.subscriptions.grant_as_it_is(&topic);
            return self.publish(cx);
        }
        cx.state.subscriptions.withdraw(&topic);
        cx.state.recovery.health.turn_off();
        let text = format!(
            "the broker refuses the subscription to {topic:?}: no health check on this connection"
        );
        cx.state.event(EventKind::HealthCheck, -1, text);
        Step::done()
    }

    /// QoS 0 is enough, and costs the least: a miss is tried again anyway.
    fn publish(&mut self, cx: &mut Context<'_>) -> Step {
        self.stage = Stage::Publishing { returned: false };
        let health = &mut cx.state.recovery.health;
        let payload = health.next_payload().as_bytes().to_vec();
        let command = Command::MqttPub(MqttPub {
            topic: health.topic().to_owned(),
            qos: QoS::AtMostOnce,
            retain: false,
            payload,
        });
        Step::send(cx.state.prepare(&command))
    }

    fn succeed(cx: &mut Context<'_>) -> Step {
        cx.state.recovery.health.succeed();
        Step::done()
    }

    fn miss(&mut self, cx: &mut Context<'_>, why: &str) -> Step {
        if cx.state.recovery.is_active() || !cx.state.recovery.is_wanted() {
            return Step::done();
        }
        let began = self.began.unwrap_or(cx.now);
        let (misses, useless) = cx.state.recovery.health.miss(cx.now, began);
        let hint = if cx.state.recovery.health.is_proven() {
            String::new()
        } else {
            let topic = cx.state.recovery.health.topic();
            format!("; none has come back yet: does the broker allow {topic:?} both ways?")
        };
        let text = format!("{why}{hint}");
        cx.state
            .event(EventKind::HealthCheck, i64::from(misses), text);
        if useless {
            let why = format!("{misses} health checks in a row: {why}");
            cx.state.connection_lost(Cause::Unhealthy, &why);
        }
        Step::done()
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, answer: Answer) -> Step {
        if let Answer::TimedOut(_) = answer {
            return self.miss(cx, "the module did not answer in time");
        }
        match (self.stage, answer) {
            (Stage::Subscribing { .. }, Answer::Refused(refusal)) => {
                cx.state.packet_ids.withdraw(cx.id);
                if refusal.number() == Some(ALREADY_SUBSCRIBED) {
                    return self.granted(cx, 0);
                }
                match table::question(&refusal, cx.state) {
                    Some(prepared) => {
                        self.stage = Stage::Looking;
                        Step::Send(prepared)
                    }
                    None => self.refused(cx, "the module refuses the subscription"),
                }
            }
            (Stage::Looking, answer) => {
                let topic = cx.state.recovery.health.topic().to_owned();
                if table::lists(&answer, &topic) == Some(true) {
                    return self.granted(cx, 0);
                }
                self.refused(cx, "the module refuses the subscription")
            }
            (
                Stage::Subscribing {
                    code: Some(code), ..
                },
                _,
            ) => self.granted(cx, code),
            (Stage::Subscribing { .. }, _) => {
                self.stage = Stage::Subscribing {
                    accepted: true,
                    code: None,
                };
                Step::Wait(Some(cx.now + cx.state.recovery.health.timeout()))
            }
            (Stage::Publishing { .. }, Answer::Refused(_)) => {
                self.refused(cx, "the module refuses to publish")
            }
            (Stage::Publishing { returned: true }, _) => Self::succeed(cx),
            (Stage::Publishing { .. } | Stage::Waiting, _) => {
                self.stage = Stage::Waiting;
                Step::Wait(Some(cx.now + cx.state.recovery.health.timeout()))
            }
        }
    }

    /// Perhaps because it has no connection, which it reports when it is asked.
    fn refused(&mut self, cx: &mut Context<'_>, why: &str) -> Step {
        cx.state.query_state();
        self.miss(cx, why)
    }
}

impl Procedure for HealthCheck {
    fn title(&self) -> String {
        "the health check".to_owned()
    }

    fn scope(&self) -> Scope {
        Scope::Mqtt
    }

    fn time_limit(&self, state: &SessionState) -> Duration {
        state.ack_wait() + state.config.command_timeout * 3 + state.recovery.health.timeout() * 2
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match (input, self.stage) {
            (Input::Start, _) => self.start(cx),
            (Input::Answer(answer, _), _) => self.on_answer(cx, answer),
            (Input::BrokerEvent(BrokerEvent::Disconnected | BrokerEvent::Attempt(_)), _) => {
                Step::done()
            }
            (Input::BrokerEvent(BrokerEvent::CameBack), Stage::Publishing { .. }) => {
                self.stage = Stage::Publishing { returned: true };
                Step::Pending
            }
            (Input::BrokerEvent(BrokerEvent::CameBack), Stage::Waiting) => Self::succeed(cx),
            (
                Input::BrokerEvent(BrokerEvent::Granted { code }),
                Stage::Subscribing { accepted, .. },
            ) => {
                if accepted {
                    return self.granted(cx, *code);
                }
                self.stage = Stage::Subscribing {
                    accepted,
                    code: Some(*code),
                };
                Step::Pending
            }
            (
                Input::BrokerEvent(BrokerEvent::AckLate),
                Stage::Subscribing { accepted: true, .. },
            )
            | (Input::Timer, Stage::Subscribing { .. }) => {
                self.miss(cx, "the broker does not answer the subscription")
            }
            (Input::Timer, _) => {
                let waited = seconds(cx.state.recovery.health.timeout());
                self.miss(
                    cx,
                    &format!("the message did not come back within {waited}"),
                )
            }
            (Input::BrokerEvent(_), _) => Step::Pending,
        }
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Error {
        let error = super::not_done(&self.title(), cx);
        self.miss(cx, "it was not done in time");
        error
    }
}
