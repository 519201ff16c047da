//! The state that the operations of a session share.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::command::Command;
use m531x_at::profile::{Model, Profile};
use m531x_at::redact::EchoGuard;
use m531x_at::response::MqttStat;

use super::connection_state::{ConnectionState, Transition};
use super::heard::Heard;
use super::internal::{Internal, Missing};
use super::line_log::LineLog;
use super::mqtt_state::MqttState;
use super::options::SessionConfig;
use super::packet_ids::PacketIds;
use super::passwords::Passwords;
use super::prepared_command::{PreparedCommand, Refusal};
use super::recovery::{Cause, Tracker};
use super::request::OperationId;
use super::stats::SessionStats;
use super::subscriptions::{Subscription, Subscriptions};
use crate::redacted::shown;
use crate::{Error, ErrorCode, Event, EventKind, Incoming};

/// The ack timeout of a module to which none was set, in seconds (manual 1.9).
const DEFAULT_ACK_TIMEOUT: u16 = 10;
/// How long after the ack timeout the module's report of it may take to arrive.
const ACK_MARGIN: Duration = Duration::from_secs(5);

/// What the session knows of the module, and what it has to report.
pub(super) struct SessionState {
    pub config: SessionConfig,
    pub profile: Profile,
    pub model: Option<Model>,
    pub connection: ConnectionState,
    pub packet_ids: PacketIds,
    pub subscriptions: Subscriptions,
    pub incoming: VecDeque<Incoming>,
    pub line_log: LineLog,
    pub heard: Heard,
    pub stats: SessionStats,
    /// Seconds.
    pub ack_timeout: u16,
    /// Seconds, of the client that is configured.
    pub keepalive: Option<u16>,
    /// Whether the module's client asks the broker for a new session.
    pub clean_session: bool,
    /// Whether the broker kept the session of this connection; `None` where the module does not report it.
    pub session_present: Option<bool>,
    /// What the session itself wants done.
    pub internal: VecDeque<Internal>,
    /// What the module's own reconnecting has cost.
    pub missing: Missing,
    /// The connection that is wanted.
    pub recovery: Tracker,
    /// Who waits for a password.
    pub passwords: Passwords,
    /// Echo is off and errors have numbers, as far as is known.
    pub settled: bool,
    /// What of the last command must not be shown.
    pub echo: EchoGuard,
}

impl SessionState {
    pub(super) fn new(config: SessionConfig) -> Self {
        // Before the model is known: the dialect without anything optional.
        let model = config.model;
        let mut state = Self {
            profile: model.unwrap_or(Model::M5312).profile().clone(),
            model: None,
            connection: ConnectionState::default(),
            packet_ids: PacketIds::new(m531x_at::profile::AckOrder::IdFirst),
            subscriptions: Subscriptions::default(),
            incoming: VecDeque::new(),
            line_log: LineLog::new(config.line_log),
            heard: Heard::default(),
            stats: SessionStats::default(),
            ack_timeout: DEFAULT_ACK_TIMEOUT,
            keepalive: None,
            clean_session: false,
            session_present: None,
            internal: VecDeque::new(),
            missing: Missing::Nothing,
            recovery: Tracker::new(&config.recovery),
            passwords: Passwords::default(),
            settled: false,
            echo: EchoGuard::default(),
            config,
        };
        state.set_profile(model);
        state
    }

    /// The module is of this model.
    pub(super) fn set_profile(&mut self, model: Option<Model>) {
        if let Some(model) = model {
            self.model = Some(model);
            self.profile = model.profile().clone();
        }
        if let Some(limit) = self.config.line_limit {
            self.profile.line_limit = limit;
        }
        self.packet_ids.set_profile_order(self.profile.ack_order);
    }

    /// Least pause between a final result and the next command.
    pub(super) fn guard_time(&self) -> Duration {
        self.config.guard_time.unwrap_or(self.profile.guard_time)
    }

    /// A command with the ordinary time limit.
    pub(super) fn prepare(&self, command: &Command) -> Result<PreparedCommand, Error> {
        PreparedCommand::new(command, &self.profile, self.config.command_timeout)
    }

    /// A command whose OK some modules hold back until the broker has acknowledged.
    pub(super) fn prepare_acknowledged(&self, command: &Command) -> Result<PreparedCommand, Error> {
        let timeout = self.config.command_timeout.max(self.ack_wait());
        PreparedCommand::new(command, &self.profile, timeout)
    }

    /// How long to wait for an acknowledgement that the module itself stops waiting for earlier.
    pub(super) fn ack_wait(&self) -> Duration {
        ack_wait_of(self.ack_timeout)
    }

    pub(super) fn event(&mut self, kind: EventKind, value: i64, text: impl Into<String>) {
        // Any line can be an echo or a read-back with a password or PIN in it.
        let text = shown(text.into(), |text| self.echo.show(text));
        self.incoming
            .push_back(Incoming::Event(Event::new(kind, value, text)));
    }

