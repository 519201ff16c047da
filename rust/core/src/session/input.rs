//! What the module says: every frame goes to the command in flight, to an operation, to the state machine or
//! out as an event.

use std::time::{Duration, Instant};

use m531x_at::framer::Frame;
use m531x_at::response::FinalResult;
use m531x_at::urc::{AckNumbers, OpenOutcome, Publish, TimeoutKind, Urc};

use super::in_flight::LineOwner;
use super::internal::{Internal, Missing};
use super::line_log::LineKind;
use super::mqtt_state::MqttState;
use super::operation::BrokerEvent;
use super::packet_ids::{AckKind, Owner};
use super::recovery::{Cause, Returned};
use super::scheduler::{Boot, Scheduler};
use crate::{Error, ErrorCode, EventKind, Incoming, Message};

/// After a line of a boot the module is left alone until nothing came for this long.
const BOOT_QUIET: Duration = Duration::from_secs(1);
/// A module that goes on talking is spoken to after this time all the same.
const LONGEST_QUIET: Duration = Duration::from_secs(8);

/// A line of a boot so long after the last one belongs to another boot.
const BOOT_OVER: Duration = Duration::from_secs(10);

impl Scheduler {
    pub(super) fn on_frame(&mut self, now: Instant, frame: Frame<'_>) {
        match frame {
            Frame::Line(line) => self.on_line(now, line),
            Frame::Publish(publish) => self.on_publish(now, &publish),
            Frame::Untrusted(line) => {
                self.in_flight
                    .mark_ambiguous(now, FinalResult::parse(line).is_some());
                let state = &mut self.state;
                state.line_log.add(LineKind::Message, line, &state.echo);
                let length = as_value(line.len());
                self.state.event(EventKind::Ambiguous, length, text(line));
            }
            Frame::Hidden { bytes } => {
                self.in_flight.mark_ambiguous(now, false);
                self.state.event(
                    EventKind::Ambiguous,
                    as_value(bytes),
                    "an answer may have been among the bytes of a message",
                );
            }
            Frame::Oversize { topic, declared } => {
                self.state.stats.oversize += 1;
                let declared = as_value(declared);
                self.state.event(EventKind::Oversize, declared, text(topic));
            }
            Frame::LineTooLong { bytes } => {
                self.in_flight.mark_ambiguous(now, false);
                let length = as_value(bytes);
                self.state.event(
                    EventKind::LineTooLong,
                    length,
                    "a line was too long to keep",
                );
            }
        }
    }

    fn on_publish(&mut self, now: Instant, publish: &Publish<'_>) {
        if self.takes_for_health_check(now, publish) {
            return;
        }
        let state = &mut self.state;
        state
            .line_log
            .add_message(publish, &state.profile, &state.echo);
        state.stats.messages += 1;
        state.stats.truncated += u64::from(publish.truncated);
        state.stats.ambiguous += u64::from(publish.ambiguous);
        state.incoming.push_back(Incoming::Message(Message {
            topic: text(publish.topic),
            payload: state.subscriptions.payload(publish.topic, publish.payload),
            qos: publish.qos,
            retain: publish.retain,
            dup: publish.dup,
            packet_id: publish.packet_id,
            timestamp: std::time::SystemTime::UNIX_EPOCH,
            truncated: publish.truncated,
            ambiguous: publish.ambiguous,
        }));
    }

    /// The messages of the health check belong to it alone, and so do those of others to a topic
    /// that only the check has subscribed to.
    fn takes_for_health_check(&mut self, now: Instant, publish: &Publish<'_>) -> bool {
        let health = &self.state.recovery.health;
        match health.returned(publish.topic, publish.payload) {
            Returned::Expected => {
                if let Some(id) = health.operation {
                    self.notify(now, id, &BrokerEvent::CameBack);
                }
                true
            }
            Returned::Late => true,
            Returned::Foreign => {
                health.topic().as_bytes() == publish.topic
                    && self.state.subscriptions.is_granted(health.topic())
                    && !self.state.subscriptions.is_wanted(publish.topic)
            }
        }
    }

