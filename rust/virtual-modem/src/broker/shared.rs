//! Shared subscriptions: of the sessions that share one, each message goes to the next.

use std::collections::BTreeMap;

use super::core::Core;
use super::routing::Message;

impl Core {
    /// The client id and filter of those whose turn it is, one for each shared subscription that
    /// matches: connected sessions that take the message now come first, then the one that has waited longest.
    pub(super) fn next_in_turn(&self, message: &Message) -> Vec<(String, String)> {
        let mut chosen = BTreeMap::new();
        for (client_id, session) in &self.sessions {
            for (filter, entry) in session.subscriptions.shared(&message.topic) {
                let takes_qos_0 = self.online.get(client_id).is_some_and(|id| {
                    let connection = self.connections.get(id);
                    connection.is_some_and(|connection| !connection.congested)
                });
                let lost = message.qos.min(entry.qos) == 0 && !takes_qos_0;
                let away = !self.online.contains_key(client_id);
                let rank = (lost, away, entry.served);
                let first = chosen.entry(filter).or_insert((rank, client_id));
                if rank < first.0 {
                    *first = (rank, client_id);
                }
            }
        }
        let name =
            |(filter, (_, client_id)): (&str, (_, &String))| (client_id.clone(), filter.to_owned());
        chosen.into_iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::connection::ConnectionId;
    use super::super::core::Output;
    use super::super::options::BrokerOptions;
    use super::*;
    use crate::codec::{Connect, Packet, Publish};

    struct Bench {
        core: Core,
        now: Instant,
    }

    impl Bench {
        fn say(&mut self, id: u64, packet: Packet) {
            let bytes = packet.encode().unwrap();
            self.core.handle_bytes(self.now, ConnectionId(id), &bytes);
        }

        /// Connects without a clean session and subscribes to this.
        fn client(&mut self, id: u64, filter: &str) {
            self.core.handle_accepted(self.now, ConnectionId(id));
            let connect = Connect {
                client_id: format!("client-{id}"),
                clean_session: false,
                keepalive: 0,
                will: None,
                username: None,
                password: None,
            };
            self.say(id, Packet::Connect(Box::new(connect)));
            let filters = vec![(filter.to_owned(), 1)];
            self.say(
                id,
                Packet::Subscribe {
                    packet_id: 1,
                    filters,
                },
            );
        }

        /// Who gets a message.
        fn publish(&mut self, id: u64, topic: &str, qos: u8) -> Vec<u64> {
            while self.core.poll_output().is_some() {}
            let publish = Publish {
                dup: false,
                qos,
                retain: false,
                packet_id: u16::from(qos),
                topic: topic.into(),
                payload: b"x".to_vec().into(),
            };
            self.say(id, Packet::Publish(publish));
            let mut to = Vec::new();
            while let Some(Output::Send(ConnectionId(id), bytes)) = self.core.poll_output() {
                if bytes[0] >> 4 == 3 {
                    to.push(id);
                }
            }
            to
        }
    }

    #[test]
    fn connected_members_take_the_turn_of_the_others() {
        let mut bench = Bench {
            core: Core::new(BrokerOptions::default()),
            now: Instant::now(),
        };
        bench.client(0, "none");
        for id in 1..4 {
            bench.client(id, "$share/g/a/+");
        }
        let round = |bench: &mut Bench, qos| -> Vec<u64> {
            (0..6).flat_map(|_| bench.publish(0, "a/b", qos)).collect()
        };
        assert_eq!(round(&mut bench, 1), [1, 2, 3, 1, 2, 3]);
        bench.core.handle_lost(ConnectionId(2));
        assert_eq!(round(&mut bench, 1), [1, 3, 1, 3, 1, 3]);
        bench.core.set_congested(ConnectionId(3), true);
        assert_eq!(round(&mut bench, 0), [1; 6], "QoS 0 is not kept for anyone");
        bench.core.handle_lost(ConnectionId(1));
        bench.core.handle_lost(ConnectionId(3));
        assert_eq!(round(&mut bench, 1).len(), 0);
        for id in 1..4 {
            bench.client(id, "other");
        }
        let mut kept = 0;
        while let Some(output) = bench.core.poll_output() {
            kept += usize::from(matches!(output, Output::Send(_, bytes) if bytes[0] >> 4 == 3));
        }
        assert!(
            kept >= 6,
            "all of them wait for those who come back: {kept}"
        );
    }
}
