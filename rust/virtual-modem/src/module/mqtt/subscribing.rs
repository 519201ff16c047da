//! `AT+MQTTSUB`, `AT+MQTTSUB?` and `AT+MQTTUNSUB` (manual 1.4 and 1.6).

use std::time::Instant;

use m531x_at::command::{MqttSub, MqttUnsub};
use m531x_at::response::SubscriptionLine;
use m531x_at::topic;

use super::super::Module;
use super::super::answer::{Answer, WRONG_PARAMETERS, done};
use super::Client;
use super::acks::Request;
use crate::mqtt_client::ClientEvent;

/// What the broker answers to a subscription that it refuses.
const REFUSED: u8 = 128;

impl Module {
    pub(super) fn subscribe(&mut self, now: Instant, sub: &MqttSub) -> Answer {
        let refused = self.faults.refuses(&sub.filter);
        let qos = self.faults.grant(sub.qos);
        let profile = self.profile;
        let traits = self.traits;
        let client = self.able_to_send()?;
        let wrong_index = sub.hex && !profile.hex_delivery;
        if wrong_index
            || topic::validate_filter(sub.filter.as_bytes(), profile.topic_limit).is_err()
        {
            return Err(WRONG_PARAMETERS);
        }
        if let Some(number) = traits
            .refused_double_sub
            .filter(|_| client.has(&sub.filter))
        {
            return Err(number);
        }
        let packet_id = client.next_packet_id(&traits);
        let request = Request::Subscribe {
            filter: sub.filter.clone(),
            wanted: sub.qos.into(),
            hex: sub.hex,
            since: now,
        };
        client.in_flight.insert(packet_id, request);
        if refused {
            // The broker never hears of it: it would grant it, and send its messages.
            let code = REFUSED;
            self.handle_ack(now, ClientEvent::SubAck { packet_id, code });
        } else {
            client
                .mqtt
                .subscribe(now, packet_id, &sub.filter, qos.into());
        }
        done()
    }

    #[expect(clippy::unnecessary_wraps, reason = "every command ends in an Answer")]
    pub(super) fn read_subscriptions(&self) -> Answer {
        let mut lines = vec![SubscriptionLine::Heading.encode().to_vec()];
        if let Some(client) = &self.mqtt.client {
            let filters = client.subscriptions.iter();
            lines.extend(filters.map(|known| known.filter.clone().into_bytes()));
        }
        Ok(lines)
    }

    pub(super) fn unsubscribe(&mut self, now: Instant, unsub: &MqttUnsub) -> Answer {
        let limit = self.profile.topic_limit;
        let traits = self.traits;
        let client = self.able_to_send()?;
        let too_long = traits
            .unsub_limit
            .is_some_and(|limit| unsubscribe_packet_size(&unsub.filter) > limit);
        if too_long || topic::validate_filter(unsub.filter.as_bytes(), limit).is_err() {
            return Err(WRONG_PARAMETERS);
        }
        if let Some(number) = traits.refused_unsub.filter(|_| !client.has(&unsub.filter)) {
            return Err(number);
        }
        let packet_id = client.next_packet_id(&traits);
        let request = Request::Unsubscribe {
            filter: unsub.filter.clone(),
            since: now,
        };
        client.in_flight.insert(packet_id, request);
        client.mqtt.unsubscribe(now, packet_id, &unsub.filter);
        done()
    }
}

impl Client {
    /// Whether the topic table holds this filter.
    fn has(&self, filter: &str) -> bool {
        self.subscriptions
            .iter()
            .any(|known| known.filter == filter)
    }
}

/// The size in bytes of an UNSUBSCRIBE packet (MQTT 3.1.1, 3.10): packet id and one filter.
fn unsubscribe_packet_size(filter: &str) -> usize {
    let remaining = 2 + 2 + filter.len();
    let digits = if remaining < 128 { 1 } else { 2 };
    1 + digits + remaining
}