    fn on_line(&mut self, now: Instant, line: &[u8]) {
        self.state.stats.lines += 1;
        let urc = Urc::parse(line);
        if matches!(urc, Some(Urc::Boot(_) | Urc::Ready)) {
            let state = &mut self.state;
            state.line_log.add(LineKind::Urc, line, &state.echo);
            self.on_boot_line(now, line);
            return;
        }
        if let Some(boot) = self.boot.filter(|_| !self.in_flight.is_in_flight()) {
            self.stay_quiet(now, boot.began);
        }
        let guard = self.state.guard_time();
        let owner = self.in_flight.on_line(now, line, guard);
        self.take_signs(now);
        let kind = match owner {
            LineOwner::Other if urc.is_some() => LineKind::Urc,
            _ => LineKind::Answer,
        };
        let state = &mut self.state;
        state.line_log.add(kind, line, &state.echo);
        match owner {
            LineOwner::Taken => self.deliver_answer(now),
            LineOwner::Late => {
                self.state.stats.late_answers += 1;
                self.state.event(EventKind::LateAnswer, 0, text(line));
            }
            LineOwner::Stray => {
                self.state.stats.stray_results += 1;
                self.state.event(EventKind::StrayResult, 0, text(line));
            }
            LineOwner::Other => {
                if let Some(urc) = urc {
                    self.on_urc(now, &urc, line);
                } else {
                    self.state.stats.unknown_lines += 1;
                    self.state.event(EventKind::UnknownLine, 0, text(line));
                }
            }
        }
    }

    /// A line of a boot: everything under way is gone, and so is the MQTT client.
    fn on_boot_line(&mut self, now: Instant, line: &[u8]) {
        let first = self.boot.is_none_or(|boot| {
            !self.awaits_boot() && now.saturating_duration_since(boot.last) > BOOT_OVER
        });
        let began = self.boot.filter(|_| !first).map_or(now, |boot| boot.began);
        self.boot = Some(Boot { began, last: now });
        if first {
            self.state.stats.reboots += 1;
            let asked = self.awaits_boot();
            self.state
                .event(EventKind::Rebooted, i64::from(asked), text(line));
            self.state.forget_module_state(asked);
        } else {
            self.state.event(EventKind::Urc, 0, text(line));
        }
        let error = Error::new(
            ErrorCode::ModemRebooted,
            format!(
                "the module restarted ({:?}); connect and subscribe again",
                text(line)
            ),
        );
        if first || self.is_speaking() {
            self.fail_for_reboot(now, &error);
        }
        if first && !self.awaits_boot() && self.state.stats.commands > 0 {
            self.state.internal.push_back(Internal::Settings);
        }
        self.stay_quiet(now, began);
    }

    /// Whether a command is in flight, which a boot has made void.
    fn is_speaking(&self) -> bool {
        self.in_flight.is_occupied()
    }

    fn stay_quiet(&mut self, now: Instant, began: Instant) {
        self.in_flight
            .hold_until((now + BOOT_QUIET).min(began + LONGEST_QUIET).max(now));
    }

    fn on_urc(&mut self, now: Instant, urc: &Urc<'_>, line: &[u8]) {
        match *urc {
            Urc::Open(outcome) => self.on_open(now, outcome, line),
            Urc::Disc => {
                self.urc_event(line);
                self.state.packet_ids.connection_changed();
                self.state.recovery.set_loss_cause(Cause::Disconnected);
                let transition = self.state.connection.on_disc();
                self.state.report(transition);
                // Operations that can wait for the next connection are not notified of this end.
                self.reconcile(now);
                self.notify_all(now, &BrokerEvent::Disconnected);
            }
            Urc::Rec { attempt } => {
                self.urc_event(line);
                self.state.packet_ids.connection_changed();
                let transition = self.state.connection.on_rec(attempt);
                self.state.report(transition);
                self.reconcile(now);
                self.notify_all(now, &BrokerEvent::Attempt(attempt));
            }
            Urc::Timeout(kind) => self.on_ack_timeout(now, kind, line),
            Urc::SubAck {
                packet_id,
                code,
                filter,
            } => {
                let filter = filter.map(text);
                let owner = self.state.packet_ids.on_packet_id(
                    now,
                    AckKind::Subscribe,
                    packet_id,
                    filter.as_deref(),
                );
                self.on_ack(now, owner, &BrokerEvent::Granted { code }, line);
            }
            Urc::UnsubAck { packet_id, filter } => {
                let filter = filter.map(text);
                let owner = self.state.packet_ids.on_packet_id(
                    now,
                    AckKind::Unsubscribe,
                    packet_id,
                    filter.as_deref(),
                );
                self.on_ack(now, owner, &BrokerEvent::Acknowledged { packet_id }, line);
            }
            Urc::PubAck(numbers) => self.on_numbers(now, AckKind::Publish1, numbers, true, line),
            Urc::PubComp(numbers) => self.on_numbers(now, AckKind::Publish2, numbers, true, line),
            Urc::PubRec(numbers) | Urc::PubRel(numbers) => {
                self.on_numbers(now, AckKind::Publish2, numbers, false, line);
            }
            _ => self.urc_event(line),
        }
    }

