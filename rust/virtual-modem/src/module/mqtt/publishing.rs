//! `AT+MQTTPUB` and `+MQTTPUBLISH` (manual 1.5 and 1.11).

use std::time::Instant;

use m531x_at::QoS;
use m531x_at::command::{MqttPub, publish_packet_size};
use m531x_at::urc::{Publish, Urc};
use m531x_at::{hex, topic};

use super::super::Module;
use super::super::answer::{Answer, WRONG_PARAMETERS, done};
use super::acks::Request;

impl Module {
    pub(super) fn publish(&mut self, now: Instant, publish: &MqttPub) -> Answer {
        let profile = self.profile;
        let traits = self.traits;
        let client = self.able_to_send()?;
        let name = publish.topic.as_bytes();
        if topic::validate_name(name, profile.topic_limit).is_err()
            || publish_packet_size(name, publish.payload.len(), publish.qos) > profile.publish_limit
        {
            return Err(WRONG_PARAMETERS);
        }
        let acknowledged = publish.qos != QoS::AtMostOnce;
        let packet_id =
            (acknowledged || traits.qos0_takes_id).then(|| client.next_packet_id(&traits));
        let packet_id = packet_id.filter(|_| acknowledged);
        if let Some(packet_id) = packet_id {
            client
                .in_flight
                .insert(packet_id, Request::Publish { since: now });
        }
        client.uplink.publish(
            now,
            packet_id,
            &publish.topic,
            &publish.payload,
            publish.qos.into(),
            publish.retain,
        );
        done()
    }

    /// Prints a message, then acknowledges it to the broker.
    pub(super) fn print_message(
        &mut self,
        now: Instant,
        (dup, qos, retain, packet_id): (bool, QoS, bool, u16),
        topic: &[u8],
        payload: &[u8],
        missing: usize,
    ) {
        let as_hex = self.mqtt.client.as_ref().is_some_and(|client| {
            client
                .subscriptions
                .iter()
                .any(|known| known.hex && topic::matches(known.filter.as_bytes(), topic))
        });
        let digits;
        let (payload, missing) = if as_hex {
            digits = hex::encode(payload);
            (digits.as_bytes(), missing * 2)
        } else {
            (payload, missing)
        };
        let publish = Publish {
            dup,
            qos,
            retain,
            packet_id,
            topic,
            payload,
            truncated: false,
            ambiguous: false,
        };
        let line = self.encode_message(&publish, missing);
        self.urc_bytes(now, line);
        if let Some(client) = &mut self.mqtt.client {
            client.uplink.acknowledge(now, qos.into(), packet_id);
        }
    }

    /// The message as printed, with the faults of old firmware where they are asked for; `missing` bytes
    /// are declared that did not come.
    fn encode_message(&mut self, publish: &Publish<'_>, missing: usize) -> Vec<u8> {
        let surplus = self.faults.declared_longer() + missing;
        let mut line = Vec::new();
        if surplus == 0 {
            Urc::Publish(*publish).encode(self.profile, &mut line);
        } else {
            let mut longer = publish.payload.to_vec();
            longer.resize(longer.len() + surplus, 0);
            let declared = Publish {
                payload: &longer,
                ..*publish
            };
            Urc::Publish(declared).encode(self.profile, &mut line);
            line.truncate(line.len() - surplus - 2);
            line.extend_from_slice(b"\r\n");
        }
        if self.faults.no_final_crlf() {
            line.truncate(line.len() - 2);
        }
        line
    }
}
