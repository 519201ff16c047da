//! `AT+MQTTPUB` and `+MQTTPUBLISH` (manual 1.5 and 1.11).

use std::borrow::Cow;
use std::time::Instant;

use m531x_at::QoS;
use m531x_at::command::{MqttPub, publish_packet_size};
use m531x_at::urc::{Publish, Urc};
use m531x_at::{hex, topic};

use super::super::Module;
use super::super::answer::{Answer, WRONG_PARAMETERS, done};
use super::acks::Request;

const LINE_END: &[u8] = b"\r\n";

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
        client.mqtt.publish(
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
        let digits = as_hex.then(|| hex::encode(payload).into_bytes());
        let (payload, missing, digits) = match digits {
            Some(digits) if !self.traits.hex_in_bytes => (Cow::from(digits), missing * 2, None),
            digits => (Cow::from(payload), missing, digits),
        };
        let publish = Publish {
            dup,
            qos,
            retain,
            packet_id,
            topic,
            payload: &payload,
            truncated: false,
            ambiguous: false,
        };
        let line = self.encode_message(&publish, missing, digits);
        self.urc_bytes(now, line);
        if let Some(client) = &mut self.mqtt.client {
            client.mqtt.acknowledge(now, qos.into(), packet_id);
        }
    }

    /// The message as printed, with the faults of old firmware where they are asked for; `missing` bytes
    /// are declared that did not come, and `digits` stand for the payload on a line of their own.
    fn encode_message(
        &mut self,
        publish: &Publish<'_>,
        missing: usize,
        digits: Option<Vec<u8>>,
    ) -> Vec<u8> {
        let surplus = self.faults.declared_longer() + missing;
        let mut declared = publish.payload.to_vec();
        declared.resize(declared.len() + surplus, 0);
        let mut line = Vec::new();
        let whole = Publish {
            payload: &declared,
            ..*publish
        };
        Urc::Publish(whole).encode(self.profile, &mut line);
        line.truncate(line.len() - declared.len() - LINE_END.len());
        match digits {
            Some(digits) => {
                // The comma behind the length.
                line.pop();
                line.extend_from_slice(LINE_END);
                line.extend(digits);
            }
            None => line.extend_from_slice(publish.payload),
        }
        if !self.faults.no_final_crlf() {
            line.extend_from_slice(LINE_END);
        }
        line
    }
}
