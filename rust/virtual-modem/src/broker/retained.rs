//! The last retained message of each topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use m531x_at::topic::matches;

use super::budget::{MOST_RETAINED, MOST_RETAINED_BYTES};
use super::routing::Message;

/// Retained messages by topic.
#[derive(Debug, Default)]
pub(super) struct Retained {
    messages: BTreeMap<Arc<str>, Message>,
    bytes: usize,
}

impl Retained {
    /// Keeps a message published with RETAIN; an empty payload clears its topic.
    pub(super) fn store(&mut self, message: &Message) {
        if let Some(older) = self.messages.remove(&message.topic) {
            self.bytes -= older.bytes();
        }
        let fits = self.messages.len() < MOST_RETAINED
            && self.bytes + message.bytes() <= MOST_RETAINED_BYTES
            && message.is_paid();
        if !message.payload.is_empty() && fits {
            self.bytes += message.bytes();
            self.messages
                .insert(Arc::clone(&message.topic), message.clone());
        }
    }

    /// What new subscriptions, each with its granted QoS, are sent, in the order of topics: each message
    /// once, however many of them match.
    pub(super) fn matching(&self, filters: &[(&str, u8)]) -> Vec<Message> {
        let granted = |message: &Message| {
            let topic = message.topic.as_bytes();
            let matching = filters.iter().filter(|(f, _)| matches(f.as_bytes(), topic));
            matching.map(|(_, qos)| *qos).max()
        };
        self.messages
            .values()
            .filter_map(|message| {
                Some(Message {
                    qos: message.qos.min(granted(message)?),
                    ..message.clone()
                })
            })
            .collect()
    }
}