    fn on_open(&mut self, now: Instant, outcome: OpenOutcome, line: &[u8]) {
        self.urc_event(line);
        self.state.packet_ids.connection_changed();
        let (accepted, session_present) = match outcome {
            OpenOutcome::Accepted => (true, false),
            OpenOutcome::Failed => (false, false),
            OpenOutcome::ReturnCode {
                code,
                session_present,
            } => (code == 0, session_present),
        };
        let is_new = matches!(outcome, OpenOutcome::ReturnCode { .. }) && !session_present;
        if accepted && (self.state.clean_session || is_new) {
            self.state.packet_ids.new_session();
        }
        self.state.session_present = match outcome {
            OpenOutcome::ReturnCode { .. } if accepted => Some(session_present),
            // A broker that was to forget an earlier session has none (MQTT 3.1.1, 3.2.2.2).
            _ => (accepted && self.state.clean_session).then_some(false),
        };
        let before = self.state.connection.state();
        let transition = if accepted {
            self.state.connection.on_accepted()
        } else {
            self.state.connection.on_refused(&text(line))
        };
        self.state.report(transition);
        self.notify_all(now, &BrokerEvent::Opened(outcome));
        if self.state.recovery.is_active() {
            self.state.recovery.session_present = accepted && session_present;
            return;
        }
        let by_itself = matches!(before, MqttState::ModuleReconnecting | MqttState::Lost);
        if accepted && by_itself && !session_present {
            self.state.missing = Missing::All;
        }
    }

    fn on_ack_timeout(&mut self, now: Instant, kind: TimeoutKind, line: &[u8]) {
        let kinds: &[AckKind] = match kind {
            TimeoutKind::Publish => &[AckKind::Publish1, AckKind::Publish2],
            TimeoutKind::Subscribe => &[AckKind::Subscribe],
            TimeoutKind::Unsubscribe => &[AckKind::Unsubscribe],
            TimeoutKind::Connect => {
                self.urc_event(line);
                self.notify_all(now, &BrokerEvent::ConnectLate);
                return;
            }
            TimeoutKind::Ping | TimeoutKind::Other | TimeoutKind::Unknown(_) => {
                self.urc_event(line);
                return;
            }
        };
        self.urc_event(line);
        if let Owner::Operation { operation, .. } = self.state.packet_ids.on_timeout(now, kinds) {
            self.notify(now, operation, &BrokerEvent::AckLate);
        }
    }

    fn on_numbers(
        &mut self,
        now: Instant,
        kind: AckKind,
        numbers: AckNumbers,
        complete: bool,
        line: &[u8],
    ) {
        let owner = self
            .state
            .packet_ids
            .on_numbers(now, kind, numbers, complete);
        match owner {
            Owner::Operation { packet_id, .. } if complete => {
                self.on_ack(now, owner, &BrokerEvent::Acknowledged { packet_id }, line);
            }
            // PUBREC and PUBREL are half of the way.
            Owner::Operation { .. } => {}
            Owner::MaybeHidden { operation } => {
                self.notify(now, operation, &BrokerEvent::MaybeHidden);
            }
            Owner::Expired | Owner::Unknown => {
                self.on_ack(
                    now,
                    owner,
                    &BrokerEvent::Acknowledged { packet_id: 0 },
                    line,
                );
            }
        }
    }

    fn on_ack(&mut self, now: Instant, owner: Owner, broker_event: &BrokerEvent, line: &[u8]) {
        match owner {
            Owner::Operation { operation, .. } => self.notify(now, operation, broker_event),
            Owner::MaybeHidden { operation } => {
                self.notify(now, operation, &BrokerEvent::MaybeHidden);
            }
            Owner::Expired => {
                self.state.stats.late_answers += 1;
                self.state.event(EventKind::LateAnswer, 0, text(line));
            }
            Owner::Unknown => self.urc_event(line),
        }
    }

    fn urc_event(&mut self, line: &[u8]) {
        self.state.event(EventKind::Urc, 0, text(line));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn as_value(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
