//! The last retained message of each topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use m531x_at::topic::matches;

use super::routing::Message;

/// Retained messages by topic.
#[derive(Debug, Default)]
pub(super) struct Retained {
    messages: BTreeMap<Arc<str>, Message>,
}

impl Retained {
    /// Keeps a message published with RETAIN; an empty payload clears its topic.
    pub(super) fn store(&mut self, message: &Message) {
        if message.payload.is_empty() {
            self.messages.remove(&message.topic);
        } else {
            self.messages
                .insert(Arc::clone(&message.topic), message.clone());
        }
    }

    /// What a new subscription is sent, in the order of topics.
    pub(super) fn matching(&self, filter: &str) -> Vec<Message> {
        self.messages
            .values()
            .filter(|message| matches(filter.as_bytes(), message.topic.as_bytes()))
            .cloned()
            .collect()
    }
}
