//! `AT+MQTTTO`, `AT+MQTTPING` (manual 1.9 and 1.10) and `AT+MQTTREC`.

use std::time::Duration;

use m531x_at::command::{MqttPing, MqttRec, MqttTo};
use m531x_at::command_line::check_keepalive;

use super::super::Module;
use super::super::answer::{Answer, UNKNOWN, WRONG_PARAMETERS, done};

impl Module {
    /// The ack timeout has to be smaller than the keep-alive, or lost pings go unnoticed.
    pub(super) fn set_ack_timeout(&mut self, timeout: MqttTo) -> Answer {
        let keepalive = self.mqtt.client.as_ref().map_or(0, |c| c.cfg.keepalive);
        if timeout.seconds == 0 || check_keepalive(keepalive, timeout.seconds).is_err() {
            return Err(WRONG_PARAMETERS);
        }
        self.mqtt.ack_timeout = Duration::from_secs(timeout.seconds.into());
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.set_ack_timeout(self.mqtt.ack_timeout);
        }
        done()
    }

    pub(super) fn set_ping_report(&mut self, ping: MqttPing) -> Answer {
        self.mqtt.ping_report = ping.report;
        done()
    }

    pub(super) fn set_reconnecting(&mut self, rec: MqttRec) -> Answer {
        if !self.profile.reconnect_switch {
            return Err(UNKNOWN);
        }
        self.mqtt.reconnects = rec.enabled;
        done()
    }
}
