//! The password of a connection, and another one when the broker refuses it.

use m531x_at::command::{Command, MqttCfg, MqttOpen, Secret, check_connect_packet};

use super::{Connect, Stage};
use crate::session::ConnectOptions;
use crate::session::operation::{Context, Step};
use crate::session::password::PATIENCE;
use crate::session::prepared_command::{PreparedCommand, seconds};
use crate::session::state::{SessionState, ack_wait_of};
use crate::{Error, ErrorCode, EventKind};

/// What the event says of a password that was not given.
const NO_PASSWORD: i64 = -1;

/// The configuration of the module's client, with the password that there is.
pub(in crate::session::operation) fn configuration(options: &ConnectOptions) -> MqttCfg {
    MqttCfg {
        host: options.host.clone(),
        port: options.port,
        client_id: options.client_id.clone(),
        keepalive: options.keepalive,
        username: options.username.clone(),
        password: options.password.clone(),
        clean_session: options.clean_session,
        tls: options.tls,
    }
}

/// The configuration and the opening.
pub(super) fn prepare(
    options: &ConnectOptions,
    state: &SessionState,
) -> Result<(PreparedCommand, PreparedCommand), Error> {
    let cfg = configuration(options);
    let open = MqttOpen {
        username: options.username.is_some(),
        password: options.password.is_some(),
        will: options.will.clone(),
    };
    let limit = options.connect_limit.unwrap_or(state.profile.connect_limit);
    check_connect_packet(&cfg, &open, limit)?;
    let mut open = state.prepare(&Command::MqttOpen(open))?;
    // Some modules hold the OK back until the broker has acknowledged.
    open.timeout = open.timeout.max(ack_wait_of(options.ack_timeout));
    Ok((state.prepare(&Command::MqttCfg(cfg))?, open))
}

/// Whether the broker says that it does not let this user in.
fn refuses_login(code: u8) -> bool {
    matches!(code, 4 | 5)
}

impl Connect {
    /// The one of before may have expired.
    pub(super) fn wants_password(&self) -> bool {
        self.options.ask_password.is_some() && (self.again || self.options.password.is_none())
    }

    pub(super) fn ask_password(&mut self, cx: &mut Context<'_>) -> Step {
        let Some(ask) = &self.options.ask_password else {
            return self.clear_the_way(cx);
        };
        self.stage = Stage::Password;
        let number = cx.state.passwords.ask(cx.id, ask);
        if !ask.is_function() {
            let number = i64::try_from(number).unwrap_or_default();
            let text = format!("the password for {} is wanted", self.broker());
            cx.state.event(EventKind::PasswordWanted, number, text);
        }
        Step::Wait(Some(cx.now + PATIENCE))
    }

    pub(super) fn on_password(
        &mut self,
        cx: &mut Context<'_>,
        password: Result<Secret, Error>,
    ) -> Step {
        let commands = password.and_then(|password| {
            self.options.password = Some(password);
            prepare(&self.options, cx.state)
        });
        match commands {
            Ok((cfg, open)) => {
                self.cfg = cfg;
                self.open = open;
                self.clear_the_way(cx)
            }
            Err(error) => self.without_password(cx, &error.to_string()),
        }
    }

    /// It has taken too long.
    pub(super) fn on_no_password(&mut self, cx: &mut Context<'_>) -> Step {
        cx.state.passwords.forget(cx.id);
        let why = format!("none was given within {}", seconds(PATIENCE));
        self.without_password(cx, &why)
    }

    fn without_password(&self, cx: &mut Context<'_>, why: &str) -> Step {
        let text = format!("no password for broker {}: {why}", self.broker());
        self.slow_down(cx, NO_PASSWORD, &text);
        Step::fail(Error::new(ErrorCode::Connect, text))
    }

    /// The broker has refused the connection.
    pub(super) fn on_return_code(&mut self, cx: &mut Context<'_>, code: u8) -> Step {
        let error = self.refused_by_broker(code);
        let Some(ask) = self.options.ask_password.as_ref() else {
            return Step::fail(error);
        };
        if !refuses_login(code) {
            return Step::fail(error);
        }
        // A caller that waits for an outcome can ask again, and may be the one that would answer.
        if !self.asked_again && (self.again || ask.is_function()) {
            self.asked_again = true;
            self.refusals = super::Refusals::default();
            return self.ask_password(cx);
        }
        self.slow_down(cx, code.into(), &error.to_string());
        Step::fail(error)
    }

    /// The next attempts of a recovery would be as useless, so that they come later.
    fn slow_down(&self, cx: &mut Context<'_>, value: i64, text: &str) {
        if self.again {
            cx.state.recovery.slow_down();
            cx.state.event(EventKind::LoginRefused, value, text);
        }
    }
}
