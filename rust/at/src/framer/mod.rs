//! From the bytes of the port to lines and messages.

mod frame;

use std::time::Instant;

pub use frame::{Frame, FramerConfig, OnAmbiguous, silence_limit};

/// Cuts what the module sends into lines and messages.
#[derive(Clone, Debug)]
pub struct Framer {
    config: FramerConfig,
}

impl Framer {
    /// A framer with an empty buffer whose subscriptions are not known yet.
    pub fn new(config: FramerConfig) -> Self {
        Self { config }
    }

    /// Takes bytes that arrived at `now`; read the frames with [`next_frame`](Self::next_frame) until `None`.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        let _ = (now, bytes);
        todo!()
    }

    /// Tells that it is `now`; read the frames with [`next_frame`](Self::next_frame) until `None`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
        todo!()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if a decision waits for silence.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let _ = self.config.silence_limit;
        todo!()
    }

    /// The next frame, or `None` when more bytes or time are needed.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        todo!()
    }

    /// Tells which topic filters are subscribed to; until then every topic counts as subscribed.
    pub fn set_subscriptions<'a>(&mut self, filters: impl IntoIterator<Item = &'a str>) {
        let _ = filters.into_iter().count();
        todo!()
    }

    /// Forgets buffered bytes and open decisions, as after a lost port; the subscriptions stay.
    pub fn reset(&mut self) {
        todo!()
    }
}
