//! Another client of the broker, on a perfect line: it records what arrived, and publishes.

use std::time::Instant;

use m531x_core::QoS;
use m531x_virtual_modem::broker::{ConnectionId, Core, Output};
use m531x_virtual_modem::mqtt_client::{ClientConfig, ClientEvent, MqttClient};

use super::Network;

const ID: ConnectionId = ConnectionId(0);
/// What the module publishes to.
const OUTBOUND: &str = "out/#";

/// What the broker passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
}

pub struct Observer {
    client: MqttClient,
    last_id: u16,
    /// Everything that arrived under `out/`, in order.
    pub arrived: Vec<Arrival>,
}

impl Default for Observer {
    fn default() -> Self {
        Self {
            client: MqttClient::new(ClientConfig {
                keepalive: 0,
                ..ClientConfig::new("broker", "observer")
            }),
            last_id: 0,
            arrived: Vec::new(),
        }
    }
}

impl Observer {
    pub(super) fn connect(&mut self, now: Instant, broker: &mut Core) {
        self.client.start(now);
        broker.handle_accepted(now, ID);
        self.client.handle_connected(now);
        self.exchange(now, broker);
        assert!(self.client.is_online());
        let id = self.next_id();
        self.client.subscribe(now, id, OUTBOUND, 2);
        self.exchange(now, broker);
    }

    pub(super) fn publish(
        &mut self,
        now: Instant,
        broker: &mut Core,
        topic: &str,
        payload: &[u8],
        qos: QoS,
    ) {
        let id = (qos != QoS::AtMostOnce).then(|| self.next_id());
        self.client
            .publish(now, id, topic, payload, qos.into(), false);
        self.send(now, broker);
    }

    pub fn copies(&self, topic: &str) -> usize {
        self.arrived.iter().filter(|a| a.topic == topic).count()
    }

    /// Takes what the broker has for this client, and gives the network the rest.
    pub(super) fn pump(&mut self, now: Instant, broker: &mut Core, network: &mut Network) -> bool {
        let mut moved = false;
        while let Some(output) = broker.poll_output() {
            moved = true;
            match output {
                Output::Send(ID, bytes) => self.client.handle_bytes(now, &bytes),
                Output::Close(ID) => panic!("the broker has thrown the observer out"),
                output => network.take(now, output),
            }
            self.take_events(now);
            self.send(now, broker);
        }
        moved
    }

    /// Before there is any other client.
    fn exchange(&mut self, now: Instant, broker: &mut Core) {
        self.send(now, broker);
        while let Some(output) = broker.poll_output() {
            if let Output::Send(ID, bytes) = output {
                self.client.handle_bytes(now, &bytes);
            }
            self.take_events(now);
            self.send(now, broker);
        }
    }

    fn send(&mut self, now: Instant, broker: &mut Core) {
        while self.client.poll_net().is_some() {}
        while let Some(bytes) = self.client.poll_transmit() {
            broker.handle_bytes(now, ID, &bytes);
        }
    }

    fn take_events(&mut self, now: Instant) {
        while let Some(event) = self.client.poll_event() {
            if let ClientEvent::Message {
                qos,
                packet_id,
                topic,
                payload,
                ..
            } = event
            {
                self.client.acknowledge(now, qos, packet_id);
                self.arrived.push(Arrival {
                    topic: String::from_utf8(topic).unwrap(),
                    payload,
                    qos,
                });
            }
        }
    }

    fn next_id(&mut self) -> u16 {
        self.last_id = self.last_id % 60_000 + 1;
        self.last_id
    }
}
