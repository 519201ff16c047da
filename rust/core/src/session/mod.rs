//! The brain of a modem, without I/O: what to send, who waits for which answer and until when.
//!
//! A [`Session`] has no clock, no thread and no port. Time is an argument of every call that needs
//! it, so a test can let hours pass in no time and see the same thing each run. Its methods are of
//! four kinds:
//!
//! * **Getters** such as [`mqtt_state`](Session::mqtt_state) and [`stats`](Session::stats).
//! * **Inputs**, `handle_*`: bytes that came, time that passed, a port that is gone.
//! * **Application commands**: [`begin`](Session::begin) an operation,
//!   [`abandon`](Session::abandon) it.
//! * **Outputs**, `poll_*`: bytes to send, operations that have ended, messages and events, and
//!   the time of the next [`handle_timeout`](Session::handle_timeout).
//!
//! # The loop
//!
//! After every input and every command: send what [`poll_transmit`](Session::poll_transmit) gives,
//! take what [`poll_completion`](Session::poll_completion) and [`poll_event`](Session::poll_event)
//! give, and wait for bytes until [`poll_timeout`](Session::poll_timeout).
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use m531x_core::session::{Outcome, Request, RequestKind, Session, SessionConfig};
//!
//! /// A module that knows one answer.
//! fn module(line: &[u8]) -> &'static [u8] {
//!     assert_eq!(line, b"AT+CSQ\r");
//!     b"\r\n+CSQ:23,99\r\n\r\nOK\r\n"
//! }
//!
//! let mut now = Instant::now();
//! let mut session = Session::new(SessionConfig::default());
//! let id = session.begin(now, Request::new(RequestKind::Signal)).unwrap();
//! let outcome = loop {
//!     while let Some(bytes) = session.poll_transmit(now) {
//!         session.handle_input(now, module(&bytes));
//!     }
//!     if let Some((done, result)) = session.poll_completion() {
//!         assert_eq!(done, id);
//!         break result.unwrap();
//!     }
//!     // Nothing came: let the time pass until something is due.
//!     now = session.poll_timeout().unwrap_or(now + Duration::from_secs(1));
//!     session.handle_timeout(now);
//! };
//! let Outcome::Signal(signal) = outcome else { panic!("another outcome: {outcome:?}") };
//! assert_eq!(signal.rssi_dbm, Some(-67));
//! ```
//!
//! # How it stays in step
//!
//! One command is in flight at a time. Its echo is recognised by the exact text, its information
//! lines by its grammar; every other line is an event. When an answer does not come in time, it is
//! owed: before the next command a probe whose answer is recognisable finds out when nothing older
//! can follow. The same probe settles a command whose answer may have been swallowed by a
//! message that can be read in two ways.

#![forbid(unsafe_code)]

mod connection_state;
mod echo;
mod heard;
mod in_flight;
mod input;
mod internal;
mod late_answers;
mod line_log;
mod mqtt_state;
mod operation;
mod options;
mod packet_ids;
mod password;
mod passwords;
mod port;
mod prepared_command;
mod recovery;
mod request;
mod scheduler;
mod snapshot;
mod state;
mod stats;
mod subscriptions;

use std::fmt;
use std::time::Instant;

use m531x_at::command::{Secret, max_payload};
use m531x_at::framer::{Framer, FramerConfig};
use m531x_at::profile::Model;

pub(crate) use heard::Heard;
pub use line_log::{LineKind, PassedLine};
pub use m531x_at::framer::OnAmbiguous;
pub use mqtt_state::MqttState;
pub use options::{ConnectOptions, SessionConfig};
pub use password::{AskPassword, PasswordRequest};
pub use recovery::{HealthCheck, Recovery};
pub use request::{ModemInfo, OperationId, Outcome, Receipt, Request, RequestKind, Signal};
pub(crate) use snapshot::Snapshot;
pub use stats::{RecoveryStats, SessionStats};

use self::operation::{BrokerEvent, WhileRecovering};
use self::scheduler::Scheduler;
use self::state::SessionState;
use self::subscriptions::Subscription;
use crate::{Error, Incoming};

/// The brain of a modem; see the [module's documentation](self) for the loop around it.
pub struct Session {
    framer: Framer,
    /// Large, and moved about.
    scheduler: Box<Scheduler>,
    /// Why the port is gone, if it is.
    lost: Option<Error>,
    /// Whether it may come back.
    detached: bool,
}

