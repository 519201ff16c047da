//! A command line of the user's own.

use std::time::Duration;

use m531x_at::command::{Command, QoS, time_limit};
use m531x_at::response::FinalResult;

use super::{Context, Input, Operation, Scope, Step, lines_of};
use crate::session::Outcome;
use crate::session::options::LONGEST;
use crate::session::packet_ids::AckKind;
use crate::session::shared::Shared;
use crate::session::wire::{Answer, Wire};
use crate::{Error, ErrorCode};

pub(super) struct RawCommand {
    wire: Wire,
    /// What it means, if it is one of the dialect's.
    command: Option<Command>,
}

impl RawCommand {
    /// `timeout` is the caller's own, which may be longer than that of other commands.
    pub(super) fn new(
        line: &str,
        timeout: Option<Duration>,
        shared: &Shared,
    ) -> Result<Self, Error> {
        let usual = shared.config.command_timeout;
        let timeout = timeout.map_or_else(
            || time_limit(line).map_or(usual, |slow| slow.max(usual)),
            |time| time.min(LONGEST),
        );
        let wire = Wire::raw(line, &shared.profile, timeout)?;
        let command = Command::decode(wire.line.as_bytes()).ok();
        Ok(Self { wire, command })
    }
}

impl Operation for RawCommand {
    fn title(&self) -> String {
        self.wire.name.clone()
    }

    fn scope(&self) -> Scope {
        match self.command {
            None | Some(Command::General(_)) => Scope::General,
            Some(_) => Scope::Mqtt,
        }
    }

    fn time_limit(&self, _: &Shared) -> Duration {
        self.wire.timeout + Duration::from_secs(1)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => {
                if let Err(error) = self.before(cx.shared) {
                    return Step::fail(error);
                }
                if let Some(kind) = self.takes_packet_id() {
                    cx.shared.acks.register_typed(cx.id, kind);
                }
                Step::Send(self.wire.clone())
            }
            Input::Answer(answer, wire) => {
                if matches!(answer, Answer::Refused(_)) {
                    cx.shared.acks.withdraw(cx.id);
                }
                self.after(cx.shared, &answer);
                Step::Done(lines_of(answer, wire, cx.shared).map(Outcome::Lines))
            }
            Input::Notice(_) | Input::Timer => Step::Stay,
        }
    }
}

impl RawCommand {
    /// Whether the module counts it among what has packet ids.
    fn takes_packet_id(&self) -> Option<AckKind> {
        match &self.command {
            Some(Command::MqttSub(_)) => Some(AckKind::Subscribe),
            Some(Command::MqttUnsub(_)) => Some(AckKind::Unsubscribe),
            Some(Command::MqttPub(publish)) => Some(match publish.qos {
                QoS::AtMostOnce => AckKind::Publish0,
                QoS::AtLeastOnce => AckKind::Publish1,
                QoS::ExactlyOnce => AckKind::Publish2,
            }),
            _ => None,
        }
    }

    fn before(&self, shared: &mut Shared) -> Result<(), Error> {
        if let Some(
            Command::MqttCfg(_) | Command::MqttOpen(_) | Command::MqttDisc | Command::MqttDel,
        ) = self.command
        {
            // Whoever does this by hand does the rest by hand, too.
            shared.recovery.forget();
        }
        match self.command {
            Some(Command::MqttSubRead) => refuse_confusing_list(shared)?,
            Some(Command::MqttDisc) => shared.machine.on_disconnecting(),
            Some(Command::MqttOpen(_)) => {
                let transition = shared.machine.on_opening();
                shared.report(transition);
            }
            Some(Command::MqttSub(ref sub)) => {
                shared.subscriptions.ask(&sub.filter, sub.qos, sub.hex);
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps what the session knows true to what the module was told.
    fn after(&self, shared: &mut Shared, answer: &Answer) {
        let accepted = matches!(answer, Answer::Ok(_));
        match &self.command {
            Some(Command::MqttCfg(cfg)) if accepted => {
                shared.client_configured(cfg.keepalive, cfg.clean_session);
            }
            Some(Command::MqttDel) if accepted => shared.client_deleted(),
            Some(Command::MqttTo(to)) if accepted => {
                shared.ack_timeout = to.seconds;
                shared.recovery.set_ack_timeout(to.seconds);
            }
            Some(Command::MqttPing(ping)) if accepted => {
                shared.recovery.set_ping_report(ping.report);
            }
            Some(Command::MqttSub(sub)) if accepted => {
                shared.subscriptions.grant(&sub.filter, sub.qos, sub.hex);
            }
            Some(Command::MqttSub(sub)) => shared.subscriptions.withdraw(&sub.filter),
            Some(Command::MqttUnsub(unsub)) if accepted => {
                shared.subscriptions.remove(&unsub.filter);
            }
            Some(Command::MqttDisc) if matches!(answer, Answer::Refused(_)) => {
                shared.machine.on_disconnect_refused();
            }
            Some(Command::MqttOpen(_)) if matches!(answer, Answer::Refused(_)) => {
                let transition = shared.machine.on_refused("the module refused to connect");
                shared.report(transition);
            }
            _ => {}
        }
    }
}

/// `AT+MQTTSUB?` lists the filters raw, so one that reads like a final result would end the answer.
pub(super) fn refuse_confusing_list(shared: &Shared) -> Result<(), Error> {
    match shared
        .subscriptions
        .filters()
        .find(|f| FinalResult::parse(f.as_bytes()).is_some())
    {
        None => Ok(()),
        Some(filter) => Err(Error::new(
            ErrorCode::InvalidArgument,
            format!(
                "AT+MQTTSUB? lists the filter {filter:?}, which reads like a final result; use \
                 subscriptions() instead"
            ),
        )),
    }
}
