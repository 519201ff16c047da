//! The way from the module to the broker: TCP as far as MQTT sees it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_virtual_modem::broker::{ConnectionId, Core, Output};
use m531x_virtual_modem::module::{Module, NetworkAction};

/// From one side to the other, unless a test says otherwise.
const LATENCY: Duration = Duration::from_millis(30);

/// One connection at a time. While the radio is cut everything waits, as TCP lets it wait; what waits
/// when the module gives its connection up is lost.
pub struct Network {
    /// From one side to the other.
    pub latency: Duration,
    /// Connections are refused.
    down: bool,
    last_id: u64,
    /// The connection the module believes in.
    current: Option<ConnectionId>,
    /// It has sent DISCONNECT: all that it sent arrives.
    says_goodbye: bool,
    under_way: VecDeque<(Instant, Freight)>,
    random: fastrand::Rng,
}

enum Freight {
    Open(ConnectionId),
    ToBroker(ConnectionId, Vec<u8>),
    ToModule(ConnectionId, Vec<u8>),
    ClosedByModule(ConnectionId),
    ClosedByBroker(ConnectionId),
}

/// What a client sends that ends its connection in order.
const DISCONNECT: [u8; 2] = [0xe0, 0];

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            latency: LATENCY,
            down: false,
            last_id: 0,
            current: None,
            says_goodbye: false,
            under_way: VecDeque::new(),
            random: fastrand::Rng::with_seed(seed ^ 0x0e7),
        }
    }

    pub(super) fn set_down(&mut self, now: Instant, down: bool, broker: &mut Core) {
        self.down = down;
        if let Some(id) = self.current.filter(|_| down) {
            broker.handle_lost(id);
            self.push(now, Freight::ClosedByBroker(id));
        }
    }

    /// Does what the module wants of the network.
    pub(super) fn act(&mut self, now: Instant, module: &mut Module) -> bool {
        let mut acted = false;
        while let Some(action) = module.poll_network() {
            acted = true;
            match action {
                NetworkAction::Connect { .. } => {
                    self.hang_up(now, module.network_cut());
                    // The observer has the number 0.
                    self.last_id += 1;
                    let id = ConnectionId(self.last_id);
                    self.current = Some(id);
                    self.push(now, Freight::Open(id));
                }
                NetworkAction::Send(bytes) => {
                    self.says_goodbye = bytes == DISCONNECT;
                    if let Some(id) = self.current {
                        self.push(now, Freight::ToBroker(id, bytes));
                    }
                }
                NetworkAction::Close => self.hang_up(now, module.network_cut()),
            }
        }
        acted
    }

    /// What the broker wants of the network.
    pub(super) fn take(&mut self, now: Instant, output: Output) {
        match output {
            Output::Send(id, bytes) => self.push(now, Freight::ToModule(id, bytes)),
            Output::Close(id) => self.push(now, Freight::ClosedByBroker(id)),
        }
    }

    pub(super) fn poll_timeout(&self, cut: bool) -> Option<Instant> {
        let (at, _) = self.under_way.front().filter(|_| !cut)?;
        Some(*at)
    }

    /// Hands over what has arrived.
    pub(super) fn deliver(
        &mut self,
        now: Instant,
        cut: bool,
        module: &mut Module,
        broker: &mut Core,
    ) -> bool {
        let mut delivered = false;
        while !cut && self.under_way.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, freight)) = self.under_way.pop_front() else {
                break;
            };
            delivered = true;
            match freight {
                Freight::Open(id) if self.current == Some(id) && self.down => {
                    self.current = None;
                    module.handle_connect_failed(now, "connection refused");
                }
                Freight::Open(id) if self.current == Some(id) => {
                    broker.handle_accepted(now, id);
                    module.handle_connected(now);
                }
                Freight::ToBroker(id, bytes) => broker.handle_bytes(now, id, &bytes),
                Freight::ToModule(id, bytes) if self.current == Some(id) => {
                    module.handle_network_bytes(now, &bytes);
                }
                Freight::ClosedByModule(id) => broker.handle_lost(id),
                Freight::ClosedByBroker(id) if self.current == Some(id) => {
                    self.current = None;
                    module.handle_network_lost(now, "closed by the broker");
                }
                Freight::Open(_) | Freight::ToModule(..) | Freight::ClosedByBroker(_) => {}
            }
        }
        delivered
    }

    /// The module gives its connection up: with the radio, or with its power, what it sent last.
    fn hang_up(&mut self, now: Instant, cut: bool) {
        let says_goodbye = std::mem::take(&mut self.says_goodbye);
        if let Some(id) = self.current.take() {
            if cut || !says_goodbye && self.random.bool() {
                self.under_way.retain(|(_, freight)| match freight {
                    Freight::Open(of) | Freight::ToBroker(of, _) => *of != id,
                    _ => true,
                });
            }
            self.push(now, Freight::ClosedByModule(id));
        }
    }

    fn push(&mut self, now: Instant, freight: Freight) {
        self.under_way.push_back((now + self.latency, freight));
    }
}
