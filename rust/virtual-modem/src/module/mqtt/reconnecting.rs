//! The module's own attempts to connect again (manual 1.2 and 2.4), and the end of a connection.

use std::time::{Duration, Instant};

use m531x_at::urc::Urc;

use super::super::Module;
use super::{Ending, Mqtt, State, host};

/// How long the module waits before each attempt to reconnect (firmware); after the last it gives up.
const WAITS: [Duration; 3] = [
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// What the vendor's client says unasked when it gives up.
const GAVE_UP: &[u8] = b"+CME ERROR: 615\r\n";

impl Ending {
    /// In how many milliseconds `+MQTTDISC` follows, at least and at most (measured).
    fn notice(self) -> (u64, u64) {
        match self {
            Self::Asked => (600, 1300),
            Self::LinkDead => (1500, 2500),
            Self::Refused | Self::GaveUp => (1000, 1000),
            Self::NameUnknown => (200, 900),
        }
    }
}

impl Mqtt {
    fn moment(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.random.u64(least..=most))
    }
}

impl Module {
    /// What the state does by itself at this time.
    pub(super) fn handle_state_timeout(&mut self, now: Instant) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        let state = client.state;
        if state.due().is_none_or(|due| due > now) {
            return;
        }
        match state {
            State::Hung { .. } => self.handle_connect_timeout(now),
            State::Reconnecting { attempt, .. } => {
                client.state = State::Reconnecting {
                    attempt,
                    since: now,
                    wait_until: None,
                };
                self.urc(now, &Urc::Rec { attempt });
                self.dial(now);
            }
            State::Ending { .. } => self.rest(now),
            _ => {}
        }
    }

    /// Waits for the next attempt, or gives up.
    pub(super) fn reconnect(&mut self, now: Instant, attempt: u32) {
        let reconnects = self.mqtt.reconnects;
        let wait = usize::try_from(attempt)
            .ok()
            .and_then(|attempt| WAITS.get(attempt))
            .filter(|_| reconnects);
        let Some(wait) = wait else {
            self.give_up(now);
            return;
        };
        let lateness = if self.traits.tick.is_zero() {
            Duration::ZERO
        } else {
            self.mqtt.moment(0, 999)
        };
        let keeps_session = self.traits.keeps_session;
        if let Some(client) = &mut self.mqtt.client {
            client.forget_connection(keeps_session);
            client.state = State::Reconnecting {
                attempt,
                since: now,
                wait_until: Some(now + *wait + lateness),
            };
        }
    }

    pub(super) fn give_up(&mut self, now: Instant) {
        if self.traits.stray_615 {
            self.urc_bytes(now, GAVE_UP.to_vec());
        }
        self.end(now, Ending::GaveUp);
    }

    /// The connection has ended: `+MQTTDISC` follows, at once or after a while.
    pub(super) fn end(&mut self, now: Instant, why: Ending) {
        let keeps_session = self.traits.keeps_session;
        let (least, most) = why.notice();
        let notice = self.mqtt.moment(least, most);
        if let Some(client) = &mut self.mqtt.client {
            client.forget_connection(keeps_session);
            if self.traits.late_disc {
                let until = now + notice;
                client.state = State::Ending { until, why };
            } else {
                self.rest(now);
            }
        }
    }

    /// Reports the end of the connection.
    fn rest(&mut self, now: Instant) {
        let fine = self.traits.fine_states;
        if let Some(client) = &mut self.mqtt.client {
            client.state = if fine {
                State::Initialised
            } else {
                State::Disconnected
            };
            self.urc(now, &Urc::Disc);
        }
    }

    pub(super) fn dial(&mut self, now: Instant) {
        let Some(client) = &self.mqtt.client else {
            return;
        };
        let config = self.mqtt_config(&client.cfg, &client.open);
        let can_be_found = host::can_be_found(&config.host);
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.set_config(config);
            if can_be_found {
                client.mqtt.start(now);
            } else {
                self.fail_to_find(now);
            }
        }
    }
}