    /// Reports a change of the MQTT state, if there is one.
    pub(super) fn report(&mut self, transition: Option<Transition>) {
        let Some(Transition {
            from,
            to,
            cause,
            asked,
        }) = transition
        else {
            return;
        };
        self.recovery.reason.clone_from(&cause);
        self.event(
            EventKind::StateChanged,
            i64::from(to as i32),
            format!("{from} -> {to}: {cause}"),
        );
        if to == MqttState::Connected {
            self.event(EventKind::Connected, 0, cause);
        } else if from == MqttState::Connected {
            self.event(EventKind::Disconnected, i64::from(asked), cause);
        }
    }

    /// What has to be subscribed again, if something has.
    pub(super) fn take_missing(&mut self) -> Option<Vec<Subscription>> {
        let subscriptions = match std::mem::take(&mut self.missing) {
            Missing::Nothing => return None,
            Missing::These(subscriptions) => subscriptions,
            Missing::All => self.subscriptions.live().cloned().collect(),
        };
        (!subscriptions.is_empty()).then_some(subscriptions)
    }

    /// The module has answered what its state is.
    pub(super) fn take_stat(&mut self, stat: MqttStat) {
        let transition = self.connection.on_stat(stat);
        self.report(transition);
    }

    /// The module restarted, asked or not: nothing that it knew is left.
    pub(super) fn forget_module_state(&mut self, asked: bool) {
        self.recovery.set_loss_cause(Cause::Rebooted);
        if self.recovery.is_wanted() && !self.recovery.is_active() {
            self.recovery.subscriptions = self.subscriptions.live().cloned().collect();
        }
        let transition = self.connection.on_reboot(asked);
        self.report(transition);
        self.settled = false;
        self.packet_ids.restart();
        self.subscriptions.clear();
        self.ack_timeout = DEFAULT_ACK_TIMEOUT;
        self.keepalive = None;
    }

    /// `AT+MQTTCFG` was accepted: the module has a fresh client.
    pub(super) fn client_configured(&mut self, keepalive: u16, clean_session: bool) {
        let transition = self.connection.on_configured();
        self.report(transition);
        self.packet_ids.restart();
        self.subscriptions.clear();
        self.ack_timeout = DEFAULT_ACK_TIMEOUT;
        self.keepalive = Some(keepalive);
        self.clean_session = clean_session;
    }

    /// `AT+MQTTDEL` was accepted: the module has no client.
    pub(super) fn client_deleted(&mut self) {
        let transition = self.connection.on_deleted();
        self.report(transition);
        self.packet_ids.restart();
        self.subscriptions.clear();
        self.keepalive = None;
    }

    /// The connection that the module has, or seems to have, is no longer usable.
    pub(super) fn connection_lost(&mut self, cause: Cause, why: &str) {
        if self.recovery.is_wanted() && self.connection.may_be_connected() {
            self.recovery.set_loss_cause(cause);
            let transition = self.connection.on_lost(why);
            self.report(transition);
        }
    }

    /// Has the module asked whether the connection is still there; whether that is worth it.
    pub(super) fn query_state(&mut self) -> bool {
        let worth = self.recovery.is_wanted() && !self.recovery.is_active() && self.is_connected();
        // Another sign may have had it asked already.
        if worth && !self.recovery.look_again {
            self.recovery.look_again = true;
            self.internal.push_back(Internal::QueryState);
        }
        worth
    }

    /// Ends the connection, for another one to be made; whether that is worth it.
    pub(super) fn hang_up(&mut self) -> bool {
        let worth = self.recovery.is_wanted() && !self.recovery.is_active() && self.is_connected();
        if worth {
            self.internal.push_back(Internal::HangUp);
        }
        worth
    }

    /// What it means that the module refused something that needs a connection: `code`, unless there
    /// is none, or one that is only being made.
    pub(super) fn refused(&self, refusal: &Refusal, code: ErrorCode) -> ErrorCode {
        let unconnected = refusal.may_mean_no_connection() && !self.is_connected();
        if unconnected || !self.connection.may_be_connected() {
            ErrorCode::NotConnected
        } else {
            code
        }
    }

    /// The error of what needs a connection while there is none.
    pub(super) fn not_connected(&self, what: &str) -> Error {
        Error::new(
            ErrorCode::NotConnected,
            format!(
                "{what}: the MQTT state is {}; {}",
                self.connection.state(),
                if self.recovery.is_active() {
                    "it is being made again, and QoS 1 would have waited for that"
                } else {
                    "connect first"
                }
            ),
        )
    }

    /// Whether there is a connection now.
    pub(super) fn is_connected(&self) -> bool {
        self.connection.state() == MqttState::Connected
    }
}

/// How long to wait for an acknowledgement that the module waits for so many seconds.
pub(super) fn ack_wait_of(seconds: u16) -> Duration {
    Duration::from_secs(seconds.into()) + ACK_MARGIN
}

/// What an operation works with.
pub(super) struct Context<'a> {
    pub now: Instant,
    pub id: OperationId,
    /// When the operation was asked for.
    pub begun: Instant,
    pub state: &'a mut SessionState,
}
