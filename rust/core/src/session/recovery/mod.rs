//! Making a lost connection again: what is wanted, how far it is, and why it was needed.
//!
//! The goal is the connection that the last successful connect set up. While there is one, every
//! state of the module's client other than connected is a difference to be removed: the scheduler
//! looks at both after every step (see `scheduler/recovering.rs`) and so notices every loss.

mod backoff;
mod health;
mod health_check;
mod policy;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::options::ConnectOptions;
use super::request::OperationId;
use super::stats::RecoveryStats;
use super::subscriptions::Subscription;

use backoff::Backoff;
pub(super) use health::{Health, Returned};
pub use health_check::HealthCheck;
pub use policy::Recovery;

/// A connection that has held for so long was a good one: the next loss is answered at once.
const GOOD: Duration = Duration::from_secs(60);
/// How long the module may say nothing of its own reconnecting before it is asked.
pub(super) const MODULE_PATIENCE: Duration = Duration::from_secs(120);

/// After a sign of forgotten settings the next one is ignored for so long, and then twice as long.
const FIRST_LOOK_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_LOOK_PAUSE: Duration = Duration::from_secs(3600);

/// Why a recovery was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Disconnected,
    ModuleReconnecting,
    Rebooted,
    Silent,
    StateAsked,
    Unacknowledged,
    PortLost,
    Unhealthy,
}

/// How far a recovery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Idle,
    /// The module reconnects by itself; it is asked how that went if it reports nothing until then.
    Module {
        ask_at: Instant,
        asked: u32,
    },
    /// The port is gone.
    NoPort,
    /// The next attempt begins then.
    Waiting {
        until: Instant,
    },
    /// This operation is the attempt.
    Attempt(OperationId),
    /// The application connects by itself.
    Superseded(OperationId),
}

/// What is wanted and how far it is.
#[derive(Debug)]
pub(super) struct Tracker {
    policy: Recovery,
    goal: Option<ConnectOptions>,
    ping_report: bool,
    /// The subscriptions at the time of the loss.
    pub subscriptions: Vec<Subscription>,
    /// On how many connections in a row no answer came to the subscription to this filter.
    unanswered: BTreeMap<String, u32>,
    /// How many connections in a row were lost while this filter was being subscribed again.
    losses: BTreeMap<String, u32>,
    pub stage: Stage,
    cause: Option<Cause>,
    backoff: Backoff,
    /// The login was refused: the next attempt comes later than others.
    slow: bool,
    /// How the checks of a connection that looks alive go.
    pub health: Health,
    /// Attempts since the connection was lost.
    pub attempts: u32,
    connected_at: Option<Instant>,
    /// Whether the broker kept the session over the module's own reconnect.
    pub session_present: bool,
    /// The last change of state in words.
    pub reason: String,
    /// A look at the state is queued.
    pub look_again: bool,
    /// When a sign of forgotten settings is next taken seriously, and how long after that again.
    next_look: Option<Instant>,
    look_pause: Duration,
}

impl Tracker {
    pub(super) fn new(policy: &Recovery) -> Self {
        let policy = policy.bounded();
        Self {
            backoff: Backoff::new(&policy),
            health: Health::new(policy.health_check.clone(), policy.seed.unwrap_or_default()),
            slow: false,
            policy,
            goal: None,
            ping_report: false,
            subscriptions: Vec::new(),
            unanswered: BTreeMap::new(),
            losses: BTreeMap::new(),
            stage: Stage::Idle,
            cause: None,
            attempts: 0,
            connected_at: None,
            session_present: false,
            reason: String::new(),
            look_again: false,
            next_look: None,
            look_pause: FIRST_LOOK_PAUSE,
        }
    }

    /// The connection is made, and must be kept like this.
    pub(super) fn remember(&mut self, now: Instant, options: &ConnectOptions) {
        self.health.set_client(&options.client_id);
        self.goal = Some(options.clone());
        self.connected_at = Some(now);
    }

    /// The connection is no longer wanted.
    pub(super) fn forget(&mut self) {
        self.goal = None;
        self.cause = None;
        self.unanswered.clear();
        self.losses.clear();
        if !self.is_active() {
            self.subscriptions.clear();
        }
    }

    pub(super) fn goal(&self) -> Option<&ConnectOptions> {
        self.goal.as_ref()
    }

    /// Whether a lost connection would be made again.
    pub(super) fn is_wanted(&self) -> bool {
        self.policy.enabled && self.goal.is_some()
    }

    /// From now on like this; a recovery under way ends if none is wanted.
    pub(super) fn set_policy(&mut self, policy: &Recovery) {
        self.policy = policy.bounded();
        self.backoff = Backoff::new(&self.policy);
        let client_id = self.goal.as_ref().map(|goal| goal.client_id.as_str());
        let check = self.policy.health_check.clone();
        self.health.set_check(check, client_id);
    }

    /// Whether and how a lost connection is made again.
    pub(super) fn policy(&self) -> &Recovery {
        &self.policy
    }

