//! A command line of the user's own.

use std::time::Duration;

use m531x_at::command::{Command, QoS, time_limit};
use m531x_at::response::FinalResult;

use super::{Context, Input, Procedure, Scope, Step, lines_of};
use crate::session::Outcome;
use crate::session::options::LONGEST;
use crate::session::packet_ids::AckKind;
use crate::session::prepared_command::{Answer, PreparedCommand};
use crate::session::state::SessionState;
use crate::{Error, ErrorCode};

pub(super) struct RawCommand {
    prepared: PreparedCommand,
    /// What it means, if it is one of the dialect's.
    command: Option<Command>,
}

impl RawCommand {
    /// `timeout` is the caller's own, which may be longer than that of other commands.
    pub(super) fn new(
        line: &str,
        timeout: Option<Duration>,
        state: &SessionState,
    ) -> Result<Self, Error> {
        let usual = state.config.command_timeout;
        let timeout = timeout.map_or_else(
            || time_limit(line).map_or(usual, |slow| slow.max(usual)),
            |time| time.min(LONGEST),
        );
        let prepared = PreparedCommand::raw(line, &state.profile, timeout)?;
        let command = Command::decode(prepared.line.as_bytes()).ok();
        Ok(Self { prepared, command })
    }
}

impl Procedure for RawCommand {
    fn title(&self) -> String {
        self.prepared.name.clone()
    }

    fn scope(&self) -> Scope {
        match self.command {
            None | Some(Command::General(_)) => Scope::General,
            Some(_) => Scope::Mqtt,
        }
    }

    fn time_limit(&self, _: &SessionState) -> Duration {
        self.prepared.timeout + Duration::from_secs(1)
    }

    fn step(&mut self, cx: &mut Context<'_>, input: Input<'_>) -> Step {
        match input {
            Input::Start => {
                if let Err(error) = self.before(cx.state) {
                    return Step::fail(error);
                }
                if let Some(kind) = self.takes_packet_id() {
                    cx.state.packet_ids.register_typed(cx.id, kind);
                }
                Step::Send(self.prepared.clone())
            }
            Input::Answer(answer, prepared) => {
                if matches!(answer, Answer::Refused(_)) {
                    cx.state.packet_ids.withdraw(cx.id);
                }
                self.after(cx.state, &answer);
                Step::Done(lines_of(answer, prepared, cx.state).map(Outcome::Lines))
            }
            Input::BrokerEvent(_) | Input::Timer => Step::Pending,
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

    fn before(&self, state: &mut SessionState) -> Result<(), Error> {
        if let Some(
            Command::MqttCfg(_) | Command::MqttOpen(_) | Command::MqttDisc | Command::MqttDel,
        ) = self.command
        {
            // A program that does this by hand does the rest by hand, too.
            state.recovery.forget();
        }
        match self.command {
            Some(Command::MqttSubRead) => refuse_confusing_list(state)?,
            Some(Command::MqttDisc) => state.connection.on_disconnecting(),
            Some(Command::MqttOpen(_)) => {
                let transition = state.connection.on_opening();
                state.report(transition);
            }
            Some(Command::MqttSub(ref sub)) => {
                state.subscriptions.ask(&sub.filter, sub.qos, sub.hex);
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps the session's state true to what was sent to the module.
    fn after(&self, state: &mut SessionState, answer: &Answer) {
        let accepted = matches!(answer, Answer::Ok(_));
        match &self.command {
            Some(Command::MqttCfg(cfg)) if accepted => {
                state.client_configured(cfg.keepalive, cfg.clean_session);
            }
            Some(Command::MqttDel) if accepted => state.client_deleted(),
            Some(Command::MqttTo(to)) if accepted => {
                state.ack_timeout = to.seconds;
                state.recovery.set_ack_timeout(to.seconds);
            }
            Some(Command::MqttPing(ping)) if accepted => {
                state.recovery.set_ping_report(ping.report);
            }
            Some(Command::MqttSub(sub)) if accepted => {
                state.subscriptions.grant(&sub.filter, sub.qos, sub.hex);
            }
            Some(Command::MqttSub(sub)) => state.subscriptions.withdraw(&sub.filter),
            Some(Command::MqttUnsub(unsub)) if accepted => {
                state.subscriptions.remove(&unsub.filter);
            }
            Some(Command::MqttDisc) if matches!(answer, Answer::Refused(_)) => {
                state.connection.on_disconnect_refused();
            }
            Some(Command::MqttOpen(_)) if matches!(answer, Answer::Refused(_)) => {
                let transition = state.connection.on_refused("the module refused to connect");
                state.report(transition);
            }
            _ => {}
        }
    }
}

/// `AT+MQTTSUB?` lists the filters raw, so one that reads like a final result would end the answer.
pub(super) fn refuse_confusing_list(state: &SessionState) -> Result<(), Error> {
    match state
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