impl Session {
    /// A session that has not spoken to its module yet; begin with [`RequestKind::Startup`].
    pub fn new(config: SessionConfig) -> Self {
        let config = config.bounded();
        let framer = Framer::new(FramerConfig {
            silence_limit: config.silence_limit,
            baudrate: config.baudrate,
            max_message: config.max_message,
            deliverable: config.deliverable,
            on_ambiguous: config.on_ambiguous,
            ..FramerConfig::default()
        });
        let mut session = Self {
            framer,
            scheduler: Box::new(Scheduler::new(SessionState::new(config))),
            lost: None,
            detached: false,
        };
        session.update_framer();
        session
    }

    /// Takes bytes that came from the module at `now`, in any chunks.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        self.scheduler.state.stats.bytes_received += bytes.len() as u64;
        self.scheduler.state.heard.take(bytes);
        self.framer.handle_input(now, bytes);
        self.take_frames(now);
        self.scheduler.pump(now);
    }

    /// Does what is due; call it when the time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.framer.handle_timeout(now);
        self.take_frames(now);
        if let Some((since, until)) = self.framer.holding() {
            self.scheduler.in_flight.wait_for_held(now, since, until);
        }
        self.scheduler.handle_timeout(now);
        self.scheduler.pump(now);
    }

    /// Changes whether and how a lost connection is made again. Turned off while one is being made,
    /// that ends, and what waits for it fails.
    pub fn set_recovery(&mut self, now: Instant, recovery: &Recovery) {
        self.scheduler.state.recovery.set_policy(recovery);
        if !self.recovers() {
            self.scheduler.give_up_attempt(now);
        }
        self.scheduler.pump(now);
    }

    /// Whether a lost connection, or port, is made again.
    pub fn recovers(&self) -> bool {
        self.scheduler.state.recovery.is_enabled()
    }

    /// Begins an operation; everything that can be checked is checked before anything is queued.
    ///
    /// Operations start in the order in which they were begun. One that makes or ends the MQTT
    /// connection holds back the later ones of MQTT until it has ended; start-up and restart hold
    /// back all others. A timeout of the request counts from now; without one, the time limit of
    /// the kind counts from the start.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorCode::InvalidArgument) for what the module could not take,
    /// [`Port`](crate::ErrorCode::Port) after the port was lost. Everything else comes with the
    /// completion.
    pub fn begin(&mut self, now: Instant, request: Request) -> Result<OperationId, Error> {
        let timeout = request.timeout;
        let connects = matches!(request.kind, RequestKind::Connect(_));
        let ends = matches!(request.kind, RequestKind::Disconnect | RequestKind::Delete);
        let operation = operation::build(request, &self.scheduler.state)?;
        let recovering = self.scheduler.state.recovery.is_active();
        if recovering && ends {
            self.scheduler.state.recovery.forget();
            self.scheduler.reconcile(now);
        }
        if let Some(error) = &self.lost {
            let waits = operation.while_recovering() == WhileRecovering::Waits;
            if !(self.detached && recovering && waits) {
                return Err(error.clone());
            }
        }
        let id = self.scheduler.add(now, operation, timeout, false);
        if recovering && connects {
            self.scheduler.supersede(now, id);
        }
        self.scheduler.pump(now);
        self.update_framer();
        Ok(id)
    }

    /// Whether this request could be begun, as far as that can be known before: its arguments.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorCode::InvalidArgument).
    pub fn check(&self, request: &Request) -> Result<(), Error> {
        operation::build(request.clone(), &self.scheduler.state).map(drop)
    }

    /// Forgets an operation for which the caller no longer waits; it gives no completion.
    ///
    /// Its command, if in flight, keeps its place until its answer or its deadline, so that the
    /// answer goes to no other operation.
    pub fn abandon(&mut self, now: Instant, id: OperationId) {
        self.scheduler.abandon(now, id);
        self.scheduler.pump(now);
    }

    /// The next bytes to send: a whole command line.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.scheduler.pump(now);
        self.update_framer();
        let bytes = self.scheduler.poll_transmit()?;
        let state = &mut self.scheduler.state;
        let line = bytes.trim_ascii_end();
        state.echo.sent(line);
        state.line_log.add(LineKind::Command, line, &state.echo);
        Some(bytes)
    }

    /// The function that is to be called for a password that is wanted now, once; its result goes to
    /// [`set_password`](Self::set_password).
    pub fn poll_password_request(&mut self) -> Option<PasswordRequest> {
        self.scheduler.state.passwords.take_unasked()
    }

    /// Takes the password that was asked for, or why there is none; whether a connect waits for it.
    ///
    /// `number` is that of the question, from the [`PasswordRequest`] or the value of the event
    /// [`PasswordWanted`](crate::EventKind::PasswordWanted): an answer that comes too late is not taken
    /// for that to another question. `None` answers any question.
    pub fn set_password(
        &mut self,
        now: Instant,
        number: Option<u64>,
        password: Result<Secret, Error>,
    ) -> bool {
        let Some(id) = self.scheduler.state.passwords.take_asking(number) else {
            return false;
        };
        self.scheduler
            .notify(now, id, &BrokerEvent::Password(password));
        self.scheduler.pump(now);
        true
    }

    /// Whether a connect waits for a password.
    pub fn wants_password(&self) -> bool {
        self.scheduler.state.passwords.is_asking()
    }

    /// The next line that passed in either direction; nothing unless [`SessionConfig::line_log`].
    pub fn poll_line(&mut self) -> Option<PassedLine> {
        self.scheduler.state.line_log.next()
    }

    /// The next operation that has ended, and how.
    pub fn poll_completion(&mut self) -> Option<(OperationId, Result<Outcome, Error>)> {
        self.scheduler.poll_completion()
    }

    /// The next message or event, in wire order.
    pub fn poll_event(&mut self) -> Option<Incoming> {
        self.scheduler.state.incoming.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` while only bytes can change
    /// anything.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.framer.poll_timeout(), self.scheduler.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The state of the MQTT connection, as far as the module has reported it.
    pub fn mqtt_state(&self) -> MqttState {
        self.scheduler.state.connection.state()
    }

    /// Whether the broker had kept the session when it accepted the connection; `None` if the module did not
    /// report it.
    pub fn session_present(&self) -> Option<bool> {
        self.scheduler.state.session_present
    }

    /// The longest payload that can be published to a topic, of any bytes or of plain text.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidArgument`](crate::ErrorCode::InvalidArgument) if the topic is wrong.
    pub fn max_payload(&self, topic: &str, binary: bool) -> Result<usize, Error> {
        Ok(max_payload(&self.scheduler.state.profile, topic, binary)?)
    }

    /// Whether there is a connection, or one is being made.
    pub fn expects_connection(&self) -> bool {
        let state = &self.scheduler.state;
        state.connection.may_be_connected()
            || state.recovery.is_active()
            || self.scheduler.changes_connection()
    }

    /// Whether the broker keeps the session over the end of the connection, as far as is known.
    #[cfg(feature = "outbox")]
    pub(crate) fn keeps_session(&self) -> bool {
        !self.scheduler.state.clean_session
    }

    /// Whether the broker may hold a publish of QoS 2 until PUBREL.
    #[cfg(feature = "outbox")]
    pub(crate) fn has_unreleased(&self) -> bool {
        self.scheduler.state.packet_ids.unreleased().0 > 0
    }

    /// The module's model, once known.
    pub fn model(&self) -> Option<Model> {
        self.scheduler.state.model
    }

    /// The granted subscriptions, oldest first; while a lost connection is being made again those
    /// that it had.
    pub fn subscriptions(&self) -> Vec<String> {
        let state = &self.scheduler.state;
        let filter = |subscription: &Subscription| subscription.filter.clone();
        if state.recovery.is_active() {
            return state.recovery.subscriptions.iter().map(filter).collect();
        }
        state.subscriptions.live().map(filter).collect()
    }

    /// The counters.
    pub fn stats(&self) -> SessionStats {
        self.scheduler.state.stats
    }

    /// Whether no operation of the application is under way.
    pub fn idle(&self) -> bool {
        self.scheduler.is_idle()
    }

    /// What has come since the module is being asked whether it is there.
    pub(crate) fn heard(&self) -> &Heard {
        &self.scheduler.state.heard
    }

    /// How many operations of the application have not ended.
    pub fn under_way(&self) -> usize {
        self.scheduler.under_way()
    }

    fn take_frames(&mut self, now: Instant) {
        while let Some(frame) = self.framer.next_frame() {
            self.scheduler.on_frame(now, frame);
            self.update_framer();
        }
    }

    /// Which topics messages can have, and how they are quoted, decides where their payload begins.
    fn update_framer(&mut self) {
        let quoting = self.scheduler.state.profile.publish_topic;
        self.framer.set_publish_topic(quoting);
        let subscriptions = &mut self.scheduler.state.subscriptions;
        if subscriptions.take_change() {
            self.framer.set_subscriptions(subscriptions.filters());
            self.framer.set_hex(subscriptions.hex_filters());
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("model", &self.model())
            .field("mqtt_state", &self.mqtt_state())
            .field("idle", &self.idle())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