    /// Whether a lost connection is made again at all.
    pub(super) fn is_enabled(&self) -> bool {
        self.policy.enabled
    }

    /// Whether the connection is being made again, so that what needs one waits.
    pub(super) fn is_active(&self) -> bool {
        self.stage != Stage::Idle
    }

    pub(super) fn set_ack_timeout(&mut self, seconds: u16) {
        if let Some(goal) = &mut self.goal {
            goal.ack_timeout = seconds;
        }
    }

    pub(super) fn set_ping_report(&mut self, report: bool) {
        self.ping_report = report;
    }

    pub(super) fn ping_report(&self) -> bool {
        self.ping_report
    }

    /// Why the next loss is one; the first word counts.
    pub(super) fn set_loss_cause(&mut self, cause: Cause) {
        if self.is_wanted() {
            self.cause.get_or_insert(cause);
        }
    }

    pub(super) fn cause(&self) -> Cause {
        self.cause.unwrap_or(Cause::Disconnected)
    }

    /// The connection was lost: starts the count of attempts anew.
    pub(super) fn lose(&mut self, now: Instant, subscriptions: Vec<Subscription>) {
        // A restart has emptied the table before.
        if self.subscriptions.is_empty() {
            self.subscriptions = subscriptions;
        }
        self.attempts = 0;
        self.session_present = false;
        if self
            .connected_at
            .is_none_or(|since| now.saturating_duration_since(since) >= GOOD)
        {
            self.backoff.reset();
        }
    }

    /// How long to wait before the next attempt; `None` when there have been enough.
    pub(super) fn next_delay(&mut self) -> Option<Duration> {
        if self.has_tried_enough() {
            return None;
        }
        let slow = std::mem::take(&mut self.slow);
        Some(if slow {
            self.backoff.next_slow()
        } else {
            self.backoff.next()
        })
    }

    /// The next attempt would be as useless as this one, unless someone removes the cause.
    pub(super) fn slow_down(&mut self) {
        self.slow = true;
    }

    /// Whether the attempt under way is the last one.
    pub(super) fn has_tried_enough(&self) -> bool {
        let most = self.policy.max_attempts;
        most.is_some_and(|most| self.attempts >= most)
    }

    /// The connection is there again.
    pub(super) fn succeed(&mut self, now: Instant, stats: &mut RecoveryStats) {
        match self.cause() {
            Cause::Disconnected => stats.disconnected += 1,
            Cause::ModuleReconnecting => stats.module_reconnected += 1,
            Cause::Rebooted => stats.rebooted += 1,
            Cause::Silent => stats.silent += 1,
            Cause::StateAsked => stats.state_asked += 1,
            Cause::Unacknowledged => stats.unacknowledged += 1,
            Cause::PortLost => stats.port_lost += 1,
            Cause::Unhealthy => stats.unhealthy += 1,
        }
        self.connected_at = Some(now);
        self.rest();
    }

    /// Nothing more is done.
    pub(super) fn rest(&mut self) {
        self.stage = Stage::Idle;
        self.cause = None;
        self.subscriptions.clear();
    }

    /// On how many connections in a row the subscription to this filter was not answered.
    pub(super) fn unanswered(&self, filter: &str) -> u32 {
        self.unanswered.get(filter).copied().unwrap_or_default()
    }

    /// One connection more; how many that makes.
    pub(super) fn count_unanswered(&mut self, filter: &str) -> u32 {
        let count = self.unanswered.entry(filter.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// The connection was lost while this filter was being subscribed again.
    pub(super) fn count_loss(&mut self, filter: &str) {
        *self.losses.entry(filter.to_owned()).or_default() += 1;
    }

    /// Whether subscribing to this filter has cost as many connections as an operation may.
    pub(super) fn is_too_costly(&self, filter: &str) -> bool {
        let losses = self.losses.get(filter).copied().unwrap_or_default();
        losses >= self.policy.loss_budget
    }

    /// The subscription to this filter was granted, or refused.
    pub(super) fn answered(&mut self, filter: &str) {
        self.unanswered.remove(filter);
        self.losses.remove(filter);
    }

    /// Whether a sign that the module has forgotten its settings is worth a look: a module that
    /// always echoes is not looked at with every command.
    pub(super) fn takes_restart_hint(&mut self, now: Instant) -> bool {
        let worth = self.is_wanted()
            && !self.is_active()
            && !self.look_again
            && self.next_look.is_none_or(|next| next <= now);
        if worth {
            self.look_again = true;
            self.next_look = Some(now + self.look_pause);
            self.look_pause = (self.look_pause * 2).min(LONGEST_LOOK_PAUSE);
        }
        worth
    }

    /// When something is due by itself.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.stage {
            Stage::Module { ask_at, .. } => Some(ask_at),
            Stage::Waiting { until } => Some(until),
            Stage::Idle => self.health.poll_timeout(),
            Stage::NoPort | Stage::Attempt(_) | Stage::Superseded(_) => None,
        }
    }
}
