//! Acknowledgements of the broker: on time, late, or lost by a fault.

use std::time::Instant;

use m531x_at::profile::AckOrder;
use m531x_at::urc::{AckNumbers, TimeoutKind, Urc};

use super::super::Module;
use super::Subscription;
use crate::fault::{Ack, AckFate};
use crate::mqtt_client::{AckKind, ClientEvent};

/// What waits for an acknowledgement.
#[derive(Debug)]
pub(super) enum Request {
    Publish {
        since: Instant,
    },
    Subscribe {
        filter: String,
        /// The QoS that the host asked for.
        wanted: u8,
        hex: bool,
        since: Instant,
    },
    Unsubscribe {
        filter: String,
        since: Instant,
    },
}

impl Request {
    fn since(&self) -> Instant {
        match self {
            Self::Publish { since, .. }
            | Self::Subscribe { since, .. }
            | Self::Unsubscribe { since, .. } => *since,
        }
    }

    fn timeout(&self) -> TimeoutKind {
        match self {
            Self::Publish { .. } => TimeoutKind::Publish,
            Self::Subscribe { .. } => TimeoutKind::Subscribe,
            Self::Unsubscribe { .. } => TimeoutKind::Unsubscribe,
        }
    }
}

/// What a fault moved into the future.
#[derive(Debug)]
pub(super) enum Later {
    /// An ack that comes late.
    Ack { at: Instant, event: ClientEvent },
    /// The report that an ack has not come.
    Timeout { at: Instant, kind: TimeoutKind },
}

impl Later {
    pub(super) fn at(&self) -> Instant {
        match self {
            Self::Ack { at, .. } | Self::Timeout { at, .. } => *at,
        }
    }
}

impl Module {
    /// An acknowledgement came: on its way to the host a fault may hold it up.
    pub(super) fn handle_ack(&mut self, now: Instant, event: ClientEvent) {
        let Some((ack, packet_id)) = ack_of(&event) else {
            return;
        };
        let forgets_late = self.traits.forgets_late;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        // Of what is not in flight the ack was lost already.
        let Some(request) = client.in_flight.get(&packet_id) else {
            return;
        };
        let timeout = Later::Timeout {
            at: client.mqtt.ack_deadline(request.since()),
            kind: request.timeout(),
        };
        match self.faults.ack_fate(ack) {
            AckFate::Arrives => self.report_ack(now, event),
            AckFate::Lost => {
                client.in_flight.remove(&packet_id);
                client.later.push(timeout);
            }
            AckFate::Late(late) => {
                let at = now + late;
                let too_late = timeout.at() < at;
                if too_late {
                    client.later.push(timeout);
                }
                if too_late && forgets_late {
                    client.in_flight.remove(&packet_id);
                } else {
                    client.later.push(Later::Ack { at, event });
                }
            }
        }
    }

    /// What a fault held up and is due now.
    pub(super) fn handle_late_acks(&mut self, now: Instant) {
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        let (mut due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut client.later)
            .into_iter()
            .partition(|later| later.at() <= now);
        client.later = rest;
        due.sort_by_key(Later::at);
        for later in due {
            match later {
                Later::Ack { event, .. } => self.report_ack(now, event),
                Later::Timeout { kind, .. } => self.urc(now, &Urc::Timeout(kind)),
            }
        }
    }

    pub(super) fn handle_ack_timeout(&mut self, now: Instant, kind: AckKind, packet_id: u16) {
        let kind = match kind {
            AckKind::Connect => {
                self.handle_connect_timeout(now);
                return;
            }
            AckKind::Publish => TimeoutKind::Publish,
            AckKind::Subscribe => TimeoutKind::Subscribe,
            AckKind::Unsubscribe => TimeoutKind::Unsubscribe,
        };
        let forgets_late = self.traits.forgets_late;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        let waits = client.in_flight.contains_key(&packet_id);
        if forgets_late {
            client.in_flight.remove(&packet_id);
        }
        if waits {
            self.urc(now, &Urc::Timeout(kind));
        }
    }

    /// Prints an ack, and does what it means.
    fn report_ack(&mut self, now: Instant, event: ClientEvent) {
        let traits = self.traits;
        let Some(client) = &mut self.mqtt.client else {
            return;
        };
        match event {
            ClientEvent::PubAck { packet_id } => {
                client.in_flight.remove(&packet_id);
                let numbers = numbers(packet_id, traits.ack_order);
                self.urc(now, &Urc::PubAck(numbers));
            }
            ClientEvent::PubRec { packet_id } => {
                if let Some(Request::Publish { since }) = client.in_flight.get_mut(&packet_id) {
                    if !traits.forgets_late {
                        *since = now;
                    }
                }
                let numbers = numbers(packet_id, traits.ack_order);
                self.urc(now, &Urc::PubRec(numbers));
            }
            ClientEvent::PubComp { packet_id } => {
                client.in_flight.remove(&packet_id);
                let numbers = numbers(packet_id, traits.ack_order);
                self.urc(now, &Urc::PubComp(numbers));
            }
            ClientEvent::SubAck { packet_id, code } => {
                let request = client.in_flight.remove(&packet_id);
                if let Some(Request::Subscribe {
                    filter,
                    wanted,
                    hex,
                    since,
                }) = request
                {
                    if traits.silent_suback && code != wanted {
                        client.later.push(Later::Timeout {
                            at: client.mqtt.ack_deadline(since),
                            kind: TimeoutKind::Subscribe,
                        });
                        return;
                    }
                    if code <= 2 {
                        client.subscriptions.retain(|known| known.filter != filter);
                        let filter = filter.clone();
                        client.subscriptions.push(Subscription { filter, hex });
                    }
                    let urc = Urc::SubAck {
                        packet_id,
                        code,
                        filter: Some(filter.as_bytes()),
                    };
                    self.urc(now, &urc);
                }
            }
            ClientEvent::UnsubAck { packet_id } => {
                let request = client.in_flight.remove(&packet_id);
                if let Some(Request::Unsubscribe { filter, .. }) = request {
                    client.subscriptions.retain(|known| known.filter != filter);
                    let urc = Urc::UnsubAck {
                        packet_id,
                        filter: Some(filter.as_bytes()),
                    };
                    self.urc(now, &urc);
                }
            }
            _ => {}
        }
    }
}

/// Both numbers of an acknowledgement; dup is always 0.
fn numbers(packet_id: u16, order: AckOrder) -> AckNumbers {
    match order {
        AckOrder::IdFirst => AckNumbers {
            first: packet_id,
            second: Some(0),
        },
        AckOrder::DupFirst => AckNumbers {
            first: 0,
            second: Some(packet_id),
        },
    }
}

fn ack_of(event: &ClientEvent) -> Option<(Ack, u16)> {
    match event {
        ClientEvent::PubAck { packet_id } => Some((Ack::PubAck, *packet_id)),
        ClientEvent::PubRec { packet_id } => Some((Ack::PubRec, *packet_id)),
        ClientEvent::PubComp { packet_id } => Some((Ack::PubComp, *packet_id)),
        ClientEvent::SubAck { packet_id, .. } => Some((Ack::SubAck, *packet_id)),
        ClientEvent::UnsubAck { packet_id } => Some((Ack::UnsubAck, *packet_id)),
        _ => None,
    }
}
