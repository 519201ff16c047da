//! What a session knows of its module, so that another one can go on from there.

use std::time::Instant;

use m531x_at::command::QoS;
use m531x_at::profile::Model;

use super::{ConnectOptions, MqttState, Session, SessionConfig};

/// What is known of the module apart from the operations under way.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) model: Option<Model>,
    /// Echo is off and errors have numbers.
    pub(crate) settled: bool,
    pub(crate) state: MqttState,
    /// Whether the module itself has told the state.
    pub(crate) state_known: bool,
    /// Seconds.
    pub(crate) ack_timeout: u16,
    pub(crate) keepalive: Option<u16>,
    /// The packet id of the next publish or subscription.
    pub(crate) next_id: u16,
    /// Whether QoS 0 publishes take packet ids, once that is known.
    pub(crate) qos0_takes_id: Option<bool>,
    /// Filter, QoS and whether payloads come as hex.
    pub(crate) subscriptions: Vec<(String, QoS, bool)>,
    /// The connection that is made again when it is lost.
    pub(crate) goal: Option<ConnectOptions>,
}

impl Session {
    /// What this session knows now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let shared = &self.scheduler.shared;
        Snapshot {
            model: shared.model,
            settled: shared.settled,
            state: shared.machine.state(),
            state_known: shared.machine.is_known(),
            ack_timeout: shared.ack_timeout,
            keepalive: shared.keepalive,
            next_id: shared.acks.next_id(),
            qos0_takes_id: shared.acks.qos0_takes_id(),
            subscriptions: shared
                .subscriptions
                .live()
                .map(|live| (live.filter.clone(), live.qos, live.hex))
                .collect(),
            goal: shared.recovery.goal().cloned(),
        }
    }

    /// Takes over what another session knew; nothing may have begun.
    pub(crate) fn restore(&mut self, now: Instant, snapshot: &Snapshot) {
        let shared = &mut self.scheduler.shared;
        shared.set_profile(snapshot.model);
        shared.settled = snapshot.settled;
        shared.machine.restore(snapshot.state, snapshot.state_known);
        shared.ack_timeout = snapshot.ack_timeout;
        shared.keepalive = snapshot.keepalive;
        shared
            .acks
            .restart_at(snapshot.next_id, snapshot.qos0_takes_id);
        if snapshot.state_known {
            shared.subscriptions.clear();
        }
        for (filter, qos, hex) in &snapshot.subscriptions {
            shared.subscriptions.ask(filter, *qos, *hex);
            shared.subscriptions.grant(filter, *qos, *hex);
        }
        if let Some(goal) = &snapshot.goal {
            shared.recovery.remember(now, goal);
        }
        self.tell_framer();
    }

    /// How the session was set up, with the recovery that is in force now.
    pub(crate) fn config(&self) -> SessionConfig {
        let shared = &self.scheduler.shared;
        SessionConfig {
            recovery: shared.recovery.policy().clone(),
            ..shared.config.clone()
        }
    }
}
