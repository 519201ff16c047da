//! What clients have published, for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::routing::Message;

/// How many messages are kept; the oldest go first.
const LIMIT: usize = 10_000;
/// How many bytes they may have together.
const BYTES: usize = 8 << 20;

/// A message that a client has published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The topic name.
    pub topic: Arc<str>,
    /// The payload.
    pub payload: Arc<[u8]>,
    /// The QoS of the client's PUBLISH, or of its will.
    pub qos: u8,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// When the broker took it.
    pub at: Instant,
}

/// The last messages that clients have published, for everyone who has a copy.
#[derive(Clone, Debug, Default)]
pub struct PublishedLog(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    messages: VecDeque<Published>,
    bytes: usize,
}

impl PublishedLog {
    /// The messages in the order in which the broker took them: the last 10 000, and at most 8 MiB.
    pub fn messages(&self) -> Vec<Published> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.messages.iter().cloned().collect()
    }

    pub(super) fn add(&self, at: Instant, message: &Message) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += message.bytes();
        kept.messages.push_back(Published {
            topic: Arc::clone(&message.topic),
            payload: Arc::clone(&message.payload),
            qos: message.qos,
            retain: message.retain,
            at,
        });
        while kept.messages.len() > LIMIT || kept.bytes > BYTES {
            let Some(oldest) = kept.messages.pop_front() else {
                break;
            };
            kept.bytes -= oldest.topic.len() + oldest.payload.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::*;
    use crate::codec::Publish;

    fn add(log: &PublishedLog, payload: Vec<u8>) {
        let publish = Publish {
            dup: false,
            qos: 0,
            retain: false,
            packet_id: 0,
            topic: "t".into(),
            payload: payload.into(),
        };
        log.add(Instant::now(), &Message::new(publish, &Budget::default()));
    }

    #[test]
    fn the_oldest_go_first() {
        let log = PublishedLog::default();
        for number in 0..=LIMIT {
            add(&log, number.to_string().into_bytes());
        }
        let messages = log.messages();
        assert_eq!(messages.len(), LIMIT);
        assert_eq!(&*messages[0].payload, b"1");
        add(&log, vec![0; BYTES - 1]);
        assert_eq!(log.messages().len(), 1);
    }
}
