//! One network connection: who it is, what it left to be done at its end, and until when.

use std::time::{Duration, Instant};

use super::budget::Charge;
use super::routing::Message;
use crate::codec::Decoder;

/// Largest packet taken from a client, in bytes.
const LARGEST_PACKET: u32 = 1 << 20;
/// How long a connection may stay without CONNECT.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of a connection, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One network connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) decoder: Decoder,
    /// Bytes of the packet that has come in part, as counted last.
    pub(super) partial: usize,
    /// Set by CONNECT.
    pub(super) client: Option<Client>,
    /// The network takes no more for now: QoS 0 is dropped.
    pub(super) congested: bool,
    last_received: Instant,
    silence: Option<Duration>,
}

/// What CONNECT said.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: String,
    /// For the id.
    pub(super) _charge: Charge,
    /// Taken away by DISCONNECT.
    pub(super) will: Option<Message>,
}

impl Connection {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            decoder: Decoder::new(LARGEST_PACKET),
            partial: 0,
            client: None,
            congested: false,
            last_received: now,
            silence: Some(CONNECT_TIMEOUT),
        }
    }

    /// CONNECT was accepted: from now on one and a half keep-alives of silence end it (3.1.2.10).
    pub(super) fn accept(&mut self, client: Client, keepalive: u16) {
        self.client = Some(client);
        self.silence = (keepalive > 0).then(|| Duration::from_millis(u64::from(keepalive) * 1500));
    }

    /// A whole packet came.
    pub(super) fn received(&mut self, now: Instant) {
        // Until CONNECT only the time since the start counts.
        if self.client.is_some() {
            self.last_received = now;
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.silence.map(|silence| self.last_received + silence)
    }
}
