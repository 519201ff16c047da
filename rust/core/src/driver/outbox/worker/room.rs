//! Accepting publishes within the limits.

use super::Worker;
use crate::driver::outbox::StoredMessage;
use crate::driver::outbox::note::Keep;
use crate::driver::overflow::OutboxOverflow;
use crate::{Error, ErrorCode, EventKind};

impl Worker {
    /// Commits them together, as far as there is room.
    pub(super) fn accept(&mut self, keeps: Vec<Keep>) {
        let mut batch: Vec<(StoredMessage, Keep)> = Vec::new();
        let mut batched = 0;
        for keep in keeps {
            let bytes = keep.message.bytes();
            if !self.has_room(bytes, (batch.len() as u64, batched)) {
                // A message that is to make room for another has to be in the file.
                self.commit(&mut batch);
                batched = 0;
                if let Err(error) = self.make_room(bytes) {
                    let _ = keep.accepted.send(Err(error));
                    continue;
                }
            }
            let message = StoredMessage {
                id: self.store.take_id(),
                ..keep.message.clone()
            };
            batched += bytes;
            batch.push((message, keep));
        }
        self.commit(&mut batch);
        self.report_dropped();
    }

    fn has_room(&self, bytes: u64, (messages, more): (u64, u64)) -> bool {
        let contents = self.store.contents();
        contents.waiting + contents.set_aside + messages < self.options.max_messages
            && contents.bytes + more + bytes <= self.options.max_bytes
    }

    /// Messages set aside go first; then, if that is wanted, those that have waited longest.
    fn make_room(&mut self, bytes: u64) -> Result<(), Error> {
        while !self.has_room(bytes, (0, 0)) {
            let oldest = match self.store.next_set_aside(0)? {
                None if self.options.overflow == OutboxOverflow::DropOldest => {
                    self.oldest_at_rest()?
                }
                aside => aside,
            };
            let Some(message) = oldest.filter(|_| bytes <= self.options.max_bytes) else {
                return Err(self.full());
            };
            self.store.remove(&[message.id])?;
            self.order.gone(message.id);
            self.dropped += 1;
            self.publish_stats(|stats| stats.dropped += 1);
            let text = "the message was dropped from the outbox to make room for a newer one";
            self.finish(message.id, Err(Error::new(ErrorCode::OutboxFull, text)));
        }
        Ok(())
    }

    fn oldest_at_rest(&self) -> Result<Option<StoredMessage>, Error> {
        let mut after = 0;
        loop {
            let message = self.store.next(after)?;
            match &message {
                Some(found) if self.order.is_on_its_way(found.id) => after = found.id,
                _ => return Ok(message),
            }
        }
    }

    fn report_dropped(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            self.publisher.report(
                EventKind::OutboxDropped,
                i64::try_from(dropped).unwrap_or(i64::MAX),
                "the oldest messages of the outbox were dropped to make room".to_owned(),
            );
        }
    }

    fn full(&self) -> Error {
        let contents = self.store.contents();
        Error::new(
            ErrorCode::OutboxFull,
            format!(
                "outbox {}: full with {} of {} messages and {} of {} bytes; the publish was not \
                 accepted: try again once some were sent",
                self.options.path.display(),
                contents.waiting + contents.set_aside,
                self.options.max_messages,
                contents.bytes,
                self.options.max_bytes,
            ),
        )
    }
}
