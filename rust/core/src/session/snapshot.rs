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
    /// Whether the module itself has reported the state.
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
        let state = &self.scheduler.state;
        Snapshot {
            model: state.model,
            settled: state.settled,
            state: state.connection.state(),
            state_known: state.connection.is_known(),
            ack_timeout: state.ack_timeout,
            keepalive: state.keepalive,
            next_id: state.packet_ids.next_id(),
            qos0_takes_id: state.packet_ids.qos0_takes_id(),
            subscriptions: state
                .subscriptions
                .live()
                .map(|live| (live.filter.clone(), live.qos, live.hex))
                .collect(),
            goal: state.recovery.goal().cloned(),
        }
    }

    /// Takes over what another session knew; nothing may have begun.
    pub(crate) fn restore(&mut self, now: Instant, snapshot: &Snapshot) {
        let state = &mut self.scheduler.state;
        state.set_profile(snapshot.model);
        state.settled = snapshot.settled;
        state
            .connection
            .restore(snapshot.state, snapshot.state_known);
        state.ack_timeout = snapshot.ack_timeout;
        state.keepalive = snapshot.keepalive;
        state
            .packet_ids
            .restart_at(snapshot.next_id, snapshot.qos0_takes_id);
        if snapshot.state_known {
            state.subscriptions.clear();
        }
        for (filter, qos, hex) in &snapshot.subscriptions {
            state.subscriptions.ask(filter, *qos, *hex);
            state.subscriptions.grant(filter, *qos, *hex);
        }
        if let Some(goal) = &snapshot.goal {
            state.recovery.remember(now, goal);
        }
        self.update_framer();
    }

    /// How the session was set up, with the recovery that is in force now.
    pub(crate) fn config(&self) -> SessionConfig {
        let state = &self.scheduler.state;
        SessionConfig {
            recovery: state.recovery.policy().clone(),
            ..state.config.clone()
        }
    }
}
