//! What the broker has sent and a slow network has not brought yet.

use std::collections::VecDeque;
use std::time::Instant;

use super::Module;

/// The most that a slow network brings at once, in bytes.
const PIECE: usize = 512;

/// What is under way from the broker, in order.
#[derive(Debug, Default)]
pub(super) struct Air {
    under_way: VecDeque<(Instant, Arrival)>,
}

#[derive(Debug)]
enum Arrival {
    Bytes(Vec<u8>),
    /// The end of the connection, and why.
    Lost(String),
}

impl Air {
    /// The connection is another one, or none.
    pub(super) fn clear(&mut self) {
        self.under_way.clear();
    }

    fn last(&self, now: Instant) -> Instant {
        self.under_way.back().map_or(now, |(at, _)| *at)
    }
}

impl Module {
    /// When something arrives; nothing does while the network is cut.
    pub(super) fn air_timeout(&self) -> Option<Instant> {
        let (at, _) = self.air.under_way.front()?;
        (!self.network_cut()).then_some(*at)
    }

    /// Bytes are on their way; `false` if they are here already.
    pub(super) fn hold_up_bytes(&mut self, now: Instant, bytes: &[u8]) -> bool {
        if self.air.under_way.is_empty() && self.faults.arrival(false).is_zero() {
            return false;
        }
        for (number, piece) in bytes.chunks(PIECE).enumerate() {
            let delay = self.faults.arrival(number > 0);
            let at = if number == 0 {
                self.air.last(now).max(now + delay)
            } else {
                self.air.last(now) + delay
            };
            let arrival = Arrival::Bytes(piece.to_vec());
            self.air.under_way.push_back((at, arrival));
        }
        true
    }

    /// The end of the connection comes behind what is on its way; `false` if nothing is.
    pub(super) fn hold_up_end(&mut self, now: Instant, why: &str) -> bool {
        if self.air.under_way.is_empty() {
            return false;
        }
        let arrival = Arrival::Lost(why.to_owned());
        self.air.under_way.push_back((self.air.last(now), arrival));
        true
    }

    pub(super) fn handle_air_timeout(&mut self, now: Instant) {
        while self.air_timeout().is_some_and(|at| at <= now) {
            match self.air.under_way.pop_front() {
                Some((_, Arrival::Bytes(bytes))) => self.mqtt_bytes(now, &bytes),
                Some((_, Arrival::Lost(why))) => self.mqtt_lost(now, &why),
                None => return,
            }
        }
    }
}
